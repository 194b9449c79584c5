import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { IdBatch } from './id-batch.ts'
import { preloadShareOf } from './preload-share.ts'
import { SegmentBuffer } from './segment-buffer.ts'
import { SEGMENT_LIMIT, STEP_MAX } from './tag.ts'

const T = Date.UTC(2026, 5, 1)
const bounds = { base: 100, min: 10, max: 10_000 }

describe('segment buffer: issuing', () => {
  test('a new buffer holds nothing, asks for the base step and serves it from its first number', () => {
    const buffer = new SegmentBuffer({ step: bounds })
    assert.equal(buffer.refillStep(T, 0), 100)
    assert.deepEqual(take(buffer, 1), [])
    assert.deepEqual(buffer.shortage(), { kind: 'refill' })
    buffer.install({ lo: 1, hi: 101 }, T)
    assert.deepEqual(take(buffer, 3), [1n, 2n, 3n])
    assert.equal(buffer.left, 97)
    assert.deepEqual(buffer.stats(), { issued: 3, granted: 100 })
    assert.equal(buffer.fault(), undefined)
  })

  test('count 0 takes nothing', () => {
    const buffer = filled({ lo: 1, hi: 101 })
    assert.deepEqual(take(buffer, 0), [])
    assert.equal(buffer.left, 100)
    take(buffer, 1)
    const none = new IdBatch()
    assert.equal(buffer.take(0, T, none), 0)
    assert.equal(none.runCount, 0)
  })

  test('what is left is told as a share of one segment, from the first number until the end', () => {
    const buffer = filled({ lo: 1, hi: 101 })
    assert.equal(buffer.leftRatio, undefined)
    take(buffer, 95)
    assert.equal(buffer.leftRatio, 0.05)
    buffer.install({ lo: 101, hi: 201 }, T)
    assert.equal(buffer.leftRatio, 1.05)
    take(buffer, 105)
    assert.equal(buffer.leftRatio, 0)
    buffer.drain()
    assert.equal(buffer.leftRatio, undefined)
  })

  test('a take goes over several segments, one run each', () => {
    const buffer = filled({ lo: 10, hi: 13 }, { lo: 50, hi: 52 }, { lo: 100, hi: 110 })
    const batch = new IdBatch()
    assert.equal(buffer.take(6, T, batch), 6)
    assert.equal(batch.runCount, 3)
    assert.deepEqual(batchNumbers(batch), [10n, 11n, 12n, 50n, 51n, 100n])
  })

  test('what another database may give too is burnt: in memory, on its way, and for runs', () => {
    const buffer = filled({ lo: 1, hi: 101 }, { lo: 101, hi: 201 })
    take(buffer, 5)
    buffer.hold()
    assert.equal(buffer.left, 0)
    buffer.install({ lo: 201, hi: 301 }, T)
    assert.deepEqual(take(buffer, 1), [])
    assert.equal(buffer.takeRun(1, T, new IdBatch()), false)
    assert.deepEqual(buffer.shortage(), { kind: 'refill' })
    assert.ok(buffer.refillStep(T, 0) > 0, 'the store is asked, and says why')
    buffer.release()
    assert.deepEqual(take(buffer, 1), [], 'nor when the conflict is over')
    buffer.install({ lo: 301, hi: 401 }, T)
    assert.deepEqual(take(buffer, 1), [301n])
  })

  test('a grant that was on its way while numbers were held is burnt, also when it comes after their release', () => {
    const buffer = filled({ lo: 1, hi: 101 })
    const asked = buffer.holds
    buffer.hold()
    buffer.release()
    buffer.install({ lo: 101, hi: 201 }, T, asked)
    assert.deepEqual(take(buffer, 1), [])
    assert.ok(buffer.refillStep(T, 0) > 0)
    buffer.install({ lo: 201, hi: 301 }, T, buffer.holds)
    assert.deepEqual(take(buffer, 1), [201n])
  })

  test('a grant that a store gives a second time is refused, whole or in part: it lost commits', () => {
    const buffer = filled({ lo: 10, hi: 20 }, { lo: 20, hi: 30 })
    for (const again of [
      { lo: 20, hi: 30 },
      { lo: 10, hi: 20 },
      { lo: 29, hi: 40 },
      { lo: 0, hi: 5 },
    ])
      assert.throws(() => buffer.install(again, T), /above the one before/)
    buffer.install({ lo: 30, hi: 31 }, T)
    assert.equal(new Set(take(buffer, 100)).size, 21)
  })

  test('with step 1 segments of one number are handed out one by one', () => {
    const buffer = filled({ lo: 7, hi: 8 }, { lo: 9, hi: 10 })
    assert.deepEqual([...take(buffer, 1), ...take(buffer, 1), ...take(buffer, 1)], [7n, 9n])
  })

  test('with the maximum step a whole segment of 100 million is one run', () => {
    const buffer = filled({ lo: 0, hi: STEP_MAX })
    const batch = new IdBatch()
    assert.equal(buffer.take(STEP_MAX + 1, T, batch), STEP_MAX)
    assert.equal(batch.runCount, 1)
  })

  test('ranges at their end: the last number below 2^53 is issued and none after it', () => {
    const buffer = filled({ lo: SEGMENT_LIMIT - 2, hi: SEGMENT_LIMIT })
    assert.deepEqual(take(buffer, 5), [2n ** 53n - 2n, 2n ** 53n - 1n])
  })

  test('a segment across 2^32 keeps counting', () => {
    const buffer = filled({ lo: 2 ** 32 - 1, hi: 2 ** 32 + 2 })
    assert.deepEqual([...take(buffer, 1), ...take(buffer, 2)], [2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n])
  })

  for (const grant of [
    { lo: 5, hi: 5 },
    { lo: 5, hi: 4 },
    { lo: -1, hi: 4 },
    { lo: 0.5, hi: 4 },
    { lo: 1, hi: SEGMENT_LIMIT + 2 },
    { lo: 0, hi: 2 ** 32 },
  ])
    test(`a grant [${grant.lo}, ${grant.hi}) breaks an invariant`, () => {
      assert.throws(() => filled(grant), /invariant broken/)
    })
})

