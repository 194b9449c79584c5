import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { CatalogChanges } from '../ports/catalog-store.ts'
import type { Authenticator } from './authenticator.ts'
import { CatalogFollower } from './catalog-follower.ts'
import type { TagDirectory } from './tag-directory.ts'

/** A follower of a catalogue whose answers the test gives, with one loaded tag. */
function opened(answers: (CatalogChanges | Error)[]) {
  const clock = new MemoryClock()
  const done: string[] = []
  const log = new RecordedLog()
  class Scripted extends MemoryCatalogStore {
    override async changesSince(): Promise<CatalogChanges> {
      const answer = answers.shift() ?? { revision: 0, tagPaths: [], keyIds: [] }
      if (answer instanceof Error) throw answer
      return answer
    }
  }
  const directory = {
    all: () => [{ path: 'w/g/loaded' }],
    refresh: async (path: string) => void done.push(`tag ${path}`),
  } as unknown as TagDirectory
  const authenticator = {
    forget: (id: string) => void done.push(`key ${id}`),
    forgetAll: () => void done.push('all keys'),
  } as unknown as Authenticator
  const catalog = new Scripted(new MemoryCatalog(clock))
  const follower = new CatalogFollower({ catalog, directory, authenticator, clock, log, pollEveryMs: 1000 })
  return { follower, done, log, clock }
}

test('what changed since the last answer is refreshed, and at the start everything is', async () => {
  const { follower, done } = opened([
    { revision: 7, tagPaths: ['w/g/ignored'], keyIds: [] },
    { revision: 9, tagPaths: ['w/g/t'], keyIds: ['k'] },
  ])
  await follower.poll()
  assert.deepEqual(done.splice(0), ['tag w/g/loaded', 'all keys'])
  await follower.poll()
  assert.deepEqual(done, ['key k', 'tag w/g/t'])
})

test('a restored database that counts from less makes everything loaded be looked at again', async () => {
  const { follower, done } = opened([
    { revision: 50, tagPaths: [], keyIds: [] },
    { revision: 40, tagPaths: [], keyIds: [] },
    { revision: 40, tagPaths: [], keyIds: [] },
  ])
  await follower.poll()
  done.length = 0
  await follower.poll()
  assert.deepEqual(done.splice(0), ['tag w/g/loaded', 'all keys'])
  await follower.poll()
  assert.deepEqual(done, [], 'once')
})

test('a database that does not answer is told once, and its return as well', async () => {
  const { follower, log } = opened([
    { revision: 1, tagPaths: [], keyIds: [] },
    new Error('away'),
    new Error('away'),
    { revision: 1, tagPaths: [], keyIds: [] },
  ])
  await follower.poll()
  for (const expected of [true, true, false]) {
    await follower.poll()
    assert.equal(follower.fault !== undefined, expected)
  }
  assert.deepEqual(
    log.lines.map(({ text }) => text),
    ['database does not answer', 'database answers again'],
  )
})
