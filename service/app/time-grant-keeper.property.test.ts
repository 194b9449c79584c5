import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { Clock } from '../ports/clock.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'

const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)
/** Fewer worker ids than processes, so that they are taken over again and again. */
const WORKERS = 2
const PROCESSES = 4

/** A machine whose wall clock differs from the true time by what its faults made of it. */
class FaultyClock implements Clock {
  offsetMs = 0
  readonly #truth: MemoryClock

  constructor(truth: MemoryClock) {
    this.#truth = truth
  }

  nowMs(): number {
    return this.#truth.nowMs() + this.offsetMs
  }

  monotonicMs(): number {
    return this.#truth.monotonicMs()
  }

  after(ms: number, wake: () => void): Disposable {
    return this.#truth.after(ms, wake)
  }
}

/** `offsetMs`: a machine's clock stays wrong when a process on it starts again. */
function newProcess(store: MemoryTimeGrantStore, truth: MemoryClock, seed: number, offsetMs = 0) {
  const clock = new FaultyClock(truth)
  clock.offsetMs = offsetMs
  const snowflake = new Snowflake({ layout: LAYOUT, seed })
  const keeper = new TimeGrantKeeper({
    store,
    snowflake,
    layout: LAYOUT,
    clock,
    random: new MemoryRandom(seed),
    log: SILENT,
    request: { dc: 0, holder: `process ${seed}`, leaseMs: 3000, layoutHash: layoutHash(LAYOUT) },
    windowMs: 3000,
    renewEveryMs: 1000,
    maxClockAheadMs: 1000,
  })
  return { clock, snowflake, keeper }
}

/** Times are round on purpose: only then do two processes meet in one millisecond often enough to collide. */
const who = fc.nat({ max: PROCESSES - 1 })
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      who,
      count: fc.integer({ min: 1, max: 3000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('renew' as const), who }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 1000, 2000, 3000, 4000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      who,
      ms: fc.constantFrom(-3000, -2000, -1000, -1, 1000, 2000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), who }) },
)

test('processes that crash, stop, pause and step their clocks never stamp one ID twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 150 }), async (steps) => {
      const truth = new MemoryClock()
      const store = new MemoryTimeGrantStore(truth, { workers: WORKERS })
      let seed = 0
      const processes = Array.from({ length: PROCESSES }, () => newProcess(store, truth, ++seed))
      const stamped = new Set<number>()
      for (const now of steps) {
        if (now.kind === 'pass') {
          truth.advance(now.ms)
          continue
        }
        const process = processes[now.who]
        assert.ok(process !== undefined)
        if (now.kind === 'take') {
          const batch = new IdBatch()
          process.snowflake.take(now.count, process.clock.nowMs(), batch)
          remember(batch, stamped)
        } else if (now.kind === 'renew') await process.keeper.renew()
        else if (now.kind === 'clock') process.clock.offsetMs += now.ms
        else {
          if (now.kind === 'stop') await process.keeper.stop()
          const next = newProcess(store, truth, ++seed, process.clock.offsetMs)
          processes[now.who] = next
          await next.keeper.renew()
        }
      }
    }),
    { numRuns: 1000 },
  )
})

/** Values are below 2^62; two of them that differ only in the last bits of a double are told apart by hi and lo. */
function remember(batch: IdBatch, stamped: Set<number>): void {
  for (let run = 0; run < batch.runCount; run += 1) {
    const hi = batch.runHi(run)
    for (let i = 0; i < batch.runLength(run); i += 1) {
      const lo = batch.runLo(run) + i
      // hi < 2^30 minus the epoch's base fits 22 bits here, so the pair fits a safe integer.
      const value = (hi % 2 ** 21) * 2 ** 32 + lo
      assert.ok(!stamped.has(value), `${hi}:${lo} was stamped twice`)
      stamped.add(value)
    }
  }
}
