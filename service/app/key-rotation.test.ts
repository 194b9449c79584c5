import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiKey, SecretToEnd } from '../ports/api-key-store.ts'
import { refuseRotation } from './key-rotation.ts'

const KEY: ApiKey = {
  id: 'abcdefghij12',
  name: 'a key',
  hash: new Uint8Array(32).fill(1),
  scopes: ['issue'],
  within: '',
  createdAt: new Date(0),
  expiresAt: undefined,
  revokedAt: undefined,
}
const ROTATED: ApiKey = { ...KEY, previous: { hash: new Uint8Array(32), until: new Date(5000) } }

function refusal(key: ApiKey, ends: SecretToEnd | undefined, nowMs: number): string {
  try {
    refuseRotation(key, ends, nowMs)
    return ''
  } catch (thrown) {
    return String((thrown as { code?: string }).code)
  }
}

test('a rotation is refused exactly while two secrets are valid, unless it says which one ends', () => {
  assert.equal(refusal(KEY, undefined, 0), '')
  assert.equal(refusal(ROTATED, undefined, 4999), 'IDGEN_KEY_ROTATING')
  assert.equal(refusal(ROTATED, undefined, 5000), '')
  for (const ends of ['oldest', 'newest'] as const) assert.equal(refusal(ROTATED, ends, 4999), '')
})

test('the only valid secret never ends by a rotation that was meant for another', () => {
  assert.equal(refusal(KEY, 'newest', 0), 'IDGEN_REQUEST_INVALID')
  assert.equal(refusal(ROTATED, 'newest', 5000), 'IDGEN_REQUEST_INVALID')
  assert.equal(refusal(ROTATED, 'oldest', 5000), '')
})

test('of a revoked key the store tells that it was revoked', () => {
  assert.equal(refusal({ ...ROTATED, revokedAt: new Date(1) }, undefined, 0), '')
})
