import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type MetricBound, VERDICTS, type Verdict, worst } from './analysis-verdict.ts'
import { judgeCanary, type MeasuredMetric, type MetricReading } from './judge-canary.ts'

const ABOUT = { canary: 'r2', atMs: 1000, minSamples: 100, duplicates: 0 }

function reading(value?: number, samples = 100): MetricReading {
  return { samples, ...(value === undefined ? {} : { value }) }
}

function verdictOf(bound: Omit<MetricBound, 'name'>, canary: MetricReading, stable?: MetricReading): Verdict {
  const metric: MeasuredMetric = {
    bound: { name: 'm', ...bound },
    canary,
    ...(stable === undefined ? {} : { stable }),
  }
  return judgeCanary(ABOUT, [metric]).verdict
}

describe('one metric', () => {
  test('is judged as in this table', () => {
    const max = { max: 10 }
    const ratio = { maxRatioToStable: 2 }
    const both = { max: 10, maxRatioToStable: 2 }
    const error = { samples: 100, error: 'timeout' }
    const unclear = { samples: 100, unclear: 'two series' }
    const unseen = { samples: 100, unseen: true }
    const table: readonly [Omit<MetricBound, 'name'>, MetricReading, MetricReading | undefined, Verdict][] = [
      [max, reading(9), reading(1), 'Pass'],
      [max, reading(10), undefined, 'Pass'],
      [max, reading(10.01), undefined, 'Fail'],
      [max, reading(0), undefined, 'Pass'],
      [max, reading(99, 99), undefined, 'NoData'],
      [max, reading(99, 0), undefined, 'NoData'],
      [max, reading(), undefined, 'NoData'],
      [max, reading(Number.NaN), undefined, 'Inconclusive'],
      [max, reading(Number.POSITIVE_INFINITY), undefined, 'Inconclusive'],
      [max, { ...reading(20), range: { low: 10, high: 30 } }, undefined, 'NoData'],
      [max, { ...reading(20), range: { low: 11, high: 30 } }, undefined, 'Fail'],
      [max, { ...reading(9), range: { low: 5, high: 30 } }, undefined, 'Pass'],
      [ratio, { ...reading(30), range: { low: 19, high: 40 } }, reading(10), 'NoData'],
      [ratio, { ...reading(30), range: { low: 21, high: 40 } }, reading(10), 'Fail'],
      [ratio, reading(30), { ...reading(10), range: { low: 5, high: 15 } }, 'NoData'],
      [ratio, reading(31), { ...reading(10), range: { low: 5, high: 15 } }, 'Fail'],
      [max, { ...reading(5), atLeast: true }, undefined, 'Inconclusive'],
      [max, { ...reading(11), atLeast: true }, undefined, 'Fail'],
      [max, error, undefined, 'Error'],
      [max, unclear, undefined, 'Inconclusive'],
      [max, unseen, undefined, 'Inconclusive'],
      [max, { ...unseen, samples: 99 }, undefined, 'NoData'],
      [max, reading(9), unseen, 'Pass'],
      [ratio, unseen, reading(10), 'Inconclusive'],
      [ratio, reading(21), unseen, 'Inconclusive'],
      [ratio, reading(21), { ...unseen, samples: 99 }, 'NoData'],
      [both, reading(11), unseen, 'Fail'],
      [ratio, reading(20), reading(10), 'Pass'],
      [ratio, reading(21), reading(10), 'Fail'],
      [ratio, reading(21), reading(10, 99), 'NoData'],
      [ratio, reading(21), reading(), 'NoData'],
      [ratio, reading(21), reading(Number.NaN), 'Inconclusive'],
      [ratio, reading(21), error, 'Error'],
      [ratio, reading(21), { ...reading(10), atLeast: true }, 'Inconclusive'],
      [ratio, reading(5), { ...reading(10), atLeast: true }, 'Pass'],
      [ratio, reading(21), undefined, 'Pass'],
      [ratio, reading(0), reading(0), 'Pass'],
      [ratio, reading(0.001), reading(0), 'Inconclusive'],
      [both, reading(5), reading(0), 'Pass'],
      [both, reading(9), reading(4), 'Fail'],
      [both, reading(11), reading(10), 'Fail'],
      // Stable breaks the maximum itself: it is not the canary's fault, and the canary may be the better one.
      [both, reading(15), reading(20), 'Pass'],
      [both, reading(40), reading(20), 'Pass'],
      [both, reading(41), reading(20), 'Fail'],
      [both, reading(19), reading(10.01), 'Pass'],
      [both, reading(15), reading(20, 99), 'Fail'],
      [both, reading(15), reading(Number.NaN), 'Fail'],
      [max, reading(20), reading(10), 'Fail'],
      [max, reading(40), reading(20), 'Pass'],
      [max, reading(41), reading(20), 'Fail'],
      [{ max: 0 }, reading(1), reading(0), 'Fail'],
      [both, { ...reading(30), atLeast: true }, reading(20), 'Inconclusive'],
      [both, { ...reading(30), atLeast: true }, { ...reading(30), atLeast: true }, 'Pass'],
      [both, reading(11), reading(10, 3), 'Fail'],
      [both, reading(9), reading(10, 3), 'NoData'],
      [both, reading(9), reading(5), 'Pass'],
    ]
    for (const [bound, canary, stable, verdict] of table)
      assert.equal(verdictOf(bound, canary, stable), verdict, JSON.stringify([bound, canary, stable]))
  })

  test('of waits is no multiple of stable while both are quick', () => {
    const of = (name: string, value: number): string => {
      const bound = { name, max: 10, maxRatioToStable: 2 }
      return judgeCanary(ABOUT, [{ bound, canary: reading(value), stable: reading(0.99) }]).verdict
    }
    assert.equal(of('p99Milliseconds', 4.9), 'Pass')
    assert.equal(of('p99Milliseconds', 5.1), 'Fail')
    assert.equal(of('errorRate', 4.9), 'Fail')
  })
})

