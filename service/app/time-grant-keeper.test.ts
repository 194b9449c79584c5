import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, decodeSnowflake, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { Clock } from '../ports/clock.ts'
import type { TimeGrantStore } from '../ports/time-grant-store.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'

const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)
const WINDOW_MS = 30_000

/** `leased`: the snowflake watches the lease, as in production; without, only the window ends stamping. */
function process(clock: Clock, store: TimeGrantStore, seed = 1, leased = false) {
  const watch = leased ? { monotonicMs: () => clock.monotonicMs() } : {}
  const snowflake = new Snowflake({ layout: LAYOUT, seed, ...watch })
  const log = new RecordedLog()
  const keeper = new TimeGrantKeeper({
    store,
    snowflake,
    layout: LAYOUT,
    clock,
    random: new MemoryRandom(seed),
    log,
    request: { dc: 2, holder: `process ${seed}`, leaseMs: 30_000, layoutHash: layoutHash(LAYOUT) },
    windowMs: WINDOW_MS,
    renewEveryMs: 10_000,
    maxClockAheadMs: 10_000,
  })
  const take = (count = 1): string[] => {
    const batch = new IdBatch()
    snowflake.take(count, clock.nowMs(), batch)
    const ids = []
    for (let run = 0; run < batch.runCount; run += 1)
      for (let i = 0; i < batch.runLength(run); i += 1)
        ids.push(`${batch.runHi(run)}:${batch.runLo(run) + i}`)
    return ids
  }
  return { snowflake, keeper, take, log }
}

function stampOf(id: string | undefined) {
  const [hi, lo] = (id ?? '').split(':').map(Number)
  return decodeSnowflake(LAYOUT, hi ?? 0, lo ?? 0)
}

test('a started keeper stamps with its data centre and worker id', async () => {
  const clock = new MemoryClock()
  const one = process(clock, new MemoryTimeGrantStore(clock))
  await one.keeper.start()
  assert.equal(one.keeper.fault, undefined)
  const stamp = stampOf(one.take()[0])
  assert.deepEqual([stamp?.dc, stamp?.worker, stamp?.timeMs], [2, one.keeper.worker, clock.nowMs()])
  await one.keeper.stop()
})

test('restart within the same millisecond: the successor stamps nothing the predecessor stamped', async () => {
  const clock = new MemoryClock()
  const store = new MemoryTimeGrantStore(clock)
  const seen = new Set<string>()
  for (let restart = 0; restart < 5; restart += 1) {
    const one = process(clock, store, restart + 1)
    await one.keeper.start()
    const ids = one.take(3)
    assert.equal(ids.length, 3)
    for (const id of ids) {
      assert.ok(!seen.has(id), `${id} was stamped before`)
      seen.add(id)
    }
    await one.keeper.stop()
    assert.deepEqual(one.take(), [], 'a stopped keeper never stamps again')
  }
})

test('with a single worker id a restart within the same millisecond waits for the next one', async () => {
  const clock = new MemoryClock()
  const store = new MemoryTimeGrantStore(clock, { workers: 1 })
  const before = process(clock, store, 1)
  await before.keeper.renew()
  const [id] = before.take()
  await before.keeper.stop()
  const after = process(clock, store, 2)
  await after.keeper.renew()
  assert.deepEqual(after.take(), [])
  clock.advance(1)
  await after.keeper.renew()
  assert.equal(stampOf(after.take()[0])?.timeMs, (stampOf(id)?.timeMs ?? 0) + 1)
})

test('a process paused past its lease cannot stamp beyond its window, and learns that it lost the worker id', async () => {
  const clock = new MemoryClock()
  const store = new MemoryTimeGrantStore(clock, { workers: 1 })
  const paused = process(clock, store, 1)
  await paused.keeper.renew()
  clock.step(31_000)
  const successor = process(clock, store, 2)
  await successor.keeper.renew()
  assert.equal(successor.keeper.fault, undefined)
  assert.equal(successor.take().length, 1)
  assert.deepEqual(paused.take(), [], 'its window has ended')
  await paused.keeper.renew()
  assert.ok(paused.log.lines.some(({ text }) => text === 'worker id lost'))
  assert.match(paused.keeper.fault ?? '', /worker id/)
  assert.deepEqual(paused.take(), [])
})