describe('segment buffer: refilling', () => {
  test('before the first use only the first segment is fetched, however many are wanted', () => {
    const buffer = new SegmentBuffer({ step: bounds, prefetch: 4 })
    buffer.install({ lo: 0, hi: 100 }, T)
    assert.equal(buffer.refillStep(T, 0), 0)
    take(buffer, 1)
    assert.ok(buffer.refillStep(T, 0) > 0)
  })

  test('a busy tag preloads at half, not before, and once only', () => {
    const buffer = filled({ lo: 0, hi: 100 })
    take(buffer, 49)
    assert.equal(buffer.refillStep(T + 10, 0), 0)
    take(buffer, 1)
    assert.ok(buffer.refillStep(T + 10, 0) > 0)
    buffer.install({ lo: 100, hi: 200 }, T + 11)
    take(buffer, 49)
    assert.equal(buffer.refillStep(T + 12, 0), 0)
  })

  test('people are shown the shares at which it fetches: nothing just above them, a segment at them', () => {
    assert.equal(new SegmentBuffer({ step: bounds }).inUse, undefined)
    for (const [share, calls] of [
      ['from', 10],
      ['latest', 1_000_000],
    ] as const) {
      const buffer = new SegmentBuffer({ step: bounds, preloadAt: 0.4 })
      buffer.install({ lo: 0, hi: 100 }, T)
      take(buffer, 1)
      const { size, left, ready, fetch } = buffer.inUse ?? assert.fail()
      assert.deepEqual({ size, left, ready }, { size: 100, left: 99, ready: [] })
      assert.deepEqual(fetch, { from: 0.4, latest: 0.1, reserveS: 60 })
      // Within moments, or over so long a time that the rest would last for hours.
      take(buffer, 98 - size * fetch[share])
      assert.equal(buffer.refillStep(T + calls, 0), 0, share)
      take(buffer, 1)
      assert.ok(buffer.refillStep(T + calls, 0) > 0, share)
      assert.equal(buffer.inUse?.left, size * fetch[share])
    }
  })

  test('tags that came into use together do not all ask in the same moment', () => {
    const shares = Array.from({ length: 100 }, (_, i) => preloadShareOf(i + 1))
    const moments = new Set(shares.map((share) => Math.floor(share * 100)))
    assert.equal(moments.size, 20, 'five tags at each hundredth between 0.3 and 0.5')
    const late = new SegmentBuffer({ step: bounds, preloadAt: 0.3 })
    late.refillStep(T, 0)
    late.install({ lo: 0, hi: 100 }, T)
    take(late, 69)
    assert.equal(late.refillStep(T + 10, 0), 0)
    take(late, 1)
    assert.ok(late.refillStep(T + 10, 0) > 0)
  })

  test('a run that is waited for is fetched though a moment ago nothing was wanted', () => {
    const buffer = filled({ lo: 0, hi: 100 })
    take(buffer, 10)
    assert.equal(buffer.refillStep(T, 0), 0)
    assert.equal(buffer.takeRun(200, T, new IdBatch()), false)
    assert.ok(buffer.refillStep(T, 0) >= 200)
  })

  test('of a segment that is far from its end the rate is measured all the same', () => {
    const buffer = new SegmentBuffer({ step: { base: 100, min: 1, max: 1_000_000 } })
    buffer.refillStep(T, 0)
    buffer.install({ lo: 0, hi: 100_000 }, T)
    for (let ms = 0; ms < 5000; ms += 10) {
      take(buffer, 100, T + ms)
      buffer.refillStep(T + ms, 0)
    }
    // 100 × (1 + 0.5 × 100) at 10,000 a second; the looks do not lie on whole seconds.
    const step = buffer.refillStep(T + 5000, 0)
    assert.ok(step > 5000 && step < 5200, String(step))
  })

  test('a slow tag preloads at 10 %, so that a stop wastes little (R-2.1.2)', () => {
    const buffer = filled({ lo: 0, hi: 100 })
    buffer.refillStep(T, 0)
    for (let minute = 1; minute <= 89; minute++) {
      take(buffer, 1, T + minute * 60_000)
      assert.equal(buffer.refillStep(T + minute * 60_000, 0), 0, `after ${minute}`)
    }
    take(buffer, 1, T + 90 * 60_000)
    assert.ok(buffer.refillStep(T + 90 * 60_000, 0) > 0)
  })

  test('the step follows the measured rate and the live bounds', () => {
    const buffer = filled({ lo: 0, hi: 10_000 })
    buffer.refillStep(T, 0)
    take(buffer, 10_000)
    // 5,000 IDs a second over the last two: 100 × (1 + 0.5 × 50).
    assert.equal(buffer.refillStep(T + 2000, 0), 2600)
    assert.equal(buffer.refillStep(T + 2000, 1), 3380)
    buffer.setStep({ base: 10, min: 1, max: 20 })
    assert.equal(buffer.refillStep(T + 2000, 1), 20)
  })

  test('what a large batch lacked is fetched in one allocation of its own size, beyond the maximum step too', () => {
    const buffer = new SegmentBuffer({ step: bounds })
    take(buffer, 5000)
    assert.equal(buffer.refillStep(T, 0), 5000)
    take(buffer, 50_000)
    assert.equal(buffer.refillStep(T, 0), 50_000)
    take(buffer, STEP_MAX + 1)
    assert.equal(buffer.refillStep(T, 0), STEP_MAX)
    buffer.install({ lo: 0, hi: 10_000 }, T)
    take(buffer, 10_000)
    assert.equal(buffer.refillStep(T + 100_000, 0), 150)
  })

  test('a refusal lets memory be used up, then fails with its code until a grant comes', () => {
    const buffer = filled({ lo: 0, hi: 2 })
    take(buffer, 1)
    buffer.refused('IDGEN_STORE_UNAVAILABLE', 'the database is away', T)
    assert.equal(buffer.fault(), undefined)
    assert.deepEqual(take(buffer, 5), [1n])
    const failed = { kind: 'failed', code: 'IDGEN_STORE_UNAVAILABLE', message: 'the database is away' }
    assert.deepEqual(buffer.shortage(), failed)
    assert.equal(buffer.fault(), 'the database is away')
    buffer.install({ lo: 2, hi: 4 }, T)
    assert.equal(buffer.fault(), undefined)
    assert.equal(buffer.retryAtMs, undefined)
    assert.deepEqual(take(buffer, 1), [2n])
  })

  test('after refusals it asks again after 50, 100, 200 … at most 2000 ms', () => {
    const buffer = new SegmentBuffer({ step: bounds })
    let nowMs = T
    for (const backoff of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
      buffer.refused('IDGEN_STORE_UNAVAILABLE', 'away', nowMs)
      assert.equal(buffer.retryAtMs, nowMs + backoff)
      assert.equal(buffer.refillStep(nowMs + backoff - 1, 0), 0)
      nowMs += backoff
      assert.ok(buffer.refillStep(nowMs, 0) > 0)
    }
    assert.equal(buffer.counters().refusals, 8)
    buffer.install({ lo: 0, hi: 1 }, nowMs)
    take(buffer, 1)
    buffer.refused('IDGEN_STORE_UNAVAILABLE', 'away', nowMs)
    assert.equal(buffer.retryAtMs, nowMs + 50)
  })

  test('a clock that steps back ends a back-off instead of prolonging it', () => {
    const buffer = new SegmentBuffer({ step: bounds })
    buffer.refused('IDGEN_STORE_UNAVAILABLE', 'away', T)
    assert.ok(buffer.refillStep(T - 3_600_000, 0) > 0)
  })
})

