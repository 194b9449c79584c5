import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { IdgenError } from '../core/errors.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { TimeHold } from '../ports/time-grant-store.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'
import { WorkerIds } from './worker-ids.ts'

const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)
const LEASE_MS = 30_000
/** 0.8 of the lease. */
const STAMPS_MS = 24_000

/** A store that may be away, or answer only when it is told to. */
class UnsteadyTimes extends MemoryTimeGrantStore {
  away = false
  hanging: Promise<void> = Promise.resolve()

  override async extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined> {
    await this.hanging
    if (this.away) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The database is away.')
    return await super.extend(hold, untilMs, leaseMs)
  }
}

describe('a grant whose renewal fails', () => {
  let clock: MemoryClock
  let store: UnsteadyTimes
  let keeper: TimeGrantKeeper
  let workerIds: WorkerIds

  beforeEach(() => {
    clock = new MemoryClock()
    store = new UnsteadyTimes(clock)
    keeper = newKeeper(LEASE_MS)
    workerIds = new WorkerIds([keeper])
  })

  function newKeeper(windowMs: number): TimeGrantKeeper {
    return new TimeGrantKeeper({
      store,
      snowflake: new Snowflake({ layout: LAYOUT, seed: 1, monotonicMs: () => clock.monotonicMs() }),
      layout: LAYOUT,
      clock,
      random: new MemoryRandom(1),
      log: SILENT,
      request: { dc: 2, holder: 'process 1', leaseMs: LEASE_MS, layoutHash: layoutHash(LAYOUT) },
      windowMs,
      renewEveryMs: 10_000,
      maxClockAheadMs: 10_000,
    })
  }

  test('is usable until it ends, and says from the first moment that it is not renewed', async () => {
    await keeper.renew()
    assert.deepEqual(workerIds.troubles(), [])
    store.away = true
    clock.advance(10_000)
    await keeper.renew()
    assert.equal(keeper.fault, undefined)
    assert.equal(keeper.renewalFault, 'The database is away.')
    assert.deepEqual(workerIds.troubles(), [
      { what: 'time grant', why: 'it is not renewed: The database is away.' },
    ])
    clock.advance(STAMPS_MS - 10_001)
    assert.equal(keeper.fault, undefined)
    clock.advance(1)
    assert.equal(keeper.fault, 'The database is away.')
    assert.deepEqual(workerIds.troubles(), [{ what: 'snowflake', why: 'The database is away.' }])
    store.away = false
    await keeper.renew()
    assert.deepEqual([keeper.fault, keeper.renewalFault, workerIds.troubles()], [undefined, undefined, []])
  })

  test('tells for how long it is tried for in vain, from the first of the tries', async () => {
    assert.deepEqual(workerIds.grants, [{ leftMs: 0, ageMs: undefined, lateMs: undefined }])
    await keeper.renew()
    assert.equal(keeper.renewalLateMs, 0)
    clock.advance(10_000)
    assert.equal(keeper.renewalLateMs, 0, 'it was not tried yet')
    store.away = true
    for (const lateMs of [0, 1000, 2000]) {
      await keeper.renew()
      assert.equal(keeper.renewalLateMs, lateMs)
      clock.advance(1000)
    }
    store.away = false
    await keeper.renew()
    assert.equal(keeper.renewalLateMs, 0)
  })

  test('does not count the tries to get a worker id', async () => {
    const acquire = store.acquire.bind(store)
    store.acquire = () => Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The database is away.'))
    await keeper.renew()
    clock.advance(60_000)
    store.acquire = acquire
    store.away = true
    await keeper.renew()
    assert.deepEqual([keeper.worker === undefined, keeper.renewalLateMs], [false, 0])
  })

  test('counts a try that is under way', async () => {
    await keeper.renew()
    const answer = Promise.withResolvers<void>()
    store.hanging = answer.promise
    const renewed = keeper.renew()
    await settle()
    clock.advance(4000)
    assert.equal(keeper.renewalLateMs, 4000)
    assert.deepEqual([keeper.fault, keeper.renewalFault], [undefined, undefined])
    answer.resolve()
    await renewed
    assert.equal(keeper.renewalLateMs, 0)
  })

  test('lasts to the end of the window, or of its share of the lease where that is earlier', async () => {
    await keeper.renew()
    assert.equal(keeper.grantLeftMs, STAMPS_MS)
    clock.advance(5000)
    assert.equal(keeper.grantLeftMs, STAMPS_MS - 5000)
    clock.advance(STAMPS_MS)
    assert.equal(keeper.grantLeftMs, 0)
    const short = newKeeper(12_000)
    await short.renew()
    assert.equal(short.grantLeftMs, 12_000)
  })
})