test('the store away: stamping goes on until the window ends, then callers are told why', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  let away = false
  const refuse = () => Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The database is away.'))
  const store: TimeGrantStore = {
    nowMs: () => (away ? refuse() : inner.nowMs()),
    acquire: (request) => inner.acquire(request),
    extend: (hold, untilMs, leaseMs) => inner.extend(hold, untilMs, leaseMs),
    release: (hold, untilMs) => inner.release(hold, untilMs),
  }
  const one = process(clock, store)
  await one.keeper.renew()
  away = true
  clock.advance(WINDOW_MS - 1)
  await one.keeper.renew()
  assert.equal(one.take().length, 1)
  clock.advance(1)
  assert.deepEqual(one.take(), [])
  assert.deepEqual(one.snowflake.shortage(clock.nowMs()).kind, 'failed')
  away = false
  await one.keeper.renew()
  assert.equal(one.keeper.fault, undefined)
  assert.equal(one.take().length, 1)
})

test('a clock an hour ahead gets no grant, burns no time, and is fine again when set right', async () => {
  const clock = new MemoryClock()
  const store = new MemoryTimeGrantStore(clock)
  const own = new MemoryClock(clock.nowMs())
  const one = process(own, store)
  await one.keeper.renew()
  const first = one.take()[0]
  own.step(3_600_000)
  await one.keeper.renew()
  assert.match(one.keeper.fault ?? '', /clock/i)
  assert.deepEqual(one.take(), [])
  own.step(-3_600_000)
  own.advance(1)
  await one.keeper.renew()
  assert.equal(one.keeper.fault, undefined)
  const stamp = stampOf(one.take()[0])
  assert.ok(stamp !== undefined && stamp.timeMs - (stampOf(first)?.timeMs ?? 0) < 1000)
})

test('it renews by itself, again and again, and backs off while the store fails', async () => {
  const clock = new MemoryClock()
  const one = process(clock, new MemoryTimeGrantStore(clock))
  await one.keeper.start()
  for (let renewal = 0; renewal < 20; renewal += 1) {
    clock.advance(10_000)
    await settle(3)
    assert.equal(one.take().length, 1, `after ${renewal + 1} renewals`)
  }
  await one.keeper.stop()
  assert.equal(clock.pending, 0, 'no timer is left behind')
})

test('trap 15: another layout than the recorded one is refused', async () => {
  const clock = new MemoryClock()
  const store = new MemoryTimeGrantStore(clock)
  await process(clock, store).keeper.renew()
  await assert.rejects(
    store.acquire({ dc: 2, nonce: 'n', holder: 'other', leaseMs: 30_000, layoutHash: 'another' }),
    (error: unknown) => error instanceof IdgenError && error.code === 'IDGEN_LAYOUT_MISMATCH',
  )
})

test('a stop while a hold is being acquired or extended never stamps, and lets the worker id go', async () => {
  for (const held of ['acquire', 'extend'] as const) {
    const clock = new MemoryClock()
    const inner = new MemoryTimeGrantStore(clock, { workers: 1 })
    const go = Promise.withResolvers<void>()
    const store: TimeGrantStore = {
      nowMs: () => inner.nowMs(),
      acquire: async (request) => {
        if (held === 'acquire') await go.promise
        return inner.acquire(request)
      },
      extend: async (hold, untilMs, leaseMs) => {
        if (held === 'extend') await go.promise
        return inner.extend(hold, untilMs, leaseMs)
      },
      release: (hold, untilMs) => inner.release(hold, untilMs),
    }
    const one = process(clock, store)
    const renewed = one.keeper.renew()
    await settle(3)
    const stopped = one.keeper.stop()
    go.resolve()
    await Promise.all([renewed, stopped])
    assert.deepEqual(one.take(), [], held)
    await one.keeper.renew()
    assert.deepEqual(one.take(), [], `${held}, asked again`)
    clock.advance(60_000)
    const next = process(clock, store, 2)
    await next.keeper.renew()
    assert.equal(next.take().length, 1, `the worker id is free after ${held}`)
  }
})

test('every hold has a nonce of its own', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  const nonces = new Set<string>()
  const store: TimeGrantStore = {
    nowMs: () => inner.nowMs(),
    acquire: (request) => {
      nonces.add(request.nonce)
      return inner.acquire(request)
    },
    extend: () => Promise.resolve(undefined),
    release: (hold, untilMs) => inner.release(hold, untilMs),
  }
  const one = process(clock, store)
  for (let round = 0; round < 3; round += 1) await one.keeper.renew()
  assert.equal(nonces.size, 3)
})

test('an extension whose answer was lost is asked for again as far, though the clock stepped back', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  const own = new MemoryClock(clock.nowMs())
  let lost = false
  const store: TimeGrantStore = {
    nowMs: () => inner.nowMs(),
    acquire: (request) => inner.acquire(request),
    extend: async (hold, untilMs, leaseMs) => {
      const extended = await inner.extend(hold, untilMs, leaseMs)
      if (lost) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The answer was lost.')
      return extended
    },
    release: (hold, untilMs) => inner.release(hold, untilMs),
  }
  const one = process(own, store)
  await one.keeper.renew()
  lost = true
  own.step(5000)
  await one.keeper.renew()
  lost = false
  own.step(-5000)
  await one.keeper.renew()
  assert.equal(one.keeper.fault, undefined)
  assert.equal(one.keeper.worker, 0)
})

