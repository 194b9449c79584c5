import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MetricReading } from '../core/judge-canary.ts'
import { DEFAULT_SPEC, sampleGenerator } from '../render/sample-installations.ts'
import { askPrometheus } from './prometheus-query.ts'

/** What is read of the canary where `prometheusUrl` names this server and it answers with `page`, and what was asked of it. */
async function asked(
  prometheusUrl: string,
  page: string,
): Promise<{ reading: MetricReading | undefined; urls: readonly string[] }> {
  const { canary } = DEFAULT_SPEC
  const analysis = { ...canary.analysis, provider: 'Prometheus' as const, prometheusUrl }
  const urls: string[] = []
  const get = async (url: string): Promise<string> => {
    urls.push(url)
    return page
  }
  const watched = {
    generator: sampleGenerator({ canary: { ...canary, analysis } }),
    request: { canary: 'r2', stable: undefined, dueAtMs: 0, sinceMs: 0 },
    known: new Map(),
    ca: undefined,
  }
  const bounds = [{ name: 'cpu', query: 'up', max: 1 }]
  const { signal } = new AbortController()
  const readings = await askPrometheus(watched, bounds, { canary: 7, stable: 0 }, { get, signal })
  return { reading: readings.get('cpu')?.canary, urls }
}

const ONE = '{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}'

describe('an IdGenerator that names a server that is no Prometheus', () => {
  test('has it asked for the answer to a query, and for no page of its choice', async () => {
    for (const [named, wanted] of [
      ['http://prometheus:9090', 'http://prometheus:9090/api/v1/query?query=up'],
      ['http://prometheus/main/', 'http://prometheus/main/api/v1/query?query=up'],
      ['http://internal/latest/meta-data?x=', 'http://internal/latest/meta-data/api/v1/query?query=up'],
      ['http://internal/secret#', 'http://internal/secret/api/v1/query?query=up'],
      ['http://internal/a?query=b&c=d#e', 'http://internal/a/api/v1/query?query=up'],
    ] as const) {
      const { reading, urls } = await asked(named, ONE)
      assert.deepEqual(urls, [wanted])
      assert.deepEqual(reading, { samples: 7, value: 1 })
    }
  })

  test('has nobody asked at a link-local address', async () => {
    for (const host of ['169.254.169.254', '2852039166', '[fe80::1]', '[::ffff:169.254.169.254]']) {
      const { reading, urls } = await asked(`http://${host}/latest/meta-data`, ONE)
      assert.deepEqual(urls, [], host)
      assert.match(reading?.error ?? '', /link-local/, host)
    }
  })

  test('is told nothing of what stands there, and that it names nothing', async () => {
    for (const page of [
      'root:x:0:0',
      '<html>secret</html>',
      '"secret"',
      '["secret"]',
      '{"secret":1}',
      '{"status":"secret"}',
      '{"error":"secret"}',
    ]) {
      const { reading } = await asked('http://internal', page)
      assert.ok(reading?.error !== undefined && reading.value === undefined, page)
      assert.doesNotMatch(reading.error, /root|secret/)
    }
    const long = { status: 'success', data: { resultType: 'x'.repeat(10_000), result: [] } }
    const { reading } = await asked('http://internal', JSON.stringify(long))
    assert.ok((reading?.unclear ?? '').length < 100, reading?.unclear)
    const nothing = await asked('http://', ONE)
    assert.match(nothing.reading?.error ?? '', /Invalid URL/)
    assert.deepEqual(nothing.urls, [])
  })
})
