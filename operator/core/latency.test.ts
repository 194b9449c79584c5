import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { quantile, quantileRange } from './latency.ts'

const INF = Number.POSITIVE_INFINITY

describe('a quantile of a histogram', () => {
  test('lies in its bucket as Prometheus puts it there', () => {
    const durations = new Map([
      [0.001, 50],
      [0.01, 90],
      [0.1, 100],
      [INF, 100],
    ])
    assert.deepEqual(quantile(durations, 0.5), { seconds: 0.001, atLeast: false })
    assert.ok(Math.abs((quantile(durations, 0.7)?.seconds ?? 0) - 0.0055) < 1e-12)
    assert.ok(Math.abs((quantile(durations, 0.99)?.seconds ?? 0) - (0.01 + 0.09 * 0.9)) < 1e-12)
    assert.deepEqual(quantile(durations, 1), { seconds: 0.1, atLeast: false })
  })

  test('above the last bound is only known to be at least that', () => {
    assert.deepEqual(
      quantile(
        new Map([
          [0.1, 10],
          [INF, 100],
        ]),
        0.99,
      ),
      { seconds: 0.1, atLeast: true },
    )
    assert.deepEqual(quantile(new Map([[0.1, 10]]), 0.99)?.atLeast, false)
  })

  test('of nothing is none, and buckets that lag behind smaller ones do no harm', () => {
    assert.equal(quantile(new Map([[INF, 0]]), 0.99), undefined)
    assert.equal(quantile(new Map(), 0.99), undefined)
    const lagging = new Map([
      [1, 50],
      [2, 49],
      [4, 100],
    ])
    assert.deepEqual(quantile(lagging, 0.75), { seconds: 3, atLeast: false })
  })

  test('of few requests may lie far away, of many it cannot', () => {
    /** One in fifty takes 20 ms, the others 1 ms. */
    const range = (requests: number) =>
      quantileRange(
        new Map([
          [0.001, requests * 0.98],
          [0.02, requests],
          [INF, requests],
        ]),
        0.99,
      )
    assert.ok((range(100)?.low ?? 1) <= 0.001)
    assert.ok((range(10_000)?.low ?? 0) > 0.001)
    assert.equal(range(100)?.high, 0.02)
    assert.equal(quantileRange(new Map([[INF, 100]]), 0.99)?.high, INF)
    assert.equal(quantileRange(new Map([[INF, 0]]), 0.99), undefined)
  })
})
