import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nextStep } from './segment-step.ts'
import { STEP_MAX } from './tag.ts'

const bounds = { base: 1000, min: 100, max: 1_000_000 }

describe('dynamic step (R-1.3.2)', () => {
  const cases = [
    { qps: 0, cpu: 0, step: 1000 },
    { qps: 1000, cpu: 0, step: 1500 },
    { qps: 0, cpu: 1, step: 1300 },
    { qps: 1000, cpu: 1, step: 1950 },
    { qps: 1000, cpu: 0.5, step: 1725 },
    { qps: 1_000_000, cpu: 0, step: 501_000 },
    { qps: 10_000_000, cpu: 1, step: 1_000_000 },
  ]
  for (const { qps, cpu, step } of cases)
    test(`${qps} IDs/s at cpu ${cpu} asks for ${step}`, () => {
      assert.equal(nextStep(bounds, qps, cpu), step)
    })

  test('step 1 stays 1 where max is 1, and the maximum step is reached and never passed', () => {
    assert.equal(nextStep({ base: 1, min: 1, max: 1 }, 1e9, 1), 1)
    assert.equal(nextStep({ base: STEP_MAX, min: 1, max: STEP_MAX }, 1e9, 1), STEP_MAX)
  })

  test('what makes it larger is its base: the maximum only bounds it', () => {
    // docs/choosing-an-algorithm.md and three runbooks say so, with these figures.
    const of = (base: number, max: number, cpu: number) => nextStep({ base, min: 1, max }, 100_000, cpu)
    assert.deepEqual([of(1000, 1_000_000, 0), of(1000, 1_000_000, 1)], [51_000, 66_300])
    assert.equal(of(1000, STEP_MAX, 0), 51_000)
    assert.equal(of(1_000_000, 1_000_000, 1), 1_000_000)
  })

  test('a cpu share or a rate that is off is taken as the nearest sensible one', () => {
    assert.equal(nextStep(bounds, 0, 7), 1300)
    assert.equal(nextStep(bounds, 0, -1), 1000)
    assert.equal(nextStep(bounds, -5, 0), 1000)
  })

  test('the step is an integer within the bounds and grows with the load', () => {
    const load = fc.double({ min: 0, max: 1e8, noNaN: true })
    const cpu = fc.double({ min: 0, max: 1, noNaN: true })
    const step = fc.integer({ min: 1, max: STEP_MAX })
    fc.assert(
      fc.property(fc.tuple(step, step, step), load, load, cpu, (steps, a, b, share) => {
        const [min = 1, base = 1, max = 1] = steps.toSorted((x, y) => x - y)
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const asked = nextStep({ min, base, max }, high, share)
        assert.ok(Number.isInteger(asked) && asked >= min && asked <= max)
        assert.ok(nextStep({ min, base, max }, low, share) <= asked)
      }),
    )
  })
})
