import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CountingKeys } from '../../test/fixtures/counting-keys.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { Authenticator, sha256 } from './authenticator.ts'

const TTL_MS = 60_000
const GRACE_MS = 3_600_000
const TEXT = `idg_gracegrace00_${'G'.repeat(43)}`

test('while the store is away a thread believes a key as long as the main thread does, and no longer', async () => {
  const clock = new MemoryClock()
  const keys = new CountingKeys(new MemoryCatalog(clock))
  await keys.create({
    id: 'gracegrace00',
    hash: sha256(TEXT),
    name: 'grace',
    scopes: ['issue'],
    within: '',
    createdAt: new Date(clock.nowMs()),
    expiresAt: undefined,
    revokedAt: undefined,
  })
  const authenticator = new Authenticator({
    keys,
    clock,
    enabled: true,
    adminKey: undefined,
    cacheMaxEntries: 3,
    cacheTtlMs: TTL_MS,
    graceMs: GRACE_MS,
  })
  await authenticator.authenticate(TEXT)
  const endMs = clock.nowMs() + TTL_MS + GRACE_MS
  keys.away = true
  clock.advance(TTL_MS + GRACE_MS - 5000)
  const caller = await authenticator.authenticate(TEXT)
  assert.equal(authenticator.introduction(TEXT, caller).untilMs, endMs)
})
