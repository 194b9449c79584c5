import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DURATION_BOUNDS, DURATION_CELLS, DurationHistogram } from './duration-histogram.ts'

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

test('what another one counted is added to it', () => {
  const cells = new Float64Array(DURATION_CELLS)
  const other = new DurationHistogram(cells)
  for (const ms of [2, 99_000]) other.observe(ms)
  const histogram = new DurationHistogram()
  histogram.observe(2)
  histogram.add(cells)
  const { atMost, count, sumSeconds } = histogram.counts(1)
  assert.deepEqual([atMost[0], atMost[1], atMost.at(-1), count], [1, 3, 3, 4])
  assert.ok(Math.abs(sumSeconds - 99.004) < 1e-9, String(sumSeconds))
})
