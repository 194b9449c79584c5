import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  classOf,
  DURATION_BOUNDS,
  DURATION_CELLS,
  DurationHistogram,
  durationCells,
} from './duration-histogram.ts'

test('durations count in every class that they fit, and instant ones in all', () => {
  const histogram = new DurationHistogram()
  for (const ms of [-5, 1, 1.1, 100, 99_000]) histogram.observe(ms)
  const { atMost, count, sumSeconds } = histogram.counts(10)
  const at = (bound: number): number | undefined => atMost[DURATION_BOUNDS.indexOf(bound)]
  assert.deepEqual([at(0.001), at(0.0025), at(0.05), at(0.1), at(5), count], [12, 13, 13, 14, 14, 15])
  assert.ok(Math.abs(sumSeconds - 99.1021) < 1e-9, String(sumSeconds))
  assert.equal(histogram.total, 5)
  histogram.observeInstant(3)
  assert.equal(histogram.total, 8)
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

test('those that took no time are in all classes, beside those that are told when it is read', () => {
  const histogram = new DurationHistogram()
  histogram.observeInstant(3)
  histogram.observeInstant(2)
  histogram.observe(2000)
  const { atMost, count, sumSeconds } = histogram.counts(1)
  assert.deepEqual([atMost[0], atMost.at(-1), count, sumSeconds], [6, 7, 7, 2])
  const read = new DurationHistogram()
  read.observeInstant(4)
  const cells = new Float64Array(DURATION_CELLS)
  new DurationHistogram(cells).observeInstant(5)
  read.add(cells)
  assert.equal(read.counts(0).count, 9)
})

test('a histogram may have classes of its own, the last of them open', () => {
  const bounds = [0.01, 1]
  const histogram = new DurationHistogram(new Float64Array(durationCells(bounds)), bounds)
  for (const ms of [5, 20, 3000]) histogram.addTo(classOf(ms, bounds), 2, ms / 500)
  const { atMost, count, sumSeconds } = histogram.counts(0)
  assert.deepEqual([atMost, count], [[2, 4], 6])
  assert.ok(Math.abs(sumSeconds - 6.05) < 1e-9)
})
