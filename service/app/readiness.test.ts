import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { CatalogFollower } from './catalog-follower.ts'
import { REMEMBERED_MS, Readiness } from './readiness.ts'
import type { TagDirectory } from './tag-directory.ts'
import { WorkerIds } from './worker-ids.ts'

function start() {
  const clock = new MemoryClock()
  const seen = { walks: 0, fault: undefined as string | undefined }
  const directory = {
    all: () => {
      seen.walks += 1
      return []
    },
  }
  const readiness = new Readiness({
    directory: directory as unknown as TagDirectory,
    follower: {
      get fault() {
        return seen.fault
      },
    } as unknown as CatalogFollower,
    workerIds: new WorkerIds([]),
    clock,
  })
  return { clock, seen, readiness }
}

test('whoever asks for the probe again and again causes one walk over the tags in a quarter of a second', () => {
  const { clock, seen, readiness } = start()
  readiness.started()
  for (let asked = 0; asked < 1000; asked += 1) assert.equal(readiness.recent().ready, true)
  assert.equal(seen.walks, 1)
  seen.fault = 'away'
  assert.deepEqual(readiness.recent().degraded, [], 'remembered')
  clock.advance(REMEMBERED_MS)
  assert.deepEqual(readiness.recent().degraded, [{ what: 'database', why: 'away' }])
})

test('a start and a stop show at once, whatever was asked a moment ago', () => {
  const { readiness } = start()
  assert.equal(readiness.recent().ready, false)
  readiness.started()
  assert.equal(readiness.recent().ready, true)
  readiness.drain()
  const { ready, draining } = readiness.recent()
  assert.deepEqual({ ready, draining }, { ready: false, draining: true })
})
