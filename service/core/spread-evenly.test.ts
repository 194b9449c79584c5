import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DURATION_BOUNDS, DurationHistogram } from './duration-histogram.ts'
import { Phases, spreadEvenly } from './spread-evenly.ts'

const PHASE = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a thousand over 20 ms: as many in each class as it is wide', () => {
  const classes = spreadEvenly(1000, 20, 0.5, DURATION_BOUNDS)
  assert.deepEqual(classes.slice(0, 6), [50, 75, 125, 250, 500, 0])
})

test('what lies beyond the last bound is in the open class', () => {
  const classes = spreadEvenly(60, 60_000, 0, DURATION_BOUNDS)
  assert.equal(classes.at(-1), 55)
})

test('counts add up, none is below zero, and none is in a class beyond the latest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.double({ min: 0.1, max: 60_000, noNaN: true }),
      PHASE,
      (count, withinMs, phase) => {
        const classes = spreadEvenly(count, withinMs, phase, DURATION_BOUNDS)
        assert.equal(classes.length, DURATION_BOUNDS.length + 1)
        assert.ok(classes.every((one) => Number.isInteger(one) && one >= 0))
        assert.equal(
          classes.reduce((sum, one) => sum + one, 0),
          count,
        )
        const beyond = classes.filter((_, at) => at > 0 && (DURATION_BOUNDS[at - 1] ?? 0) * 1000 >= withinMs)
        assert.ok(beyond.every((one) => one === 0))
      },
    ),
  )
})

test('in a histogram they make classes that never fall, and half of the latest in the mean', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 1, max: 60_000, noNaN: true }), PHASE),
        {
          maxLength: 20,
        },
      ),
      (pauses) => {
        const histogram = new DurationHistogram()
        let [requests, seconds] = [0, 0]
        for (const [count, withinMs, phase] of pauses) {
          const before = histogram.counts(0)
          histogram.observeSpread(count, withinMs, phase)
          requests += count
          seconds += (count * withinMs) / 2000
          const { atMost, count: counted } = histogram.counts(0)
          assert.ok(atMost.every((upTo, at) => upTo >= (atMost[at - 1] ?? 0) && upTo <= counted))
          assert.ok(atMost.every((upTo, at) => upTo >= (before.atMost[at] ?? 0)))
        }
        const { count, sumSeconds } = histogram.counts(0)
        assert.equal(count, requests)
        assert.ok(Math.abs(sumSeconds - seconds) <= 1e-9 * Math.max(1, seconds))
      },
    ),
  )
})

test('single requests, each after a pause of its own, lie over all of it', () => {
  const phases = new Phases()
  const histogram = new DurationHistogram()
  for (let pause = 0; pause < 1000; pause += 1) histogram.observeSpread(1, 100, phases.next())
  const { atMost } = histogram.counts(0)
  const upTo50 = atMost[DURATION_BOUNDS.indexOf(0.05)] ?? 0
  const upTo10 = atMost[DURATION_BOUNDS.indexOf(0.01)] ?? 0
  assert.ok(Math.abs(upTo50 - 500) <= 5 && Math.abs(upTo10 - 100) <= 5, `${upTo10} ${upTo50}`)
})
