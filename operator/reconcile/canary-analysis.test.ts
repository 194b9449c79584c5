import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGenerator } from '../api/kinds.ts'
import { DEFAULT_SPEC, sampleGenerator } from '../render/sample-installations.ts'
import { ManualClock, settle } from '../runtime/manual-clock.ts'
import { keptLog } from '../runtime/scripted-kube.ts'
import type { GetLimits } from './bounded-get.ts'
import { CanaryAnalysis } from './canary-analysis.ts'
import type { WatchedCanary } from './canary-watch.ts'
import type { Pod } from './kube-kinds.ts'

function pod(name: string, ip: string, ready = true): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: '1' },
    status: { podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}

const NO_DEPLOYMENT = { createdAt: '', record: undefined, deployment: undefined }

/** Pods answer 100 requests a second; `failing` by address fail one in two. */
function world(analysis: Partial<IdGenerator['spec']['canary']['analysis']> = {}) {
  const clock = new ManualClock()
  const { log, lines } = keptLog()
  const judged: string[] = []
  const asked: string[] = []
  const trusted: GetLimits['trust'][] = []
  const failing = new Set<string>()
  const silent = new Set<string>()
  const prometheus = { answer: (_url: string): string => '{}' }
  const startMs = clock.nowMs()
  const analyses = new CanaryAnalysis({
    clock,
    log,
    get: async (url, { trust }) => {
      asked.push(url)
      if (url.startsWith('https:')) trusted.push(trust)
      const { hostname } = new URL(url)
      if (silent.has(hostname)) throw new Error(`${url}: no answer within 3000 ms`)
      if (url.includes('/api/v1/query')) return prometheus.answer(url)
      const requests = (clock.nowMs() - startMs) / 10
      const failed = failing.has(hostname) ? requests / 2 : 0
      return [
        'process_start_time_seconds 1',
        `idgen_generate_requests_total ${requests - failed}`,
        `idgen_generate_failures_total ${failed}`,
      ].join('\n')
    },
    onJudged: (key) => judged.push(key),
  })
  const { canary } = DEFAULT_SPEC
  const generator: IdGenerator = sampleGenerator({
    canary: {
      ...canary,
      analysis: { ...canary.analysis, metrics: [{ name: 'errorRate', max: '0.01' }], ...analysis },
    },
  })
  const subject = (dueAtMs: number, stable: string | undefined = 'r1'): WatchedCanary => ({
    generator,
    request: { canary: 'r2', stable, dueAtMs, sinceMs: startMs },
    ca: 'AUTHORITY',
    known: new Map([
      ['r1', { ...NO_DEPLOYMENT, revision: 'r1', pods: [pod('s', '10.0.0.1')] }],
      [
        'r2',
        { ...NO_DEPLOYMENT, revision: 'r2', pods: [pod('c', '10.0.0.2'), pod('late', '10.0.0.3', false)] },
      ],
    ]),
  })
  const dueIn = (ms: number): WatchedCanary => subject(clock.nowMs() + ms)
  return { clock, analyses, asked, trusted, judged, failing, silent, prometheus, lines, subject, dueIn }
}