describe('a judgement', () => {
  test('is as bad as its worst metric, and says what is wrong with which', () => {
    const metrics: MeasuredMetric[] = [
      { bound: { name: 'errorRate', max: 0.01 }, canary: reading(0.034567), stable: reading(0) },
      { bound: { name: 'p99Milliseconds', maxRatioToStable: 2 }, canary: reading(30), stable: reading(4) },
      { bound: { name: 'degradedShare', max: 0.01 }, canary: reading(0), stable: reading(0) },
    ]
    const { verdict, message, fatal, metrics: judged } = judgeCanary(ABOUT, metrics)
    assert.equal(verdict, 'Fail')
    assert.equal(fatal, false)
    assert.equal(
      message,
      'errorRate is 0.03457, above 0.01; p99Milliseconds is 30, 7.5 times that of stable (4), above 2',
    )
    assert.deepEqual(judged[0], {
      name: 'errorRate',
      canary: '0.03457',
      stable: '0',
      samples: 100,
      verdict: 'Fail',
    })
    assert.equal(judged[2]?.verdict, 'Pass')
  })

  test('orders verdicts from pass to fail', () => {
    for (const [at, one] of VERDICTS.entries())
      for (const [than, other] of VERDICTS.entries())
        assert.equal(worst([one, other]), VERDICTS[Math.max(at, than)])
    assert.equal(worst([]), 'Pass')
  })

  test('of a revision that handed an ID out twice is fatal, with however few requests', () => {
    const few: MeasuredMetric = { bound: { name: 'errorRate', max: 1 }, canary: reading(0, 1) }
    const { verdict, fatal, message } = judgeCanary({ ...ABOUT, duplicates: 1 }, [few])
    assert.deepEqual([verdict, fatal], ['Fail', true])
    assert.match(message, /^1 IDs were handed out twice; errorRate rests on 1 requests, 100 are needed$/)
  })

  test('cannot be had when the provider fails as a whole', () => {
    const { verdict, message } = judgeCanary({ ...ABOUT, error: 'connection refused' }, [])
    assert.deepEqual([verdict, message], ['Error', 'connection refused'])
  })

  test('of pods that restart too often fails, also where nobody answers for them', () => {
    const metric = { name: 'restarts', canary: '9', samples: 0, verdict: 'Fail' as const }
    const restarts = { metric, note: 'restarts are 9' }
    const well: MeasuredMetric = { bound: { name: 'errorRate', max: 1 }, canary: reading(0) }
    const judged = judgeCanary({ ...ABOUT, restarts }, [well])
    assert.deepEqual([judged.verdict, judged.fatal, judged.message], ['Fail', false, 'restarts are 9'])
    assert.deepEqual(judged.metrics[1], metric)
    const silent = judgeCanary({ ...ABOUT, restarts, error: 'no answer' }, [well])
    assert.deepEqual([silent.verdict, silent.message], ['Fail', 'restarts are 9; no answer'])
    const borne = { metric: { ...metric, verdict: 'Pass' as const }, note: '' }
    assert.deepEqual(judgeCanary({ ...ABOUT, restarts: borne }, [well]).message, '')
    assert.equal(judgeCanary({ ...ABOUT, restarts: borne, error: 'no answer' }, []).verdict, 'Error')
  })
})
