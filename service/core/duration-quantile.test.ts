import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurationHistogram, NO_DURATIONS } from './duration-histogram.ts'
import { durationQuantile } from './duration-quantile.ts'

test('a quantile is what Prometheus makes of the same classes', () => {
  const histogram = new DurationHistogram()
  assert.equal(durationQuantile(0.99, NO_DURATIONS, NO_DURATIONS), undefined)
  histogram.observe(3, 98)
  histogram.observe(40, 2)
  // 99 of 100: half of the way through those between 25 and 50 ms.
  assert.equal(durationQuantile(0.99, NO_DURATIONS, histogram.counts(0))?.toFixed(6), '0.037500')
  assert.equal(durationQuantile(0.5, NO_DURATIONS, histogram.counts(0)), 0.0025 + (0.0025 * 50) / 98)
  const before = histogram.counts(0)
  histogram.observe(60_000, 1)
  assert.equal(durationQuantile(0.99, before, histogram.counts(0)), 5)
})
