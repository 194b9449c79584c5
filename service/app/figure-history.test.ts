import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { DurationHistogram } from '../core/duration-histogram.ts'
import { FigureHistory, quantile } from './figure-history.ts'
import type { Figures } from './live-figures.ts'

const NONE = new DurationHistogram().counts(0)
const ZERO = {
  ids: 0,
  requests: 0,
  failures: 0,
  refusals: 0,
  durations: NONE,
  waiting: 0,
  tags: 0,
  degradedTags: 0,
  rangeUsedMost: 0,
  rangeAlerts: 0,
}

test('counters become rates between looks, and five minutes of them are kept', async () => {
  const clock = new MemoryClock()
  let ids = 0
  const history = new FigureHistory((): Figures => ({ ...ZERO, atMs: clock.nowMs(), ids }), clock)
  history.start()
  assert.deepEqual(history.intervals(), [])
  for (let look = 0; look < 200; look += 1) {
    ids += 100 * look
    clock.advance(2000)
    await settle()
  }
  const intervals = history.intervals()
  assert.equal(intervals.length, 150)
  assert.equal(intervals.at(-1)?.ids, (100 * 199) / 2)
  assert.equal(intervals[0]?.ids, (100 * 50) / 2)
  await history.stop()
})

test('a sum that falls because tags left memory is no rate below zero', async () => {
  const clock = new MemoryClock()
  let ids = 1000
  const history = new FigureHistory((): Figures => ({ ...ZERO, atMs: clock.nowMs(), ids }), clock)
  history.start()
  ids = 10
  clock.advance(2000)
  await settle()
  assert.equal(history.intervals()[0]?.ids, 0)
  assert.equal(history.whole()?.ids, 0)
  await history.stop()
})

test('a quantile is what Prometheus makes of the same classes', () => {
  const histogram = new DurationHistogram()
  assert.equal(quantile(0.99, NONE, NONE), undefined)
  histogram.observe(3, 98)
  histogram.observe(40, 2)
  // 99 of 100: half of the way through those between 25 and 50 ms.
  assert.equal(quantile(0.99, NONE, histogram.counts(0))?.toFixed(6), '0.037500')
  assert.equal(quantile(0.5, NONE, histogram.counts(0)), 0.0025 + (0.0025 * 50) / 98)
  const before = histogram.counts(0)
  histogram.observe(60_000, 1)
  assert.equal(quantile(0.99, before, histogram.counts(0)), 5)
})
