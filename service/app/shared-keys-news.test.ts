import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { PLAIN_KEY } from '../../test/fixtures/plain-key.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryApiKeyStore } from '../adapters/memory/memory-api-key-store.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRecordCache } from '../adapters/memory/memory-record-cache.ts'
import type { ApiKey } from '../ports/api-key-store.ts'
import { RecordSeal } from './record-seal.ts'
import { SharedKeys } from './shared-keys.ts'

const ID = PLAIN_KEY.id
const SEAL = new RecordSeal(new Uint8Array(32).fill(9))
/** As large as a notification can say. */
const REVISION_MAX = 999_999_999_999_999

let catalog: MemoryCatalog
let store: MemoryApiKeyStore
let cache: MemoryRecordCache
beforeEach(async () => {
  const clock = new MemoryClock()
  catalog = new MemoryCatalog(clock)
  store = new MemoryApiKeyStore(catalog)
  cache = new MemoryRecordCache(clock)
  await store.create(PLAIN_KEY)
})

/** Of one process, which knows what the catalogue has now. */
function polled(): SharedKeys {
  const keys = new SharedKeys({ keys: store, cache, seal: SEAL, ttlMs: 600_000, log: SILENT })
  learn(keys, catalog.revision)
  return keys
}

/** A poll that read this revision ends; of changes it tells those of keys. */
function learn(keys: SharedKeys, revision: number, since = revision): void {
  keys.learnt({ revision, history: catalog.history, keyIds: catalog.changedSince('key', since) })
}

async function found(keys: SharedKeys): Promise<ApiKey | undefined> {
  const key = await keys.find(ID)
  await settle(2)
  return key
}

describe('who sends notifications that are not true', () => {
  test('makes keys be looked up again, and after two polls the cache is believed as before', async () => {
    const keys = polled()
    await found(keys)
    for (let i = 0; i < 5000; i += 1) keys.heard(`k${String(i).padStart(11, '0')}`, REVISION_MAX)
    keys.heard(ID, REVISION_MAX)
    await found(keys)
    assert.deepEqual([keys.hits, keys.misses], [0, 2])
    for (let i = 0; i < 2; i += 1) learn(keys, catalog.revision)
    await found(keys)
    assert.deepEqual([keys.hits, keys.misses], [1, 2])
  })

  test('does nothing by a revision that is known, nor to other keys', async () => {
    const keys = polled()
    await found(keys)
    keys.heard(ID, catalog.revision)
    keys.heard('abcdefghij13', REVISION_MAX)
    await found(keys)
    assert.deepEqual([keys.hits, keys.misses], [1, 1])
  })
})

test('a key that is told to be revoked is not brought back by a poll that began before', async () => {
  const keys = polled()
  const since = catalog.revision
  // What the poll reads; another process wrote the key as it was then.
  catalog.changed()
  const read = catalog.revision
  await found(polled())
  const dump = cache.snapshot()
  await store.revoke(ID, new Date(5))
  keys.heard(ID, catalog.revision)
  const revokedAt = async (): Promise<Date | null | undefined> => {
    cache.restore(dump)
    return (await found(keys))?.revokedAt
  }
  assert.deepEqual(await revokedAt(), new Date(5))
  learn(keys, read, read)
  assert.deepEqual(await revokedAt(), new Date(5))
  learn(keys, catalog.revision, since)
  assert.deepEqual(await revokedAt(), new Date(5))
  learn(keys, catalog.revision)
  assert.deepEqual(await revokedAt(), new Date(5))
})
