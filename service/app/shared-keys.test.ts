import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { PLAIN_KEY } from '../../test/fixtures/plain-key.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryApiKeyStore } from '../adapters/memory/memory-api-key-store.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRecordCache } from '../adapters/memory/memory-record-cache.ts'
import type { ApiKey, ApiKeyStore } from '../ports/api-key-store.ts'
import { keyRecordText } from './key-record.ts'
import { RecordSeal } from './record-seal.ts'
import { SharedKeys } from './shared-keys.ts'

const TTL_MS = 600_000
const ID = 'abcdefghij12'
const NAME = `signed-key:memory/1:${ID}`
const SEAL = new RecordSeal(new Uint8Array(32).fill(9))

let clock: MemoryClock
let catalog: MemoryCatalog
let store: MemoryApiKeyStore
let cache: MemoryRecordCache
/** Look-ups that the database was asked for. */
let asked: number
beforeEach(() => {
  clock = new MemoryClock()
  catalog = new MemoryCatalog(clock)
  store = new MemoryApiKeyStore(catalog)
  cache = new MemoryRecordCache(clock)
  asked = 0
})

function keyOf(id = ID): ApiKey {
  return { ...PLAIN_KEY, id }
}

/** One process; `poll` is what its follower of the catalogue does every second. */
class Process {
  readonly keys: SharedKeys
  #revision = 0

  constructor(keys?: ApiKeyStore) {
    const counted = keys ?? {
      create: (key: ApiKey) => store.create(key),
      put: (key: ApiKey, mayReplace: (existing: ApiKey) => void) => store.put(key, mayReplace),
      find: (id: string) => {
        asked += 1
        return store.find(id)
      },
      list: (...page: Parameters<ApiKeyStore['list']>) => store.list(...page),
      rotate: (...rotation: Parameters<ApiKeyStore['rotate']>) => store.rotate(...rotation),
      revoke: (id: string, at: Date) => store.revoke(id, at),
    }
    this.keys = new SharedKeys({ keys: counted, cache, seal: SEAL, ttlMs: TTL_MS, log: SILENT })
  }