describe('segment buffer: the chain', () => {
  test('it grows by one per hungry switch up to 8 and shrinks back when calm', () => {
    const buffer = filled({ lo: 0, hi: 100 })
    const lengths: number[] = []
    let next = 100
    let nowMs = T
    for (const lastsMs of [...Array<number>(10).fill(1000), 10_000, ...Array<number>(9).fill(20_000)]) {
      take(buffer, 50, nowMs)
      while (buffer.refillStep(nowMs, 0) > 0) {
        buffer.install({ lo: next, hi: next + 100 }, nowMs)
        next += 100
      }
      lengths.push(Math.floor(buffer.left / 100))
      take(buffer, 50, nowMs)
      nowMs += lastsMs
      take(buffer, 0, nowMs)
    }
    assert.ok(lengths.slice(0, 10).every((length, i) => i === 0 || length >= (lengths[i - 1] ?? 0)))
    assert.equal(Math.max(...lengths), 8)
    assert.ok((lengths.at(-1) ?? 8) <= 2, String(lengths))
  })

  test('a switch that found the next segment ready is counted apart from one that ran dry', () => {
    const buffer = filled({ lo: 0, hi: 2 }, { lo: 2, hi: 4 })
    take(buffer, 4)
    take(buffer, 1)
    buffer.install({ lo: 4, hi: 6 }, T)
    take(buffer, 1)
    assert.deepEqual(buffer.counters(), { switches: 2, switchesReady: 1, refills: 3, refusals: 0 })
  })

  test('ten minutes at a million a second, cold start included: over 99 % of the switches are ready (R-2.1.2)', () => {
    const buffer = new SegmentBuffer({ step: { base: 1000, min: 100, max: 1_000_000 } })
    const end = simulate(buffer, { perMs: 1000, allocationMs: 20, seconds: 600 })
    const { switches, switchesReady } = buffer.counters()
    assert.ok(switches > 100)
    assert.ok(switchesReady / switches > 0.99, `${switchesReady} of ${switches}`)
    assert.ok(end.waste < 0.05, `waste ${end.waste}`)
  })

  test('at a steady 50 a second a clean stop wastes less than 5 % of an hour (R-2.1.2)', () => {
    const buffer = new SegmentBuffer({ step: { base: 1000, min: 100, max: 1_000_000 } })
    const end = simulate(buffer, { perMs: 0.05, allocationMs: 20, seconds: 3600 })
    assert.ok(end.waste < 0.05, `waste ${end.waste}`)
  })
})

