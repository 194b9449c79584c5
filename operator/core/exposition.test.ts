import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { DURATIONS, FAMILIES, readExposition } from './exposition.ts'

/** What prom-client prints, which is what the pods print. */
async function printed(): Promise<string> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const options = { help: 'h', registers: [registry] }
  const requests = new Counter({ ...options, name: FAMILIES.answered, labelNames: ['tag', 'algorithm'] })
  requests.inc({ tag: 'w/g/one', algorithm: 'segment' }, 3)
  requests.inc({ tag: 'odd "} \\ \n 99', algorithm: 'uuid-v7' }, 4)
  new Counter({ ...options, name: FAMILIES.failed }).inc(2)
  const durations = new Histogram({
    ...options,
    name: DURATIONS.replace('_bucket', ''),
    buckets: [0.001, 0.01],
    labelNames: ['protocol'],
  })
  for (const protocol of ['http', 'grpc'])
    for (const seconds of [0.0005, 0.005, 5]) durations.observe({ protocol }, seconds)
  return registry.metrics()
}

describe('an exposition', () => {
  test('of prom-client is read, summed over labels of any kind', async () => {
    const { processStart, ...counters } = readExposition(await printed())
    assert.ok((processStart ?? 0) > 1_600_000_000)
    assert.deepEqual(counters, {
      answered: 7,
      failed: 2,
      durations: new Map([
        [0.001, 2],
        [0.01, 4],
        [Number.POSITIVE_INFINITY, 6],
      ]),
    })
  })

  test('may have times, blanks, carriage returns, infinities and lines that are broken', () => {
    const text = [
      '# HELP idgen_generate_failures_total x',
      'idgen_generate_failures_total 1 1700000000000\r',
      '  idgen_generate_requests_total { tag = "a" } 1e2  ',
      'idgen_generate_requests_total{tag="b"} NaN',
      'idgen_generate_requests_total{tag="c" 5',
      'idgen_generate_requests_total{tag="d"} five',
      'idgen_generate_requests_total{tag="e"}',
      'idgen_generate_duration_seconds_bucket{tag="le=\\"7\\"",le="+Inf"} 3',
      'idgen_generate_duration_seconds_bucket{le="wide"} 3',
      'idgen_duplicate_ids_total 0',
      'other_total{le="1"} 8',
    ].join('\n')
    assert.deepEqual(readExposition(text), {
      answered: 100,
      failed: 1,
      duplicates: 0,
      durations: new Map([[Number.POSITIVE_INFINITY, 3]]),
    })
  })

  test('that is something else is refused, and so is one without an end', () => {
    assert.throws(() => readExposition('<html>not found</html>'), /no metrics in an answer of 22 characters/)
    assert.throws(() => readExposition(''), /no metrics/)
    assert.throws(() => readExposition('x'.repeat(16 * 1024 * 1024 + 1)), /more than 16777216/)
  })

  test('of whatever text never makes anything but counters or an error', () => {
    const piece = fc.oneof(
      fc.constantFrom(FAMILIES.answered, DURATIONS, '{', '}', 'le="', '"', '\\', ' ', '1', '\n', '#'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          const { answered = 0, durations } = readExposition(pieces.join(''))
          assert.ok(Number.isFinite(answered))
          for (const count of durations?.values() ?? []) assert.ok(Number.isFinite(count))
        } catch (thrown) {
          assert.match(String(thrown), /no metrics/)
        }
      }),
      { numRuns: 500 },
    )
  })
})
