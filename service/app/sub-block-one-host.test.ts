import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeCopyStore } from '../adapters/memory/memory-time-copy-store.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { MemoryWorkerTimes } from '../adapters/memory/memory-worker-times.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { TimeGrantStore } from '../ports/time-grant-store.ts'
import { CoordinatedTimeGrants } from './coordinated-time-grants.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'

/**
 * peers.md section 3, 11 and section 4, 21: one worker id shared by several processes of one host. Each process here
 * has a view of its own of the same stores, and nothing that tells it from the others but its nonce.
 */
const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)
const WORKERS = 2

/** Makes the next process' own view of the stores. */
type OpenStore = () => TimeGrantStore

const STORES: readonly (readonly [string, (clock: MemoryClock) => OpenStore])[] = [
  [
    'etcd',
    (clock) => {
      const shared = new MemoryCoordination(clock)
      const times = new MemoryWorkerTimes()
      return () =>
        new CoordinatedTimeGrants({
          coordinator: new MemoryCoordinator(shared),
          copies: new MemoryTimeCopyStore(clock, times),
          clock,
          log: SILENT,
          workers: WORKERS,
        })
    },
  ],
  [
    'the database',
    (clock) => {
      const times = new MemoryWorkerTimes()
      return () => new MemoryTimeGrantStore(clock, { workers: WORKERS }, times)
    },
  ],
]

for (const [name, open] of STORES) {
  test(`traps 11 and 21: processes of one host that call themselves the same share no worker id, by ${name}`, async () => {
    const clock = new MemoryClock()
    const store = open(clock)
    const [one, two, three] = [
      newProcess(clock, store(), 1),
      newProcess(clock, store(), 2),
      newProcess(clock, store(), 3),
    ]
    await Promise.all([one.keeper.renew(), two.keeper.renew(), three.keeper.renew()])
    const workers = [one, two, three].map(({ keeper }) => keeper.worker)
    assert.deepEqual(workers.filter((worker) => worker !== undefined).sort(), [0, 1], 'the third has none')
    const stamped = [one, two, three].flatMap(({ take }) => take(5000))
    assert.equal(stamped.length, 10_000)
    assert.equal(new Set(stamped).size, stamped.length)
  })

  test(`traps 11 and 21: a copy of a process, random state and all, gets a worker id of its own, by ${name}`, async () => {
    const clock = new MemoryClock()
    const store = open(clock)
    const [original, copy] = [newProcess(clock, store(), 1), newProcess(clock, store(), 1)]
    await original.keeper.renew()
    await copy.keeper.renew()
    const stamped = [...original.take(3000), ...copy.take(3000)]
    assert.equal(new Set(stamped).size, 6000)
    assert.notEqual(original.keeper.worker, copy.keeper.worker)
  })

  test(`traps 11 and 21: who takes a worker id over stamps nothing of its old window, by ${name}`, async () => {
    const clock = new MemoryClock()
    const store = open(clock)
    const [one, two] = [newProcess(clock, store(), 1), newProcess(clock, store(), 2)]
    await one.keeper.renew()
    await two.keeper.renew()
    // It hangs: it renews no more, but stamps whenever it runs, to the end of its window.
    const stamped = one.take(100)
    const heir = newProcess(clock, store(), 3)
    for (let passed = 0; passed < 50; passed += 1) {
      clock.advance(1000)
      await Promise.all([two.keeper.renew(), heir.keeper.renew()])
      await settle(1)
      stamped.push(...one.take(100), ...two.take(100), ...heir.take(100))
    }
    assert.equal(heir.keeper.worker, one.keeper.worker)
    assert.ok(stamped.length > 5000)
    assert.equal(new Set(stamped).size, stamped.length)
  })
}

function newProcess(clock: MemoryClock, store: TimeGrantStore, seed: number) {
  const snowflake = new Snowflake({ layout: LAYOUT, seed, monotonicMs: () => clock.monotonicMs() })
  const keeper = new TimeGrantKeeper({
    store,
    snowflake,
    layout: LAYOUT,
    clock,
    random: new MemoryRandom(seed),
    log: SILENT,
    request: { dc: 1, holder: 'host/1', leaseMs: 30_000, layoutHash: layoutHash(LAYOUT) },
    windowMs: 30_000,
    renewEveryMs: 10_000,
    maxClockAheadMs: 10_000,
  })
  const take = (count: number): bigint[] => {
    const batch = new IdBatch()
    snowflake.take(count, clock.nowMs(), batch)
    return batchNumbers(batch)
  }
  return { keeper, take }
}