test('a database that takes seconds to tell its time says nothing about this clock', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  const store: TimeGrantStore = {
    nowMs: async () => {
      clock.advance(6000)
      return inner.nowMs()
    },
    acquire: (request) => inner.acquire(request),
    extend: (hold, untilMs, leaseMs) => inner.extend(hold, untilMs, leaseMs),
    release: (hold, untilMs) => inner.release(hold, untilMs),
  }
  const one = process(clock, store)
  await one.keeper.renew()
  assert.match(one.keeper.fault ?? '', /6000 ms to tell its time/)
  assert.deepEqual(one.take(), [])
})

/** The store with something else done around its calls. */
function around(inner: TimeGrantStore, changed: Partial<TimeGrantStore>): TimeGrantStore {
  return {
    nowMs: () => inner.nowMs(),
    acquire: (request) => inner.acquire(request),
    extend: (hold, untilMs, leaseMs) => inner.extend(hold, untilMs, leaseMs),
    release: (hold, untilMs) => inner.release(hold, untilMs),
    ...changed,
  }
}

test('trap 6: the lease is counted from the sending of a successful extension, not from its answer', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  const store = around(inner, {
    extend: async (hold, untilMs, leaseMs) => {
      const extended = await inner.extend(hold, untilMs, leaseMs)
      clock.advance(10_000)
      return extended
    },
  })
  const one = process(clock, store, 1, true)
  await one.keeper.renew()
  clock.advance(13_999)
  assert.equal(one.take().length, 1, '23,999 ms after the sending')
  clock.advance(1)
  assert.deepEqual(one.take(), [], 'four fifths of 30 s after the sending')
  assert.match(one.keeper.fault ?? '', /lease ended/)
})

test('trap 6: a process paused past its lease stamps nothing, though its window is open, until it renewed', async () => {
  const clock = new MemoryClock()
  const one = process(clock, new MemoryTimeGrantStore(clock), 1, true)
  await one.keeper.renew()
  clock.advance(29_000)
  assert.deepEqual(one.take(), [])
  await one.keeper.renew()
  assert.equal(one.take().length, 1)
})

test('an extension that failed does not prolong the lease', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  let away = false
  const refuse = () => Promise.reject(new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'etcd is away.'))
  const store = around(inner, {
    extend: (hold, untilMs, leaseMs) => (away ? refuse() : inner.extend(hold, untilMs, leaseMs)),
  })
  const one = process(clock, store, 1, true)
  await one.keeper.renew()
  away = true
  clock.advance(20_000)
  await one.keeper.renew()
  clock.advance(4000)
  assert.deepEqual(one.take(), [])
  assert.match(one.keeper.fault ?? '', /etcd is away/)
})

test('trap 3 of the time model: stamping has stopped for good before the window is lowered', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock, { workers: 1 })
  const duringRelease: string[][] = []
  const store = around(inner, {
    release: async (hold, untilMs) => {
      duringRelease.push(one.take())
      const released = await inner.release(hold, untilMs)
      duringRelease.push(one.take())
      return released
    },
  })
  const one = process(clock, store, 1)
  await one.keeper.renew()
  const [last] = one.take()
  await one.keeper.stop()
  assert.deepEqual(duringRelease, [[], []])
  assert.deepEqual(one.take(), [])
  clock.advance(1)
  const next = process(clock, store, 2)
  await next.keeper.renew()
  assert.ok((stampOf(next.take()[0])?.timeMs ?? 0) > (stampOf(last)?.timeMs ?? 0))
})

test('while a stop waits for the threads nothing is extended, though a request asks for time', async () => {
  const clock = new MemoryClock()
  const inner = new MemoryTimeGrantStore(clock)
  let extended = 0
  const store = around(inner, {
    extend: (hold, untilMs, leaseMs) => {
      extended += 1
      return inner.extend(hold, untilMs, leaseMs)
    },
  })
  const one = process(clock, store)
  await one.keeper.renew()
  const quiet = Promise.withResolvers<void>()
  const stopped = one.keeper.stop(quiet.promise)
  await one.keeper.extendNow()
  assert.equal(extended, 1, 'the one before the stop')
  quiet.resolve()
  await stopped
  assert.deepEqual(one.take(), [])
})
