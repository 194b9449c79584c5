import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLAIN_KEY } from '../../test/fixtures/plain-key.ts'
import type { ApiKey, SecretToEnd } from '../ports/api-key-store.ts'
import { refuseRotation } from './key-rotation.ts'

const ROTATED: ApiKey = { ...PLAIN_KEY, previous: { hash: new Uint8Array(32), until: new Date(5000) } }

function refusal(key: ApiKey, ends: SecretToEnd | undefined, nowMs: number): string {
  try {
    refuseRotation(key, ends, nowMs)
    return ''
  } catch (thrown) {
    return String((thrown as { code?: string }).code)
  }
}

test('a rotation is refused exactly while two secrets are valid, unless it says which one ends', () => {
  assert.equal(refusal(PLAIN_KEY, undefined, 0), '')
  assert.equal(refusal(ROTATED, undefined, 4999), 'IDGEN_KEY_ROTATING')
  assert.equal(refusal(ROTATED, undefined, 5000), '')
  for (const ends of ['oldest', 'newest'] as const) assert.equal(refusal(ROTATED, ends, 4999), '')
})

test('the only valid secret never ends by a rotation that was meant for another', () => {
  assert.equal(refusal(PLAIN_KEY, 'newest', 0), 'IDGEN_REQUEST_INVALID')
  assert.equal(refusal(ROTATED, 'newest', 5000), 'IDGEN_REQUEST_INVALID')
  assert.equal(refusal(ROTATED, 'oldest', 5000), '')
})

test('of a revoked key the store tells that it was revoked', () => {
  assert.equal(refusal({ ...ROTATED, revokedAt: new Date(1) }, undefined, 0), '')
})
