import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiKey } from '../ports/api-key-store.ts'
import { keyLine } from './key-line.ts'

const NOW = new Date('2026-11-28T12:00:00Z')
const EARLIER = new Date('2026-11-28T11:59:00Z')
const LATER = new Date('2026-11-29T00:00:00Z')
const HASH = new Uint8Array(32)

const KEY: ApiKey = {
  id: 'lhwgw58k8yoq',
  name: 'billing',
  hash: HASH,
  scopes: ['issue'],
  within: '',
  createdAt: new Date('2026-01-01T00:00:00Z'),
  expiresAt: undefined,
  revokedAt: undefined,
}
const line = (key: Partial<ApiKey>, lastUsedAt?: Date) =>
  keyLine({ key: { ...KEY, ...key }, lastUsedAt }, NOW.getTime())

test('a key is valid until its end, and expired from that moment on', () => {
  assert.match(line({}), /^lhwgw58k8yoq .*\(all\) +valid never used {2}billing$/)
  assert.match(line({ expiresAt: LATER }), / valid expires 2026-11-29T00:00:00\.000Z /)
  for (const expiresAt of [NOW, EARLIER]) {
    const expired = line({ expiresAt })
    assert.match(expired, / expired 2026-11-28T1/)
    assert.doesNotMatch(expired, /valid/)
  }
  assert.match(line({ expiresAt: EARLIER, revokedAt: EARLIER }), / revoked 2026-11-28T11:59:00\.000Z /)
})

test('while two secrets are valid the last use is of either, and then of the one', () => {
  const during = line({ previous: { hash: HASH, until: LATER } }, EARLIER)
  assert.match(
    during,
    / used 2026-11-28T11:59Z with either secret, the one before until 2026-11-29T00:00:00\.000Z /,
  )
  assert.match(line({ previous: { hash: HASH, until: NOW } }, EARLIER), / used 2026-11-28T11:59Z {2}billing$/)
})
