import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryKeyNews } from '../adapters/memory/memory-key-news.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { Authenticator } from './authenticator.ts'
import { CatalogFollower } from './catalog-follower.ts'
import type { TagDirectory } from './tag-directory.ts'

let clock: MemoryClock
let memory: MemoryCatalog
let catalog: CatalogStore
let heard: string[]
let follower: CatalogFollower
beforeEach(async () => {
  clock = new MemoryClock()
  memory = new MemoryCatalog(clock)
  catalog = new MemoryCatalogStore(memory)
  heard = []
  const authenticator = {
    forget: () => heard.push('forgotten'),
    forgetSome: (keyIds: ReadonlySet<string>) => heard.push(`forgotten ${[...keyIds].join()}`),
    forgetAll: () => heard.push('all forgotten'),
  }
  const directory = {
    all: () => [{ path: 'w/g/t' }],
    refresh: (path: string) => Promise.resolve(heard.push(`refreshed ${path}`)),
  }
  follower = new CatalogFollower({
    catalog,
    directory: directory as unknown as TagDirectory,
    authenticator: authenticator as unknown as Authenticator,
    sharedKeys: {
      learnt: ({ keyIds }) => heard.push(`learnt of ${keyIds.length}`),
      heard: (id, revision) => heard.push(`heard of ${id} at ${revision}`),
    },
    keyNews: new MemoryKeyNews(memory),
    clock,
    log: SILENT,
    pollEveryMs: 1000,
  })
  await follower.poll()
})

const EVERYTHING = ['learnt of 0', 'all forgotten', 'refreshed w/g/t']

test('the shared cache of keys hears of changes before keys are asked again', async (t) => {
  assert.deepEqual(heard, EVERYTHING)
  memory.changed('key', 'abcdefghij12')
  await follower.poll()
  assert.deepEqual(heard.slice(3), ['learnt of 1', 'forgotten'])
  t.mock.method(catalog, 'changesSince', () => Promise.reject(new Error('away')))
  await follower.poll()
  assert.equal(heard.length, 5)
})

test('a database that lost changes and made as many others makes everything be looked at again', async () => {
  heard = []
  await follower.poll()
  assert.deepEqual(heard, ['learnt of 0'], 'nothing changed')
  heard = []
  memory.history = 'memory/2'
  await follower.poll()
  assert.deepEqual(heard, EVERYTHING)
  heard = []
  await follower.poll()
  assert.deepEqual(heard, ['learnt of 0'], 'once')
})

test('a database that counts from less was restored: everything is looked at again, once', async (t) => {
  const changes = await catalog.changesSince(0)
  t.mock.method(catalog, 'changesSince', () =>
    Promise.resolve({ ...changes, revision: changes.revision - 1 }),
  )
  heard = []
  await follower.poll()
  assert.deepEqual(heard, EVERYTHING)
  heard = []
  await follower.poll()
  assert.deepEqual(heard, ['learnt of 0'], 'once')
})

test('a key that news tell of is forgotten at once, in the shared cache first, until the follower stops', async () => {
  await started()
  heard = []
  memory.changed('key', 'abcdefghij12')
  await Promise.resolve()
  assert.deepEqual(heard, ['heard of abcdefghij12 at 1', 'forgotten abcdefghij12'])
  await follower.stop()
  memory.changed('key', 'abcdefghij12')
  await Promise.resolve()
  assert.equal(heard.length, 2)
})

test('news that come in one piece make the keys that are remembered be looked through once', async () => {
  await started()
  heard = []
  for (const id of ['abcdefghij12', 'abcdefghij13', 'abcdefghij12']) memory.changed('key', id)
  await Promise.resolve()
  assert.deepEqual(heard.slice(3), ['forgotten abcdefghij12,abcdefghij13'])
  memory.changed('key', 'abcdefghij14')
  await Promise.resolve()
  assert.equal(heard.at(-1), 'forgotten abcdefghij14')
  await follower.stop()
})

test('what was missed while no news came is looked for as soon as they come', async () => {
  await started()
  heard = []
  const [listener] = memory.keyListeners
  assert.ok(listener)
  memory.keyListeners.delete(listener)
  memory.changed('key', 'abcdefghij12')
  await turn()
  assert.deepEqual(heard, [])
  listener.onAll()
  await turn()
  assert.deepEqual(heard, ['learnt of 1', 'forgotten'])
  await follower.stop()
})

/** News come from the beginning, so a look at what was missed follows the first one. */
async function started(): Promise<void> {
  await follower.start()
  await turn()
}
