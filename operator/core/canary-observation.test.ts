import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CanaryObservation, type PodsSeen } from './canary-observation.ts'
import type { PodCounters } from './exposition.ts'

const PLAN = {
  minSamples: 100,
  metrics: [
    { name: 'errorRate', max: 0.01 },
    { name: 'p99Milliseconds', max: 10, maxRatioToStable: 2 },
    { name: 'degradedShare', max: 0.01 },
  ],
}

/** A pod that answered so many, each within 5 ms. */
function pods(answered: number, failed = 0, more: PodCounters = {}): PodsSeen {
  const durations = new Map([
    [0.005, answered + failed],
    [Number.POSITIVE_INFINITY, answered + failed],
  ])
  return {
    counters: new Map([['pod', { processStart: 1, answered, failed, degraded: 0, durations, ...more }]]),
    errors: [],
  }
}

/** The same of which `late` took up to 20 ms. */
function slow(answered: number, late: number): PodsSeen {
  const durations = new Map([
    [0.005, answered - late],
    [0.02, answered],
    [Number.POSITIVE_INFINITY, answered],
  ])
  return pods(answered, 0, { durations })
}

const NONE: PodsSeen = { counters: new Map(), errors: ['pod-1: connection refused'] }

describe('the observation of a canary', () => {
  test('passes one that is as good as stable', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(5000))
    observation.observe(pods(100), pods(9000))
    const { verdict, metrics, message } = observation.judge(PLAN, 1)
    assert.deepEqual([verdict, message], ['Pass', ''])
    assert.deepEqual(
      metrics.map(({ name, canary, stable }) => [name, canary, stable]),
      [
        ['errorRate', '0', '0'],
        ['p99Milliseconds', '4.95', '4.95'],
        ['degradedShare', '0', '0'],
      ],
    )
  })

  test('fails one that refuses too many requests', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(0))
    observation.observe(pods(95, 5), pods(1000))
    const { verdict, message } = observation.judge(PLAN, 1)
    assert.equal(verdict, 'Fail')
    assert.match(message, /errorRate is 0\.05, above 0\.01/)
  })

  test('blames no canary for slow requests that may be chance, and waits for more', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(0))
    observation.observe(slow(100, 2), pods(100))
    const first = observation.judge(PLAN, 1)
    assert.equal(first.verdict, 'NoData')
    assert.match(first.message, /p99Milliseconds is .*above 10, which 100 requests do not prove/)
    assert.deepEqual(observation.requests, { canary: 100, stable: 100 })
    // 200 more that are as they should be: the window is the same one, and tells now.
    observation.observe(slow(300, 2), pods(300))
    assert.equal(observation.judge(PLAN, 2).verdict, 'Pass')
    observation.observe(slow(400, 12), pods(400))
    assert.equal(observation.judge(PLAN, 3).verdict, 'Fail')
  })

  test('waits for no more than twenty times the requests it needs', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(0))
    observation.observe(slow(2000, 35), pods(2000))
    assert.equal(observation.judge(PLAN, 1).verdict, 'NoData')
    assert.deepEqual(observation.requests, { canary: 0, stable: 0 })
  })

  test('keeps its window open until there are enough requests, then begins the next', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(0))
    observation.observe(pods(60), pods(1000))
    assert.equal(observation.judge(PLAN, 1).verdict, 'NoData')
    observation.observe(pods(110), pods(2000))
    assert.equal(observation.judge(PLAN, 2).verdict, 'Pass')
    observation.observe(pods(120), pods(3000))
    assert.match(observation.judge(PLAN, 3).message, /errorRate rests on 10 requests/)
  })

  test('compares with nothing where stable has no pods', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), undefined)
    observation.observe(pods(100), undefined)
    assert.equal(observation.judge(PLAN, 1).verdict, 'Pass')
  })

  test('has no data of a metric that the pods do not tell, and says so', () => {
    const observation = new CanaryObservation('r2')
    const bare = (answered: number): PodsSeen => ({ counters: new Map([['pod', { answered }]]), errors: [] })
    observation.observe(bare(0), bare(0))
    observation.observe(bare(500), bare(500))
    const { verdict, message } = observation.judge(PLAN, 1)
    assert.equal(verdict, 'NoData')
    assert.equal(message, 'p99Milliseconds is not told by the pods; degradedShare is not told by the pods')
  })

  test('is an error while no pod of the canary answers, and goes on when one does', () => {
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(0))
    observation.observe(NONE, pods(1000))
    const { verdict, message } = observation.judge(PLAN, 1)
    assert.equal(verdict, 'Error')
    assert.match(message, /no pod of r2 tells its metrics \(pod-1: connection refused\)/)
    observation.observe(pods(200), pods(2000))
    assert.equal(observation.judge(PLAN, 2).verdict, 'Pass')
  })

  test('asks Prometheus for what has a query, and judges the rest by the pods', () => {
    const plan = {
      minSamples: 100,
      metrics: [
        { name: 'cpu', query: 'x', max: 1 },
        { name: 'errorRate', max: 0.01 },
      ],
    }
    const observation = new CanaryObservation('r2')
    observation.observe(pods(0), pods(0))
    observation.observe(pods(100), pods(100))
    assert.match(observation.judge(plan, 1).message, /cpu says nothing: .*only the provider Prometheus/)
    observation.observe(pods(200), pods(200))
    const asked = new Map([['cpu', { canary: { value: 1.5, samples: 100 } }]])
    assert.equal(observation.judge(plan, 2, asked).message, 'cpu is 1.5, above 1')
  })
})
