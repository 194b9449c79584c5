import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chargeMs, emptyOfAll, mostLevelMs } from './rate-settlement.ts'
import { RateSpending } from './rate-spending.ts'
import { newRateMemory, RateTable } from './rate-table.ts'

const NAME = 'somebody'

/** Instances over one bucket for all, in a time of their own. */
class Fleet {
  readonly limit: { readonly perSecond: number; readonly burst: number }
  readonly instances: { table: RateTable; spending: RateSpending; passed: number }[]
  readonly fullMs: number
  readonly everyMs: number
  #emptyMs = 0
  /** Of one bucket that sees every request at once. */
  #idealMs = 0
  nowMs = 0
  longestWayMs = 0
  longestElapsedMs = 0

  constructor(limit: Fleet['limit'], count: number, everyMs: number) {
    this.limit = limit
    this.everyMs = everyMs
    this.fullMs = (limit.burst * 1000) / limit.perSecond
    this.instances = Array.from({ length: count }, () => {
      const memory = newRateMemory(4)
      const table = new RateTable(limit, memory)
      table.countSpent(true)
      return { table, spending: new RateSpending(memory, 0), passed: 0 }
    })
  }

  ask(at: number, wanted: number): void {
    const one = this.instances[at]
    if (one === undefined) return
    const taken = one.table.take(NAME, wanted, this.nowMs)
    one.passed += taken
    this.#idealMs = Math.max(this.#idealMs, this.nowMs) + (taken * 1000) / this.limit.perSecond
  }

  /** How much fuller the bucket of this instance is than one would be that sees every request at once; milliseconds. */
  excessMs(at: number): number {
    const ownMs = this.instances[at]?.table.levelMs(NAME, this.nowMs) ?? 0
    return ownMs - Math.max(0, this.#idealMs - this.nowMs)
  }

  /** `wayMs`: how long the report is on its way. Returns what was charged, milliseconds. */
  settle(at: number, wayMs = 0): number {
    const one = this.instances[at]
    const [found] = one?.spending.take(this.nowMs, 1, 1) ?? []
    if (one === undefined || found === undefined) return 0
    this.longestWayMs = Math.max(this.longestWayMs, wayMs)
    this.longestElapsedMs = Math.max(this.longestElapsedMs, found.elapsedMs)
    const { requests, elapsedMs, levelMs: ownMs } = found
    const instances = this.instances.length
    const report = { usedMs: (requests * 1000) / this.limit.perSecond, elapsedMs }
    const mostMs = mostLevelMs(this.fullMs, this.everyMs, instances)
    const thereMs = this.nowMs + wayMs
    this.#emptyMs = emptyOfAll(this.#emptyMs, thereMs, report, mostMs)
    const allMs = Math.max(0, this.#emptyMs - thereMs)
    const ms = chargeMs({ ownMs, allMs, fullMs: this.fullMs, instances })
    one.spending.charge(found, ms, this.nowMs)
    return ms
  }

  get passed(): number {
    return this.instances.reduce((sum, { passed }) => sum + passed, 0)
  }
}

const LIMITS = fc.record({
  perSecond: fc.integer({ min: 10, max: 100_000 }),
  burstMs: fc.integer({ min: 100, max: 3000 }),
})
const STEPS = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5000 })),
    at: fc.nat(4),
    share: fc.double({ min: 0, max: 2, noNaN: true }),
    settles: fc.boolean(),
    wayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 })),
  }),
  { maxLength: 80 },
)

function fleetOf({ perSecond, burstMs }: { perSecond: number; burstMs: number }, count: number): Fleet {
  return new Fleet({ perSecond, burst: Math.max(1, (perSecond * burstMs) / 1000) }, count, 500)
}

/** Rounding of sums of fractions; milliseconds. */
const ROUNDING_MS = 1e-6

test('who is alone is charged with the time by which one way was longer than another at most, else never', () => {
  fc.assert(
    fc.property(LIMITS, STEPS, fc.boolean(), (limits, steps, isEven) => {
      const fleet = fleetOf(limits, 1)
      for (const { afterMs, share, settles, wayMs } of steps) {
        fleet.nowMs += afterMs
        fleet.ask(0, Math.ceil(limits.perSecond * share))
        if (!settles) continue
        const ms = fleet.settle(0, isEven ? 30 : wayMs)
        const most = isEven ? 0 : Math.max(0, fleet.longestWayMs - wayMs)
        assert.ok(ms <= most + ROUNDING_MS, `${ms} ms were charged, at most ${most} may`)
      }
    }),
    { numRuns: 500 },
  )
})

test('no bucket is fuller than one for all would be, but for the time between two settlements and that of the way', () => {
  fc.assert(
    fc.property(LIMITS, fc.integer({ min: 2, max: 5 }), STEPS, (limits, count, steps) => {
      const fleet = fleetOf(limits, count)
      for (const { afterMs, at, share, settles, wayMs } of steps) {
        fleet.nowMs += afterMs
        fleet.ask(at % count, Math.ceil(limits.perSecond * share))
        if (settles) fleet.settle(at % count, wayMs)
        const most = fleet.longestElapsedMs + fleet.longestWayMs + ROUNDING_MS
        const excess = fleet.excessMs(at % count)
        assert.ok(excess <= most, `${excess} ms more than one for all, at most ${most} may be`)
      }
    }),
    { numRuns: 500 },
  )
})

/** All ask for far more than the limit, in steps of 10 ms, and settle each at its own moment. */
function flooded(count: number, everyMs: number, seconds: number): Fleet & { readonly bySecond: number[] } {
  const fleet = Object.assign(new Fleet({ perSecond: 1000, burst: 1000 }, count, everyMs), {
    bySecond: [] as number[],
  })
  let before = 0
  for (let tick = 0; tick < seconds * 100; tick += 1) {
    fleet.nowMs = tick * 10
    for (let at = 0; at < count; at += 1) {
      fleet.ask(at, 1000)
      const momentMs = (everyMs * (at + 1)) / (count + 1)
      if (
        Math.floor((fleet.nowMs - momentMs) / everyMs) !== Math.floor((fleet.nowMs - 10 - momentMs) / everyMs)
      )
        fleet.settle(at)
    }
    if (tick % 100 !== 99) continue
    fleet.bySecond.push(fleet.passed - before)
    before = fleet.passed
  }
  return fleet
}

for (const count of [2, 3, 10])
  test(`${count} instances that are flooded let through what one would, but at the beginning`, () => {
    const everyMs = 500
    const fleet = flooded(count, everyMs, 60)
    // A whole bucket each before they know of each other, and what they let through between two settlements.
    const most = 1000 * 60 + count * 1000 + (count - 1) * 1000 * (everyMs / 1000) * 2
    assert.ok(fleet.passed <= most, `${fleet.passed} passed, at most ${most} may`)
    const late = fleet.bySecond.slice(-20)
    const mean = late.reduce((sum, one) => sum + one, 0) / late.length
    assert.ok(Math.abs(mean - 1000) < 20, `${mean} a second at the end`)
    // Evenly: no seconds of nothing with seconds of too much between.
    assert.ok(Math.min(...late) > 700 && Math.max(...late) < 1300, late.join(' '))
  })

test('no more is remembered than lets everybody begin anew soon', () => {
  const report = { usedMs: 1e9, elapsedMs: 0 }
  assert.equal(emptyOfAll(0, 5000, report, mostLevelMs(1000, 500, 2)), 5000 + 4000)
})
