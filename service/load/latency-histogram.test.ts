import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatencyHistogram } from './latency-histogram.ts'

const SHARES = [0.01, 0.5, 0.9, 0.99, 0.999, 1]

test('its percentiles are those of the sorted values, at most a class above and never below', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4_000_000_000 }), { minLength: 1 }), (units) => {
      const histogram = new LatencyHistogram()
      for (const value of units) histogram.record(value / 10_000)
      const sorted = units.toSorted((a, b) => a - b)
      for (const share of SHARES) {
        const exact = (sorted[Math.ceil(share * units.length) - 1] ?? 0) / 10_000
        const found = histogram.quantileMs(share)
        assert.ok(found >= exact && found <= exact * 1.001, `${share}: ${found} for ${exact}`)
      }
      assert.equal(histogram.maxMs, Math.max(...units) / 10_000)
    }),
  )
})

test('no class is wider than a thousandth of what is in it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), (units) => {
      const histogram = new LatencyHistogram()
      histogram.record(units / 10_000)
      const [only] = [...histogram.classes()]
      const upTo = Math.round((only?.upToMs ?? 0) * 10_000)
      assert.ok(upTo >= units && upTo - units <= units / 1000, `${units} is counted up to ${upTo}`)
    }),
  )
})

test('what a thread hands over adds up to what it recorded, and it begins anew', () => {
  const thread = new LatencyHistogram()
  for (const ms of [0.2, 3, 3, 40]) thread.record(ms)
  const whole = new LatencyHistogram()
  whole.add(thread.drain())
  thread.record(500)
  whole.add(thread.drain())
  assert.equal(thread.count, 0)
  assert.equal(thread.maxMs, 0)
  assert.equal(whole.count, 5)
  assert.equal(whole.maxMs, 500)
  assert.ok(Math.abs(whole.meanMs - 546.2 / 5) < 1e-9)
  assert.ok(Math.abs(whole.quantileMs(0.5) - 3) < 0.01)
})

test('a clock that was set and a wait beyond the range are counted at the ends', () => {
  const histogram = new LatencyHistogram()
  histogram.record(-5)
  histogram.record(Number.NaN)
  histogram.record(1e9)
  assert.equal(histogram.count, 3)
  assert.equal(histogram.quantileMs(0.5), 0)
  assert.equal(histogram.maxMs, (2 ** 32 - 1) / 10_000)
})
