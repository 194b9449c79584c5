import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PLAIN_KEY } from '../../test/fixtures/plain-key.ts'
import type { ApiKey } from '../ports/api-key-store.ts'
import { validUntilMs } from './key-validity.ts'

const [NOW, OLD, OTHER] = [1, 2, 3].map((n) => new Uint8Array(32).fill(n)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const KEY: ApiKey = { ...PLAIN_KEY, hash: NOW }
const ROTATED = { ...KEY, previous: { hash: OLD, until: new Date(5000) } }

describe('a secret opens its key', () => {
  test('until the key expires, without an end where it does not', () => {
    assert.equal(validUntilMs(KEY, NOW, 1000), Number.POSITIVE_INFINITY)
    const ending = { ...KEY, expiresAt: new Date(3000) }
    assert.equal(validUntilMs(ending, NOW, 2999), 3000)
    assert.equal(validUntilMs(ending, NOW, 3000), undefined)
  })

  test('beside the one it replaced, until that one is over', () => {
    assert.equal(validUntilMs(ROTATED, NOW, 4999), Number.POSITIVE_INFINITY)
    assert.equal(validUntilMs(ROTATED, OLD, 4999), 5000)
    assert.equal(validUntilMs(ROTATED, OLD, 5000), undefined)
    assert.equal(validUntilMs({ ...ROTATED, expiresAt: new Date(2000) }, OLD, 1999), 2000)
    assert.equal(validUntilMs({ ...ROTATED, expiresAt: new Date(2000) }, OLD, 2000), undefined)
  })

  test('and no other does, nor any of a key that was revoked', () => {
    for (const key of [KEY, ROTATED])
      for (const wrong of [OTHER, new Uint8Array(31).fill(1), new Uint8Array(), new Uint8Array(33).fill(1)])
        assert.equal(validUntilMs(key, wrong, 0), undefined)
    assert.equal(validUntilMs(KEY, OLD, 0), undefined)
    for (const secret of [NOW, OLD])
      assert.equal(validUntilMs({ ...ROTATED, revokedAt: new Date(9000) }, secret, 0), undefined)
  })
})