describe('segment buffer: draining', () => {
  test('it returns the unused ends, newest grant first, and issues nothing after', () => {
    const buffer = filled({ lo: 0, hi: 10 }, { lo: 10, hi: 20 }, { lo: 40, hi: 50 })
    take(buffer, 3)
    assert.deepEqual(buffer.drain(), [
      { lo: 40, hi: 50 },
      { lo: 10, hi: 20 },
      { lo: 3, hi: 10 },
    ])
    assert.deepEqual(take(buffer, 1), [])
    assert.equal(buffer.left, 0)
    assert.equal(buffer.refillStep(T, 0), 0)
    assert.match(buffer.fault() ?? '', /given up/)
    const shortage = buffer.shortage()
    assert.ok(shortage.kind === 'failed' && shortage.code === 'IDGEN_SHUTTING_DOWN')
    assert.deepEqual(buffer.drain(), [])
  })

  test('a grant that comes after the drain is never issued and can still be returned', () => {
    const buffer = filled({ lo: 0, hi: 10 })
    buffer.drain()
    buffer.install({ lo: 10, hi: 20 }, T)
    assert.deepEqual(take(buffer, 1), [])
    assert.deepEqual(buffer.drain(), [{ lo: 10, hi: 20 }])
  })

  test('a segment used up to its last number leaves nothing to return', () => {
    const buffer = filled({ lo: 0, hi: 10 })
    take(buffer, 10)
    assert.deepEqual(buffer.drain(), [])
  })
})

/** A caller of a steady rate and a store that answers after `allocationMs`, one allocation in flight. */
function simulate(
  buffer: SegmentBuffer,
  load: { perMs: number; allocationMs: number; seconds: number },
): { waste: number } {
  let stored = 0
  let flight: { step: number; atMs: number } | undefined
  let owed = 0
  const batch = new IdBatch()
  for (let nowMs = T; nowMs < T + load.seconds * 1000; nowMs++) {
    if (flight !== undefined && nowMs >= flight.atMs) {
      buffer.install({ lo: stored, hi: stored + flight.step }, nowMs)
      stored += flight.step
      flight = undefined
    }
    owed += load.perMs
    batch.clear()
    owed -= buffer.take(Math.floor(owed), nowMs, batch)
    const step = flight === undefined ? buffer.refillStep(nowMs, 0) : 0
    if (step > 0) flight = { step, atMs: nowMs + load.allocationMs }
  }
  // A crash: nothing is given back.
  return { waste: (stored - buffer.stats().issued) / stored }
}

function filled(...grants: { lo: number; hi: number }[]): SegmentBuffer {
  const buffer = new SegmentBuffer({ step: bounds })
  for (const grant of grants) buffer.install(grant, T)
  return buffer
}

function take(buffer: SegmentBuffer, count: number, nowMs = T): bigint[] {
  const batch = new IdBatch()
  assert.equal(buffer.take(count, nowMs, batch), batch.count)
  return batchNumbers(batch)
}
