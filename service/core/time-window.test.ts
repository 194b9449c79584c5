import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_EPOCH_MS, firstStampMs, snowflakeLayout } from './snowflake-layout.ts'
import { nextUntil, startMs } from './time-window.ts'

const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
const rules = { windowMs: 30_000, maxAheadMs: 1000, firstStampMs: firstStampMs(layout) }
const T = Date.UTC(2026, 5, 1)
const HOUR = 3_600_000

describe('time window', () => {
  test('a hold is extended to one window after now, in whole milliseconds', () => {
    assert.deepEqual(nextUntil(T, T, rules), { untilMs: T + 30_000 })
    assert.deepEqual(nextUntil(T + 0.7, T, rules), { untilMs: T + 30_000 })
  })

  for (const ahead of [1001, HOUR])
    test(`trap 11: a clock ${ahead} ms ahead of the store is refused: it would burn time for ever`, () => {
      const verdict = nextUntil(T + ahead, T, rules)
      assert.ok('refused' in verdict)
      assert.match(verdict.refused, new RegExp(`${ahead} ms ahead`))
    })

  for (const ahead of [1000, 1, 0, -1, -HOUR])
    test(`a clock ${ahead} ms ahead of the store is let through`, () => {
      assert.deepEqual(nextUntil(T + ahead, T, rules), { untilMs: T + ahead + 30_000 })
    })

  test('a clock or a store that reads NaN is refused', () => {
    assert.ok('refused' in nextUntil(Number.NaN, T, rules))
    assert.ok('refused' in nextUntil(T, Number.NaN, rules))
  })

  test('before the first stamp of the layout nothing is granted, from it on it is', () => {
    const first = rules.firstStampMs
    const verdict = nextUntil(first - 1, first - 1, rules)
    assert.ok('refused' in verdict)
    assert.match(verdict.refused, /49\.7 days/)
    assert.ok('untilMs' in nextUntil(first, first, rules))
  })

  test('a new hold starts at the greatest of until, now and the first stamp', () => {
    assert.equal(startMs(T + 5, T, layout), T + 5)
    assert.equal(startMs(T - 5, T, layout), T)
    assert.equal(startMs(T - 5, T + 0.9, layout), T)
    assert.equal(startMs(0, 0, layout), firstStampMs(layout))
  })
})
