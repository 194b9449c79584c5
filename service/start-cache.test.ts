import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockWorld } from '../test/fixtures/block-world.ts'
import { settle } from '../test/fixtures/settle.ts'
import { MemoryApiKeyStore } from './adapters/memory/memory-api-key-store.ts'
import { MemoryCoordinator } from './adapters/memory/memory-coordinator.ts'
import { MemoryRandom } from './adapters/memory/memory-random.ts'
import { MemoryRateLevels } from './adapters/memory/memory-rate-levels.ts'
import { MemoryRecordCache } from './adapters/memory/memory-record-cache.ts'
import { CoordinatorLock } from './app/coordinator-lock.ts'
import type { BlocksOfTag } from './app/shared-blocks.ts'
import { cacheSources } from './cache-metrics.ts'
import { loadConfig } from './config/load.ts'
import type { OpenCache } from './open-cache.ts'
import { newSharing } from './start-cache.ts'

function made(environment: Readonly<Record<string, string>>, withEtcd: boolean) {
  const world = new BlockWorld()
  const { clock, log } = world
  const state = { fault: undefined as string | undefined }
  const cache: OpenCache = {
    blocks: world.cache,
    records: new MemoryRecordCache(clock),
    rates: new MemoryRateLevels(clock),
    counters: { answered: 3, failed: 2, refused: 1 },
    fault: () => state.fault,
    health: () => Promise.resolve(state.fault),
    facts: () => Promise.resolve([]),
    close: () => undefined,
  }
  const shared = { coordinator: new MemoryCoordinator(world.etcd), database: 'db' }
  const allocator = world.newStore()
  const lock = new CoordinatorLock({ ...shared, holder: 'test', ttlMs: 10_000 })
  const sharing = (busyTags: () => Promise<readonly BlocksOfTag[]> = () => Promise.resolve([])) =>
    newSharing(
      loadConfig(undefined, environment),
      { clock, log, random: new MemoryRandom(), ...(withEtcd ? { shared } : {}) },
      {
        cache,
        allocator,
        keys: new MemoryApiKeyStore(world.catalog),
        sealKey: new Uint8Array(32),
        busyTags,
        lock,
      },
    )
  return { world, state, allocator, sharing }
}

test('segments are shared with etcd only, keys in any case', async () => {
  const { allocator, sharing } = made({}, false)
  const alone = sharing()
  assert.equal(alone.segments, allocator)
  alone.start()
  await alone.stop()
  assert.deepEqual(
    cacheSources(alone).map(({ name }) => name),
    [
      'idgen_redis_ok',
      'idgen_redis_calls_total',
      'idgen_api_key_shared_hits_total',
      'idgen_api_key_shared_misses_total',
      'idgen_api_key_shared_refused_total',
    ],
  )
  assert.equal(made({ IDGEN_REDIS_BLOCKS: '0' }, true).sharing().blocks, undefined)
})

test('blocks of busy tags are put aside at start by one process, as many as configured and for as long', async () => {
  const { world, sharing } = made({ IDGEN_REDIS_BLOCKS: '6', IDGEN_REDIS_TTL: '30s' }, true)
  const tag = await world.newTag()
  const running = [1, 2].map(() => sharing(async () => [{ ...tag, step: 100 }]))
  for (const one of running) one.start()
  await settle()
  assert.deepEqual([await world.cache.count(tag), world.asked], [6, 1])
  world.clock.advance(30_000)
  assert.equal(await world.cache.count(tag), 0)
  for (const one of running) await one.stop()
  world.etcd.away = 'cut'
  sharing(() => Promise.reject(new Error('never asked'))).start()
  await settle()
})

test('a Redis that is away is told, with what it cost', async () => {
  const { sharing, state } = made({}, true)
  const running = sharing()
  assert.deepEqual(running.troubles(), [])
  state.fault = 'it does not answer'
  assert.deepEqual(running.troubles(), [{ what: 'redis', why: 'it does not answer' }])
  const read: Record<string, number> = {}
  for (const source of cacheSources(running)) {
    assert.ok(source.kind !== 'histogram')
    source.read((labels, value) => {
      read[[source.name, ...labels].join(' ')] = value
    })
  }
  assert.deepEqual(read, {
    idgen_redis_ok: 0,
    'idgen_redis_calls_total answered': 3,
    'idgen_redis_calls_total failed': 2,
    'idgen_redis_calls_total refused': 1,
    idgen_api_key_shared_hits_total: 0,
    idgen_api_key_shared_misses_total: 0,
    'idgen_api_key_shared_refused_total forged': 0,
    'idgen_api_key_shared_refused_total stale': 0,
    idgen_segment_block_hits_total: 0,
    idgen_segment_block_misses_total: 0,
    idgen_segment_blocks_dropped_total: 0,
    idgen_segment_blocks_burnt_total: 0,
  })
})
