import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DURATION_BOUNDS, DurationHistogram } from './duration-histogram.ts'

test('durations count in every class that they fit, and instant ones in all', () => {
  const histogram = new DurationHistogram()
  for (const ms of [-5, 1, 1.1, 100, 99_000]) histogram.observe(ms)
  const { atMost, count, sumSeconds } = histogram.counts(10)
  const at = (bound: number): number | undefined => atMost[DURATION_BOUNDS.indexOf(bound)]
  assert.deepEqual([at(0.001), at(0.0025), at(0.05), at(0.1), at(5), count], [12, 13, 13, 14, 14, 15])
  assert.ok(Math.abs(sumSeconds - 99.1021) < 1e-9, String(sumSeconds))
  assert.deepEqual(
    DURATION_BOUNDS,
    DURATION_BOUNDS.toSorted((a, b) => a - b),
  )
})
