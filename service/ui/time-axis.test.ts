import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shareOf, ticksOf, timeAxis } from './time-axis.ts'

const TO_MS = Date.UTC(2026, 10, 28, 3, 7, 12)

function textsOf(lastsMs: number): string[] {
  return ticksOf({ fromMs: TO_MS - lastsMs, toMs: TO_MS }).map(({ text }) => text)
}

test('the times are round ones, and midnight is the day that begins', () => {
  assert.deepEqual(textsOf(300_000), ['03:03', '03:04', '03:05', '03:06', '03:07'])
  assert.deepEqual(textsOf(3_600_000), ['02:10', '02:20', '02:30', '02:40', '02:50', '03:00'])
  assert.deepEqual(textsOf(21_600_000), ['22:00', '23:00', '11-28', '01:00', '02:00', '03:00'])
  assert.deepEqual(textsOf(86_400_000), ['04:00', '08:00', '12:00', '16:00', '20:00', '11-28'])
  assert.deepEqual(textsOf(7 * 86_400_000), ['11-23', '11-25', '11-27'])
  assert.equal(textsOf(30 * 86_400_000).length, 4)
})

test('whatever the time, there are a few, in order and inside', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: 1, max: 30 * 86_400_000 }),
      (fromMs, lasts) => {
        const window = { fromMs, toMs: fromMs + lasts }
        const ticks = ticksOf(window)
        assert.ok(ticks.length <= 7)
        for (const [at, { atMs }] of ticks.entries()) {
          assert.ok(atMs >= fromMs && atMs <= window.toMs)
          assert.ok(at === 0 || atMs > (ticks[at - 1]?.atMs ?? 0))
        }
      },
    ),
  )
})

test('they stand where the chart has that moment', () => {
  const window = { fromMs: TO_MS - 86_400_000, toMs: TO_MS }
  assert.equal(shareOf(window.fromMs - 5, window), 0)
  assert.equal(shareOf(TO_MS + 5, window), 1)
  const axis = timeAxis({ fromMs: Date.UTC(2026, 0, 1, 0, 0), toMs: Date.UTC(2026, 0, 1, 1, 0) }).toString()
  assert.match(axis, /x="0\.00%"[^>]*>01-01<.*x="50\.00%"[^>]*>00:30</)
})
