import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { IdgenError } from '../core/errors.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { TimeGrantStore } from '../ports/time-grant-store.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'

const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)

function keeperOf(clock: MemoryClock, store: TimeGrantStore): TimeGrantKeeper {
  return new TimeGrantKeeper({
    store,
    snowflake: new Snowflake({ layout: LAYOUT, seed: 1 }),
    layout: LAYOUT,
    clock,
    random: new MemoryRandom(1),
    log: SILENT,
    request: { dc: 2, holder: 'process 1', leaseMs: 30_000, layoutHash: layoutHash(LAYOUT) },
    windowMs: 30_000,
    renewEveryMs: 10_000,
    maxClockAheadMs: 10_000,
  })
}

test('a worker id that was lost is replaced at once, not at the next renewal', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  let refusals = 0
  const keeper = keeperOf(clock, {
    nowMs: () => inner.nowMs(),
    acquire: (request) => inner.acquire(request),
    extend: (hold, untilMs, leaseMs) =>
      refusals-- > 0 ? Promise.resolve(undefined) : inner.extend(hold, untilMs, leaseMs),
    release: (hold, untilMs) => inner.release(hold, untilMs),
  })
  await keeper.renew()
  const lost = keeper.worker
  refusals = 1
  await keeper.renew()
  assert.equal(keeper.fault, undefined)
  assert.ok(keeper.worker !== undefined && keeper.worker !== lost)
})

/** Time that passes while the keeper works, in steps of a tenth of a second. */
async function wait(clock: MemoryClock, seconds: number, look: () => void = () => undefined): Promise<void> {
  for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
    clock.advance(100)
    await settle(3)
    look()
  }
}

test('a store that comes back after a minute is asked within a second', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  let away = true
  const keeper = keeperOf(clock, {
    nowMs: () => inner.nowMs(),
    acquire: (request) =>
      away
        ? Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The database is away.'))
        : inner.acquire(request),
    extend: (hold, untilMs, leaseMs) => inner.extend(hold, untilMs, leaseMs),
    release: (hold, untilMs) => inner.release(hold, untilMs),
  })
  await keeper.start()
  await wait(clock, 60)
  assert.notEqual(keeper.fault, undefined)
  away = false
  await wait(clock, 1.2)
  assert.equal(keeper.fault, undefined)
  await keeper.stop()
})

test('a renewal is late for a second more at most than its store was away: IdgenTimeGrantEnds rests on it', async () => {
  for (const awaySeconds of [0.5, 1.5, 2.5, 3.5, 4]) {
    const clock = new MemoryClock()
    const inner = new MemoryTimeGrantStore(clock)
    let away = false
    const keeper = keeperOf(clock, {
      nowMs: () => inner.nowMs(),
      acquire: (request) => inner.acquire(request),
      extend: (hold, untilMs, leaseMs) =>
        away
          ? Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The database is away.'))
          : inner.extend(hold, untilMs, leaseMs),
      release: (hold, untilMs) => inner.release(hold, untilMs),
    })
    await keeper.start()
    await wait(clock, 9.9)
    away = true
    let latestMs = 0
    const look = (): void => {
      latestMs = Math.max(latestMs, keeper.renewalLateMs ?? 0)
    }
    await wait(clock, awaySeconds, look)
    away = false
    await wait(clock, 3, look)
    assert.equal(keeper.renewalFault, undefined)
    assert.ok(latestMs > 0 && latestMs <= (awaySeconds + 1) * 1000, `${awaySeconds} s away: ${latestMs} ms`)
    await keeper.stop()
  }
})
