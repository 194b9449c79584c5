import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fillQuery, readPrometheusAnswer } from './prometheus-answer.ts'

function vector(...values: string[]): unknown {
  const result = values.map((value) => ({ metric: {}, value: [1_700_000_000, value] }))
  return { status: 'success', data: { resultType: 'vector', result } }
}

describe('an answer of Prometheus', () => {
  test('is the one number in it', () => {
    assert.deepEqual(readPrometheusAnswer(vector('0.25'), 7), { samples: 7, value: 0.25 })
    const scalar = { status: 'success', data: { resultType: 'scalar', result: [1, '3'] } }
    assert.deepEqual(readPrometheusAnswer(scalar, 7), { samples: 7, value: 3 })
    assert.equal(readPrometheusAnswer(vector('+Inf'), 7).value, Number.POSITIVE_INFINITY)
    assert.ok(Number.isNaN(readPrometheusAnswer(vector('NaN'), 7).value))
  })

  test('without a series is no value, and with several says nothing', () => {
    assert.deepEqual(readPrometheusAnswer(vector(), 7), { samples: 7, unseen: true })
    assert.match(readPrometheusAnswer(vector('1', '2'), 7).unclear ?? '', /gives 2 series/)
    const matrix = { status: 'success', data: { resultType: 'matrix', result: [] } }
    assert.match(readPrometheusAnswer(matrix, 7).unclear ?? '', /gives a matrix/)
  })

  test('that is an error, or none at all, is told as such', () => {
    const refused = { status: 'error', errorType: 'bad_data', error: 'parse error at char 3' }
    assert.match(readPrometheusAnswer(refused, 7).error ?? '', /parse error at char 3/)
    for (const body of [
      null,
      'text',
      [],
      {},
      { status: 'success' },
      { status: 'success', data: { resultType: 'scalar' } },
    ])
      assert.ok(readPrometheusAnswer(body, 7).error !== undefined, JSON.stringify(body))
    for (const errorType of ['timeout', 'canceled', 'execution', 'internal', 'unavailable', 'not_found'])
      assert.equal(
        readPrometheusAnswer({ status: 'error', errorType, error: 'why' }, 7).error,
        'Prometheus: why',
      )
    const long = { status: 'error', errorType: 'execution', error: 'x'.repeat(10_000) }
    assert.ok((readPrometheusAnswer(long, 7).error ?? '').length < 400)
    const odd = { status: 'success', data: { resultType: 'vector', result: [null] } }
    assert.match(readPrometheusAnswer(odd, 7).error ?? '', /without a value/)
  })
})

describe('an answer of another server', () => {
  test('is quoted in nothing', () => {
    for (const body of [
      { error: 'secret' },
      { status: 'secret' },
      { status: 'secret', error: 'secret' },
      { status: 'secret', errorType: 'bad_data', error: 'secret' },
      { status: 'error', error: 'secret' },
      { status: 'error', errorType: 'secret', error: 'secret' },
      { status: 'error', errorType: 'bad_data', error: { secret: 'secret' } },
      { status: 'error', errorType: ['bad_data'], error: 'secret' },
      { status: 'success', data: 'secret' },
      { status: 'success', data: { resultType: 'secret', result: 'secret' } },
      { status: 'success', data: { resultType: 'vector', result: 'secret' } },
      { status: 'success', data: { resultType: 'vector', result: [{ value: 'secret' }] } },
      { status: 'success', data: { resultType: 'scalar', result: [1, 'secret'] } },
    ])
      assert.doesNotMatch(JSON.stringify(readPrometheusAnswer(body, 7)), /secret/, JSON.stringify(body))
  })
})

describe('a query', () => {
  test('has the names filled in wherever they stand', () => {
    assert.equal(
      fillQuery('a{r="$revision",n="$namespace"}/b{r="$revision"}', { revision: 'r2', namespace: 'shop' }),
      'a{r="r2",n="shop"}/b{r="r2"}',
    )
  })
})
