import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { type TimeProcess, TimeWorld, timeInEtcd } from '../../test/fixtures/time-world.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, decodeSnowflake, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { Clock } from '../ports/clock.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'

/** The keeper and the snowflake cursor over time grants out of etcd: what one process does, from grant to ID. */
function keeping(process: TimeProcess, clock: Clock, epochMs = DEFAULT_EPOCH_MS, seed = 1) {
  const layout = snowflakeLayout(epochMs)
  const snowflake = new Snowflake({ layout, seed, monotonicMs: () => clock.monotonicMs() })
  const keeper = new TimeGrantKeeper({
    store: process.grants,
    snowflake,
    layout,
    clock,
    random: new MemoryRandom(seed),
    log: SILENT,
    request: { dc: 0, holder: `process ${seed}`, leaseMs: 30_000, layoutHash: layoutHash(layout) },
    windowMs: 30_000,
    renewEveryMs: 10_000,
    maxClockAheadMs: 10_000,
  })
  /** Unix ms and sequence of the next ID, or undefined when there is none. */
  const take = () => {
    const batch = new IdBatch()
    snowflake.take(1, clock.nowMs(), batch)
    if (batch.runCount === 0) return undefined
    return decodeSnowflake(layout, batch.runHi(0), batch.runLo(0))
  }
  return { keeper, snowflake, layout, take }
}

test('trap 8: a process that starts again in the same millisecond stamps later than the one before', async () => {
  const world = new TimeWorld()
  const first = keeping(world.process(), world.clock)
  await first.keeper.renew()
  const last = first.take()
  assert.ok(last)
  await first.keeper.stop()
  const second = keeping(world.process(), world.clock, DEFAULT_EPOCH_MS, 2)
  await second.keeper.renew()
  const next = second.take()
  assert.ok(next === undefined || next.timeMs > last.timeMs, 'not in a millisecond that was used')
  world.clock.advance(1)
  await second.keeper.renew()
  assert.ok((second.take()?.timeMs ?? 0) > last.timeMs)
})

test('trap 8: after a crash the worker id waits until the whole window of the dead one is over', async () => {
  const world = new TimeWorld()
  const first = keeping(world.process(), world.clock)
  await first.keeper.renew()
  assert.ok(first.take())
  const untilMs = timeInEtcd(world) ?? 0
  world.clock.advance(29_000)
  const second = keeping(world.process(), world.clock, DEFAULT_EPOCH_MS, 2)
  await second.keeper.renew()
  assert.match(second.keeper.fault ?? '', /no free worker id/)
  assert.equal(second.take(), undefined)
  world.clock.advance(1001)
  await second.keeper.renew()
  const stamp = second.take()
  assert.ok(stamp && stamp.timeMs >= untilMs)
})

test('trap 11: a clock far ahead of etcd or of PostgreSQL gets no grant and burns no time', async () => {
  for (const ahead of ['both', 'etcd', 'PostgreSQL'] as const) {
    const world = new TimeWorld()
    const process = world.process()
    const fast = new MemoryClock(world.clock.nowMs() + 3_600_000)
    if (ahead === 'etcd') process.database.nowMs = async () => fast.nowMs()
    if (ahead === 'PostgreSQL') process.coordinator.nowMs = async () => fast.nowMs()
    const { keeper, take } = keeping(process, fast)
    await keeper.renew()
    assert.match(keeper.fault ?? '', /3600000 ms ahead/, ahead)
    assert.equal(take(), undefined)
    assert.ok((timeInEtcd(world) ?? 0) <= world.clock.nowMs())
  }
})

test('trap 16: nothing is stamped below the first usable millisecond of the layout, epoch + 2^32 ms', async () => {
  const world = new TimeWorld()
  const young = world.clock.nowMs() - 2 ** 32 + 5000
  const { keeper, take } = keeping(world.process(), world.clock, young)
  await keeper.renew()
  assert.match(keeper.fault ?? '', /stamps no time before/)
  assert.equal(take(), undefined)
  world.clock.advance(5000)
  await keeper.renew()
  assert.ok((take()?.timeMs ?? 0) >= young + 2 ** 32)
})

test('trap 17: the name of a pod decides nothing: two processes with the same one get two worker ids', async () => {
  const world = new TimeWorld()
  const one = keeping(world.process(2), world.clock)
  const two = keeping(world.process(2), world.clock, DEFAULT_EPOCH_MS, 1)
  await one.keeper.renew()
  await two.keeper.renew()
  assert.notEqual(one.keeper.worker, two.keeper.worker)
  assert.equal(two.keeper.fault, undefined)
})

test('trap 9: time borrowed ahead of the clock is never stamped again after a restart', async () => {
  for (const graceful of [true, false]) {
    const world = new TimeWorld()
    const first = keeping(world.process(), world.clock)
    await first.keeper.renew()
    const batch = new IdBatch()
    // More than a millisecond holds, so the cursor borrows the next ones.
    first.snowflake.take(60_000, world.clock.nowMs(), batch)
    const stamps = Array.from({ length: batch.runCount }, (_, run) =>
      decodeSnowflake(first.layout, batch.runHi(run), batch.runLo(run)),
    )
    const borrowedMs = Math.max(...stamps.map((stamp) => stamp?.timeMs ?? 0))
    assert.ok(borrowedMs > world.clock.nowMs() + 50, 'it borrowed')
    if (graceful) await first.keeper.stop()
    const second = keeping(world.process(), world.clock, DEFAULT_EPOCH_MS, 2)
    await second.keeper.renew()
    assert.equal(second.take(), undefined)
    world.clock.advance(graceful ? 150 : 31_000)
    await second.keeper.renew()
    assert.ok((second.take()?.timeMs ?? 0) > borrowedMs, graceful ? 'stopped' : 'killed')
  }
})

test('trap 12: a second that is stepped back, or smeared in one data centre only, harms nothing', async () => {
  const world = new TimeWorld()
  const smeared = new MemoryClock(world.clock.nowMs() + 500)
  const { keeper, take } = keeping(world.process(), smeared)
  await keeper.renew()
  const stamps: (readonly [number, number])[] = []
  for (let tick = 0; tick < 40; tick += 1) {
    world.clock.advance(100)
    smeared.advance(100)
    if (tick === 20) smeared.step(-1000)
    if (tick % 10 === 0) await keeper.renew()
    const stamp = take()
    assert.ok(stamp, `an ID at ${tick}`)
    stamps.push([stamp.timeMs, stamp.sequence])
  }
  for (const [i, [ms, sequence]] of stamps.entries()) {
    const [beforeMs, before] = stamps[i - 1] ?? [0, 0]
    assert.ok(ms > beforeMs || (ms === beforeMs && sequence > before), 'each after the one before')
  }
})
