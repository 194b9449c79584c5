import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NO_DURATIONS } from '../core/duration-histogram.ts'
import { SPAN_LENGTHS, SPAN_NAMES } from './figure-history.ts'
import { FigureSpan, keptMost, type Look } from './figure-span.ts'

const EVERY_MS = 2000
const HOUR = SPAN_LENGTHS['1h']
const START_MS = Date.UTC(2026, 0, 1)

function look(seconds: number, more: Partial<Look> = {}): Look {
  return {
    atMs: START_MS + seconds * 1000,
    passedMs: seconds * 1000,
    ids: seconds * 10,
    requests: seconds,
    failures: 0,
    durations: NO_DURATIONS,
    degradedTags: 0,
    rangeUsedMost: 0,
    ...more,
  }
}

test('a day in steps: as much as there is room for, up to the newest look', () => {
  const spans = SPAN_NAMES.map((name) => new FigureSpan(SPAN_LENGTHS[name], EVERY_MS))
  for (let seconds = 0; seconds <= 90_000; seconds += 2) for (const span of spans) span.add(look(seconds))
  for (const [at, name] of SPAN_NAMES.entries()) {
    const { lastsMs, stepMs } = SPAN_LENGTHS[name]
    const curve = spans[at]?.curve()
    assert.ok(curve !== undefined)
    assert.equal(curve.toMs, START_MS + 90_000_000, name)
    assert.equal(curve.fromMs, curve.toMs - lastsMs, name)
    const [first] = curve.intervals
    assert.ok(first !== undefined && first.fromMs <= curve.fromMs, `${name}: the left end is covered`)
    assert.equal(curve.intervals.at(-1)?.untilMs, curve.toMs, name)
    for (const { fromMs, untilMs, did } of curve.intervals) {
      assert.equal(did?.ids, 10, name)
      assert.ok(untilMs - fromMs <= stepMs, name)
    }
    assert.equal(spans[at]?.kept, keptMost(SPAN_LENGTHS[name]), name)
  }
})

test('all spans together keep as many looks as their document says', () => {
  const most = SPAN_NAMES.map((name) => keptMost(SPAN_LENGTHS[name]))
  assert.deepEqual(most, [151, 121, 121, 121])
})

test('before its first step has passed, a process shows what it did since it runs, and since when that is', () => {
  const span = new FigureSpan(SPAN_LENGTHS['24h'], EVERY_MS)
  assert.equal(span.curve(), undefined)
  span.add(look(0))
  assert.deepEqual(span.curve()?.intervals, [])
  for (let seconds = 2; seconds <= 60; seconds += 2) span.add(look(seconds))
  const curve = span.curve()
  assert.equal(curve?.beginsMs, START_MS)
  assert.deepEqual(
    curve?.intervals.map(({ fromMs, untilMs, did }) => [fromMs - START_MS, untilMs - START_MS, did?.ids]),
    [[0, 60_000, 10]],
  )
})

test('a tag that was degraded for a moment is seen in a step of half a minute', () => {
  const span = new FigureSpan(HOUR, EVERY_MS)
  for (let seconds = 0; seconds <= 60; seconds += 2)
    span.add(look(seconds, { degradedTags: seconds === 8 ? 3 : 0 }))
  assert.deepEqual(
    span.curve()?.intervals.map(({ did }) => did?.degradedTags),
    [3, 0],
  )
})

test('of a number space it is the fullest in a step, and the step under way ends as full as it is', () => {
  const span = new FigureSpan(HOUR, EVERY_MS)
  for (let seconds = 0; seconds <= 70; seconds += 2)
    span.add(look(seconds, { rangeUsedMost: seconds === 8 ? 0.9 : seconds / 1000 }))
  assert.deepEqual(
    span.curve()?.intervals.map(({ did }) => did?.rangeUsedMost),
    [0.9, 0.06, 0.07],
  )
})

test('a number space of which nothing is known has no height, and one look that knows it is enough for a step', () => {
  const span = new FigureSpan(HOUR, EVERY_MS)
  for (let seconds = 0; seconds <= 70; seconds += 2)
    span.add(look(seconds, { rangeUsedMost: seconds === 40 ? 0.5 : undefined }))
  assert.deepEqual(
    span.curve()?.intervals.map(({ did }) => did?.rangeUsedMost),
    [undefined, 0.5, undefined],
  )
})

test('a process that stood still has a gap there, not the average of the time', () => {
  const span = new FigureSpan(SPAN_LENGTHS['5m'], EVERY_MS)
  for (const seconds of [0, 2, 4, 64, 66]) span.add(look(seconds))
  assert.deepEqual(
    span.curve()?.intervals.map(({ did }) => did !== undefined),
    [true, true, false, true],
  )
})

test('a wall clock that is set, or a machine that slept, makes no rate of it', () => {
  const span = new FigureSpan(SPAN_LENGTHS['5m'], EVERY_MS)
  span.add(look(0))
  span.add(look(2))
  span.add(look(4, { atMs: START_MS + 3001 }))
  // Back by a minute: what was drawn to the right of it is forgotten.
  span.add(look(6, { atMs: START_MS - 60_000 }))
  assert.deepEqual(span.curve()?.intervals, [])
  span.add(look(8, { atMs: START_MS - 58_000 }))
  assert.deepEqual(
    span.curve()?.intervals.map(({ did }) => did?.ids),
    [10],
  )
})

test('whatever clocks do, a curve goes from left to right without a break, and is bounded', () => {
  const pause = fc.integer({ min: -3_600_000, max: 3_600_000 })
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(EVERY_MS), pause), { maxLength: 400 }), (pauses) => {
      const span = new FigureSpan(HOUR, EVERY_MS)
      let [atMs, passedMs] = [START_MS, 0]
      for (const [at, ms] of pauses.entries()) {
        atMs += ms
        passedMs += Math.max(0, ms)
        span.add(look(at, { atMs, passedMs }))
        const curve = span.curve()
        assert.ok(curve !== undefined)
        assert.equal(curve.toMs, atMs)
        const { intervals, fromMs } = curve
        for (const [i, one] of intervals.entries()) {
          assert.ok(one.fromMs < one.untilMs && one.untilMs > fromMs)
          if (i > 0) assert.equal(one.fromMs, intervals[i - 1]?.untilMs)
          assert.ok(one.did === undefined || one.did.ids >= 0)
        }
        if (intervals.length > 0) assert.equal(intervals.at(-1)?.untilMs, atMs)
        assert.ok(span.kept <= keptMost(HOUR))
      }
    }),
    { numRuns: 50 },
  )
})