  poll(): this {
    const { revision, history } = catalog
    this.keys.learnt({ revision, history, keyIds: catalog.changedSince('key', this.#revision) })
    this.#revision = revision
    return this
  }

  async find(id = ID): Promise<ApiKey | undefined> {
    const found = await this.keys.find(id)
    await settle(2)
    return found
  }
}

describe('a key', () => {
  test('that was put in place of another is not brought back as it was', async () => {
    await store.create(keyOf())
    const [one, two] = [new Process().poll(), new Process().poll()]
    await one.find()
    const next = { ...keyOf(), name: 'next' }
    await two.keys.put(next, () => {})
    assert.deepEqual(await two.find(), next)
    assert.deepEqual(await one.poll().find(), next)
  })

  test('that one process looked up is found by the others without the database', async () => {
    await store.create(keyOf())
    const [one, two] = [new Process().poll(), new Process().poll()]
    assert.deepEqual(await one.find(), keyOf())
    assert.deepEqual(await two.find(), keyOf())
    assert.deepEqual([asked, one.keys.hits, one.keys.misses, two.keys.hits, two.keys.misses], [1, 0, 1, 1, 0])
    clock.advance(TTL_MS)
    await two.find()
    assert.equal(asked, 2)
  })

  test('that does not exist, or is no id of ours, is not put into the cache', async () => {
    const one = new Process().poll()
    for (const id of [ID, 'x', '', 'ABCDEFGHIJ12', 'key:*']) {
      await one.find(id)
      await one.find(id)
    }
    assert.equal(asked, 10)
    assert.equal(cache.snapshot().size, 0)
  })

  test('is asked of the database alone until the first revision is known', async () => {
    await store.create(keyOf())
    const [one, two] = [new Process().poll(), new Process()]
    await one.find()
    await two.find()
    assert.deepEqual([asked, two.keys.hits, two.keys.misses], [2, 0, 0])
  })

  test('is found while the cache is away, forgets or holds something else', async () => {
    await store.create(keyOf())
    const one = new Process().poll()
    await one.find()
    for (const spoil of [
      () => (cache.away = true),
      () => cache.flush(),
      () => void cache.set(NAME, '{"id":"abcdefghij12","scopes":["manage"]}', TTL_MS),
    ]) {
      spoil()
      assert.deepEqual(await one.find(), keyOf())
      cache.away = false
    }
    assert.equal(asked, 4)
  })

  test('of another database in the same cache is another key', async () => {
    await store.create(keyOf())
    const one = new Process().poll()
    catalog.history = 'memory/2'
    const two = new Process().poll()
    await one.find()
    await two.find()
    assert.equal(asked, 2)
  })

  test('made or listed is made and listed in the database; what the cache had of its id is removed', async () => {
    const one = new Process().poll()
    await cache.set(NAME, 'x', TTL_MS)
    await one.keys.create(keyOf())
    assert.equal(cache.snapshot().size, 0)
    cache.away = true
    await one.keys.create(keyOf('abcdefghij13'))
    const page = await one.keys.list({ after: undefined, limit: 10 }, '')
    assert.equal(page.items.length, 2)
  })
})

describe('who writes the cache', () => {
  const wanted = {
    ...keyOf(),
    hash: new Uint8Array(32).fill(6),
    scopes: ['issue', 'manage', 'audit'] as const,
  }

  test('makes no key that is believed, signed by no one or by somebody else', async () => {
    await store.create(keyOf())
    const one = new Process().poll()
    const text = keyRecordText({ key: wanted, revision: catalog.revision })
    for (const forged of [text, new RecordSeal(new Uint8Array(32)).seal(NAME, text)]) {
      await cache.set(NAME, forged, TTL_MS)
      assert.deepEqual(await one.find(), keyOf())
    }
    assert.deepEqual(one.keys.refused, { forged: 2, stale: 0 })
    await cache.set(NAME, SEAL.seal(NAME, text), TTL_MS)
    assert.deepEqual(await one.find(), wanted, 'the signature is what was missing')
  })

  test('cannot put the record of one key in the place of another', async () => {
    const other = keyOf('abcdefghij13')
    await store.create(keyOf())
    await store.create(other)
    const one = new Process().poll()
    await one.find(other.id)
    await cache.set(NAME, (await cache.get(NAME.replace(ID, other.id))) ?? '', TTL_MS)
    assert.deepEqual(await one.find(), keyOf())
    assert.equal(one.keys.refused.forged, 1)
  })

  test('gains nothing by putting back what was signed before the key was revoked', async () => {
    await store.create(keyOf())
    const [one, two] = [new Process().poll(), new Process().poll()]
    await one.find()
    const dump = cache.snapshot()
    await one.keys.revoke(ID, new Date(5))
    cache.restore(dump)
    assert.deepEqual((await two.poll().find())?.revokedAt, new Date(5))
    assert.deepEqual(two.keys.refused, { forged: 0, stale: 1 })
  })
})

describe('a revoked key', () => {
  test('is refused by a process that only heard of it, before that learns what changed', async () => {
    await store.create(keyOf())
    const [one, two] = [new Process().poll(), new Process().poll()]
    await two.find()
    await settle()
    const dump = cache.snapshot()
    await one.keys.revoke(ID, new Date(5))
    cache.restore(dump)
    assert.equal((await two.find())?.revokedAt, undefined, 'as if nothing had happened')
    two.keys.heard(ID, catalog.revision)
    assert.deepEqual((await two.find())?.revokedAt, new Date(5))
  })

  test('is refused by the process that revoked it at once, whatever the cache brings back', async () => {
    await store.create(keyOf())
    const one = new Process().poll()
    await one.find()
    const dump = cache.snapshot()
    await one.keys.revoke(ID, new Date(5))
    assert.equal(cache.snapshot().size, 0)
    cache.restore(dump)
    assert.deepEqual((await one.find())?.revokedAt, new Date(5))
    assert.deepEqual((await one.poll().find())?.revokedAt, new Date(5))
  })

  test('is refused by the others from their next poll on, whatever the cache brings back', async () => {
    await store.create(keyOf())
    const [one, two] = [new Process().poll(), new Process().poll()]
    await one.find()
    const dump = cache.snapshot()
    await one.keys.revoke(ID, new Date(5))
    cache.restore(dump)
    two.poll()
    for (let i = 0; i < 2; i += 1) {
      assert.deepEqual((await two.find())?.revokedAt, new Date(5))
      cache.restore(dump)
    }
    const fresh = new Process().poll()
    assert.deepEqual((await fresh.find())?.revokedAt, new Date(5), 'also by one that started since')
  })

  test('is refused although a process that was stopped writes an old record when it wakes up', async () => {
    await store.create(keyOf())
    const read = Promise.withResolvers<ApiKey | undefined>()
    const sleeper = new Process({ find: () => read.promise } as unknown as ApiKeyStore).poll()
    const looking = sleeper.find()
    const old = await store.find(ID)
    await store.revoke(ID, new Date(5))
    const two = new Process().poll()
    sleeper.poll()
    read.resolve(old)
    await looking
    assert.equal(cache.snapshot().size, 1)
    assert.deepEqual((await two.find())?.revokedAt, new Date(5))
  })

  for (const history of ['memory/2', 'memory/1'])
    test(`is refused after the database lost changes and made others, as ${history}`, async () => {
      for (let i = 0; i < 60; i += 1) catalog.changed()
      await store.create(keyOf())
      const one = new Process().poll()
      await one.find()
      const dump = cache.snapshot()
      const slow = Promise.withResolvers<ApiKey | undefined>()
      const sleeper = new Process({ find: () => slow.promise } as unknown as ApiKeyStore).poll()
      cache.flush()
      const looking = sleeper.find()
      await settle(2)
      // A backup from before: fewer revisions, and the key is revoked in what comes after it.
      catalog = new MemoryCatalog(clock)
      catalog.history = history
      store = new MemoryApiKeyStore(catalog)
      await store.create(keyOf())
      const polled = [one.poll(), sleeper.poll()]
      await store.revoke(ID, new Date(5))
      for (const process of polled) process.poll()
      for (let i = 0; i < 100; i += 1) catalog.changed()
      for (const process of polled) process.poll()
      slow.resolve(keyOf())
      await looking
      cache.restore(new Map([...dump, ...cache.snapshot()]))
      assert.deepEqual((await one.find())?.revokedAt, new Date(5))
    })

  test('is refused where the history changes while the cache is asked', async () => {
    await store.create(keyOf())
    const one = new Process().poll()
    await one.find()
    const get = cache.get.bind(cache)
    cache.get = async (name) => {
      const found = await get(name)
      one.keys.learnt({ revision: catalog.revision, history: 'memory/2', keyIds: [] })
      return found
    }
    // In a history that has made as many changes.
    store = new MemoryApiKeyStore(new MemoryCatalog(clock))
    await store.create({ ...keyOf(), revokedAt: new Date(5) })
    assert.deepEqual((await one.find())?.revokedAt, new Date(5))
  })

  test('is refused where a record says a revision that is not known yet', async () => {
    await store.create(keyOf())
    const [ahead, behind] = [new Process(), new Process().poll()]
    const { history } = catalog
    ahead.keys.learnt({ revision: 70, history, keyIds: [] })
    await ahead.find()
    await store.revoke(ID, new Date(5))
    assert.deepEqual((await behind.find())?.revokedAt, new Date(5))
  })

  test('is refused although a thousand others changed since', async () => {
    await store.create(keyOf())
    const one = new Process().poll()
    await one.find()
    const dump = cache.snapshot()
    await one.keys.revoke(ID, new Date(5))
    for (let i = 0; i < 1100; i += 1) {
      const id = `k${String(i).padStart(11, '0')}`
      await store.create(keyOf(id))
      if (i % 100 === 0) one.poll()
    }
    one.poll()
    cache.restore(dump)
    assert.deepEqual((await one.find())?.revokedAt, new Date(5))
  })

  test('never comes back to a process that knows of it, whatever the cache repeats', async () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constantFrom('find', 'poll', 'revoke', 'touch'), who: fc.nat(2) }),
      fc.record({ kind: fc.constantFrom('dump', 'restore', 'flush', 'away', 'restart'), who: fc.nat(2) }),
    )
    const property = fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      clock = new MemoryClock()
      catalog = new MemoryCatalog(clock)
      store = new MemoryApiKeyStore(catalog)
      cache = new MemoryRecordCache(clock)
      await store.create(keyOf())
      const processes = [new Process().poll(), new Process().poll(), new Process().poll()]
      const knows = [false, false, false]
      let dump = cache.snapshot()
      let revoked = false
      for (const { kind, who } of acts) {
        const one = processes[who]
        if (one === undefined) continue
        if (kind === 'poll') one.poll()
        if (kind === 'poll') knows[who] = revoked
        if (kind === 'touch') catalog.changed('key', 'other')
        if (kind === 'restart') processes[who] = new Process().poll()
        if (kind === 'restart') knows[who] = revoked
        if (kind === 'dump') dump = cache.snapshot()
        if (kind === 'restore') cache.restore(dump)
        if (kind === 'flush') cache.flush()
        if (kind === 'away') cache.away = !cache.away
        if (kind === 'revoke') {
          await one.keys.revoke(ID, new Date(5))
          revoked = knows[who] = true
        }
        if (kind !== 'find') continue
        const found = await one.find()
        if (knows[who]) assert.deepEqual(found?.revokedAt, new Date(5))
      }
    })
    await fc.assert(property, { numRuns: 200 })
  })
})
