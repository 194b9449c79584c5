import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newRateMemory, RateTable } from './rate-table.ts'

const LIMITS = fc
  .record({
    perSecond: fc.integer({ min: 1, max: 2_000_000 }),
    burstMs: fc.integer({ min: 10, max: 60_000 }),
  })
  .map(({ perSecond, burstMs }) => ({ perSecond, burst: Math.max(1, (perSecond * burstMs) / 1000) }))
/** Times between requests, also none, and how much is asked. */
const ARRIVALS = fc.array(
  fc.record({
    afterMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 0, max: 3000 }).map((ms) => ms / 1000),
    ),
    wanted: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1_000_000 }), fc.constant(1e9)),
  }),
  { minLength: 1, maxLength: 60 },
)

test('never more than burst and rate pass in any window of time', () => {
  fc.assert(
    fc.property(LIMITS, ARRIVALS, (limit, arrivals) => {
      const table = new RateTable(limit, newRateMemory(10))
      const passed: { atMs: number; count: number }[] = []
      let nowMs = 1_000_000
      for (const { afterMs, wanted } of arrivals) {
        nowMs += afterMs
        passed.push({ atMs: nowMs, count: table.take('one', wanted, nowMs) })
      }
      for (const [first, { atMs: fromMs }] of passed.entries()) {
        let sum = 0
        for (const { atMs, count } of passed.slice(first)) {
          sum += count
          const most = limit.burst + (limit.perSecond * (atMs - fromMs)) / 1000
          assert.ok(sum <= most + 0.01, `${sum} passed in ${atMs - fromMs} ms, at most ${most} may`)
        }
      }
    }),
  )
})

test('nobody is refused who never sends more than the burst within a second', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 }),
      (perSecond, gapsMs) => {
        const table = new RateTable({ perSecond, burst: perSecond }, newRateMemory(10))
        const sentMs: number[] = []
        let nowMs = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          // Whoever keeps to the limit waits until the second has room.
          const oldest = sentMs.at(-perSecond)
          if (oldest !== undefined) nowMs = Math.max(nowMs, oldest + 1000)
          sentMs.push(nowMs)
          assert.equal(table.take('one', 1, nowMs), 1)
        }
      },
    ),
  )
})

test('what one uses takes nothing from another, in any order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 50 })), { maxLength: 100 }),
      (calls) => {
        const limit = { perSecond: 1000, burst: 20 }
        const together = new RateTable(limit, newRateMemory(10))
        const alone = new Map(['a', 'b', 'c'].map((name) => [name, new RateTable(limit, newRateMemory(10))]))
        for (const [i, [name, wanted]] of calls.entries())
          assert.equal(together.take(name, wanted, i * 3), alone.get(name)?.take(name, wanted, i * 3))
      },
    ),
  )
})

test('a table of one thread counts as a shared one does, and goes on when it is shared', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 50 }), fc.nat(40)), {
        maxLength: 100,
      }),
      fc.nat(100),
      (calls, sharedAt) => {
        const limit = { perSecond: 1000, burst: 20 }
        const memory = newRateMemory(3)
        const [shared, own] = [new RateTable(limit, newRateMemory(3)), new RateTable(limit, memory, false)]
        let other: RateTable | undefined
        let nowMs = 0
        for (const [i, [name, wanted, laterMs]] of calls.entries()) {
          if (i === sharedAt) {
            own.share()
            other = new RateTable(limit, memory)
          }
          nowMs += laterMs
          const table = i % 2 === 0 ? (other ?? own) : own
          assert.equal(table.take(name, wanted, nowMs), shared.take(name, wanted, nowMs))
        }
      },
    ),
  )
})