describe('canary analysis', () => {
  test('it looks every ten seconds and judges when it is due, once a request', async () => {
    const { clock, analyses, asked, judged, dueIn } = world()
    analyses.watch('ns/g', dueIn(60_000))
    await settle()
    assert.deepEqual(asked, ['http://10.0.0.2:9464/metrics', 'http://10.0.0.1:9464/metrics'])
    await clock.advance(59_000)
    assert.equal(analyses.latest('ns/g'), undefined)
    await clock.advance(1000)
    assert.equal(analyses.latest('ns/g')?.verdict, 'Pass')
    assert.deepEqual(judged, ['ns/g'])
    await clock.advance(30_000)
    assert.deepEqual(judged, ['ns/g'], 'the same request is one judgement')
    analyses.watch('ns/g', dueIn(0))
    await clock.advance(500)
    assert.deepEqual(judged, ['ns/g', 'ns/g'])
    analyses.close()
    assert.equal(clock.pending, 0)
  })

  test('pods are asked over TLS or without, as each was made', async () => {
    const { clock, analyses, asked, trusted, dueIn } = world()
    const due = dueIn(60_000)
    const made = pod('c', '10.0.0.2')
    const annotations = { 'idgen.io/metrics-scheme': 'https' }
    const encrypted = { ...made, metadata: { ...made.metadata, annotations } }
    const known = new Map([...due.known, ['r2', { ...NO_DEPLOYMENT, revision: 'r2', pods: [encrypted] }]])
    analyses.watch('ns/g', { ...due, known })
    await clock.advance(60_000)
    assert.deepEqual(asked.slice(0, 2), ['https://10.0.0.2:9464/metrics', 'http://10.0.0.1:9464/metrics'])
    assert.deepEqual(trusted[0], { servername: 'orders.shop.svc', ca: 'AUTHORITY' })
    assert.equal(analyses.latest('ns/g')?.verdict, 'Pass')
    analyses.close()
  })

  test('a canary that fails requests is told with its numbers', async () => {
    const { clock, analyses, failing, dueIn } = world()
    failing.add('10.0.0.2')
    analyses.watch('ns/g', dueIn(60_000))
    await clock.advance(60_000)
    const judgement = analyses.latest('ns/g')
    assert.equal(judgement?.verdict, 'Fail')
    assert.deepEqual(judgement?.metrics, [
      { name: 'errorRate', canary: '0.5', stable: '0', samples: 6000, verdict: 'Fail' },
    ])
    analyses.close()
  })

  test('a canary that answers well and restarts again and again fails', async () => {
    const { clock, analyses, dueIn } = world()
    const crashing = (restartCount: number): Pod => {
      const [found] = [pod('c', '10.0.0.2')]
      const creationTimestamp = new Date(clock.nowMs()).toISOString()
      return {
        ...found,
        metadata: { ...found.metadata, creationTimestamp },
        status: { ...found.status, containerStatuses: [{ name: 'idgen', restartCount }] },
      }
    }
    const due = dueIn(60_000)
    const withPods = (pods: Pod[]): WatchedCanary => ({
      ...due,
      known: new Map([...due.known, ['r2', { ...NO_DEPLOYMENT, revision: 'r2', pods }]]),
    })
    analyses.watch('ns/g', withPods([crashing(4)]))
    await clock.advance(60_000)
    const judgement = analyses.latest('ns/g')
    assert.equal(judgement?.verdict, 'Fail')
    assert.match(judgement.message, /^restarts are 4 in 1m of 1 pods, above 3; stable: 0/)
    assert.deepEqual(
      judgement.metrics.map(({ name, verdict }) => [name, verdict]),
      [
        ['errorRate', 'Pass'],
        ['restarts', 'Fail'],
      ],
    )
    analyses.close()
  })

  test('what was due long ago, as after a restart of the operator, is judged from a whole interval', async () => {
    const { clock, analyses, dueIn } = world()
    analyses.watch('ns/g', dueIn(-3_600_000))
    await clock.advance(29_000)
    assert.equal(analyses.latest('ns/g'), undefined)
    await clock.advance(1000)
    assert.equal(analyses.latest('ns/g')?.metrics[0]?.samples, 3000)
    analyses.close()
  })

  test('pods that do not answer are an error, and say which', async () => {
    const { clock, analyses, silent, dueIn } = world()
    silent.add('10.0.0.2')
    analyses.watch('ns/g', dueIn(60_000))
    await clock.advance(60_000)
    const judgement = analyses.latest('ns/g')
    assert.equal(judgement?.verdict, 'Error')
    assert.match(judgement?.message ?? '', /no pod of r2.*c: .*no answer/)
    analyses.close()
  })

  test('another canary is another observation, and what is not watched any more is forgotten', async () => {
    const { clock, analyses, dueIn, subject } = world()
    analyses.watch('ns/g', dueIn(60_000))
    await clock.advance(60_000)
    const other = subject(clock.nowMs() + 60_000)
    analyses.watch('ns/g', { ...other, request: { ...other.request, canary: 'r3' } })
    assert.equal(analyses.latest('ns/g'), undefined)
    analyses.watch('ns/g', undefined)
    await settle()
    assert.equal(clock.pending, 0)
  })

  test('reconciles that come all the time do not put the look off', async () => {
    const { clock, analyses, judged, dueIn } = world()
    const due = dueIn(60_000)
    for (let ms = 0; ms < 70_000; ms += 200) {
      analyses.watch('ns/g', due)
      await clock.advance(200)
    }
    assert.deepEqual(judged, ['ns/g'])
    analyses.close()
  })

  test('a metric with a query is asked of Prometheus, for both revisions', async () => {
    const { clock, analyses, asked, prometheus, dueIn } = world({
      provider: 'Prometheus',
      prometheusUrl: 'http://prometheus:9090/',
      metrics: [{ name: 'cpu', query: 'sum(x{r="$revision",n="$namespace"})', max: '2' }],
    })
    const scalar = (value: string): string =>
      `{"status":"success","data":{"resultType":"scalar","result":[1,"${value}"]}}`
    prometheus.answer = (url) => scalar(url.includes('r2') ? '3' : '1')
    analyses.watch('ns/g', dueIn(60_000))
    await clock.advance(60_000)
    const judgement = analyses.latest('ns/g')
    assert.deepEqual([judgement?.verdict, judgement?.metrics[0]?.canary], ['Fail', '3'])
    const queries = asked
      .filter((url) => url.includes('query='))
      .map((url) => new URL(url).searchParams.get('query'))
    assert.deepEqual(queries, ['sum(x{r="r2",n="shop"})', 'sum(x{r="r1",n="shop"})'])
    analyses.close()
  })

  test('a canary with requests that Prometheus does not see is not judged well, until it does', async () => {
    const { clock, analyses, prometheus, dueIn } = world({
      provider: 'Prometheus',
      prometheusUrl: 'http://prometheus:9090/',
      metrics: [{ name: 'cpu', query: 'sum(x{r="$revision"})', max: '2' }],
    })
    const vector = (result: readonly object[]): string =>
      JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
    const one = vector([{ metric: {}, value: [1, '1'] }])
    // As where it asks pods in the clear whose metrics port speaks TLS by now.
    prometheus.answer = (url) => (url.includes('r2') ? vector([]) : one)
    analyses.watch('ns/g', dueIn(60_000))
    await clock.advance(60_000)
    const unseen = analyses.latest('ns/g')
    assert.equal(unseen?.verdict, 'Inconclusive')
    assert.match(
      unseen.message,
      /^cpu says nothing: the query gives no series, and the pods had 6000 requests$/,
    )
    prometheus.answer = () => one
    analyses.watch('ns/g', dueIn(60_000))
    await clock.advance(60_000)
    assert.equal(analyses.latest('ns/g')?.verdict, 'Pass')
    analyses.close()
  })
})
