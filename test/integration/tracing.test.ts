// Runs beside others: what it waits for has limits of many seconds, and nothing else is timed.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { grpc } from '../../sdk/grpc.ts'
import { type ClientOptions, type ClientTracer, IdgenClient } from '../../sdk/index.ts'
import { resp } from '../../sdk/resp.ts'
import { freePort, freePorts } from '../fixtures/free-ports.ts'
import { IdCalls } from '../fixtures/id-calls.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import { testRedis } from './redis-server.ts'
import { type CollectedSpan, TraceCollector } from './trace-collector.ts'

/** Traces of real processes, read back where they were sent to. */

const KEY = 'tracing-admin-key'
const TAG = 'demo/load/orders'

async function serve(t: TestContext, environment: Record<string, string>): Promise<ServiceProcess> {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_TRACING_EXPORTER: 'otlp',
    // What the tests do not ask for is not traced.
    IDGEN_TRACING_RATIO: '0',
    ...environment,
  })
  t.after(() => service.stop('SIGTERM'))
  const calls = new IdCalls(KEY, 5000, () => false)
  await makeTags(calls, service, { orders: { chain: ['segment'] } })
  calls.close()
  return service
}

function clientOf(t: TestContext, options: Partial<ClientOptions> & { endpoints: string }): IdgenClient {
  const client = new IdgenClient({ key: KEY, ...options })
  t.after(() => client.close())
  return client
}

/** Of the one trace of a test: the client's span is remembered, not exported. */
function testTracer(): {
  readonly tracer: ClientTracer
  readonly traceId: string
  readonly spanIds: string[]
} {
  const traceId = randomBytes(16).toString('hex')
  const spanIds: string[] = []
  const tracer: ClientTracer = {
    startSpan() {
      const spanId = randomBytes(8).toString('hex')
      spanIds.push(spanId)
      return { spanContext: () => ({ traceId, spanId, traceFlags: 1 }), setStatus() {}, end() {} }
    },
  }
  return { tracer, traceId, spanIds }
}

/** The names from the span with `name` up to the root, or to the client's. */
function pathOf(spans: readonly CollectedSpan[], name: string): string[] {
  const path: string[] = []
  for (
    let span = spans.find((one) => one.name.startsWith(name));
    span !== undefined && path.length < 20;
    span = spans.find(({ spanId }) => spanId === span?.parentSpanId)
  )
    path.push(span.name)
  return path
}

const has =
  (...names: string[]) =>
  (spans: readonly CollectedSpan[]): boolean =>
    names.every((name) => spans.some((span) => span.name.startsWith(name)))

const HTTP_SPAN = 'POST /v1/workspaces/:workspace/groups/:group/tags/:tag/ids'
const GRPC_SPAN = 'idgen.v1.IdService/GenerateBatch'

test('one trace leads from the client over HTTP to the statements of an allocation', async (t) => {
  const collector = await TraceCollector.start(t)
  const service = await serve(t, { IDGEN_TRACING_ENDPOINT: collector.endpoint })
  const { tracer, traceId, spanIds } = testTracer()
  await clientOf(t, { endpoints: service.httpOrigin, tracer }).numbers(TAG).batch(3)
  const spans = await collector.trace(traceId, has(HTTP_SPAN, 'COMMIT'))
  assert.deepEqual(pathOf(spans, 'COMMIT'), [
    'COMMIT',
    'postgresql: allocating a segment',
    'allocate a segment',
    'wait for a grant',
    HTTP_SPAN,
  ])
  const server = spans.find(({ name }) => name === HTTP_SPAN)
  assert.ok(server?.parentSpanId !== undefined && spanIds.includes(server.parentSpanId))
  assert.equal(server.kind, 2)
  assert.ok(!JSON.stringify(spans).includes(KEY), 'no key is exported')
})

test('one trace leads from the client over gRPC to the statements of an allocation', async (t) => {
  const collector = await TraceCollector.start(t)
  const service = await serve(t, { IDGEN_TRACING_ENDPOINT: collector.endpoint })
  const { tracer, traceId, spanIds } = testTracer()
  const endpoints = `grpc://${service.grpcAddress}`
  await clientOf(t, { endpoints, transport: grpc(), tracer }).numbers(TAG).batch(3)
  const spans = await collector.trace(traceId, has(GRPC_SPAN, 'COMMIT'))
  // The first look for numbers in memory has begun it; what waits for it is a step beside.
  assert.deepEqual(pathOf(spans, 'COMMIT').slice(-2), ['allocate a segment', GRPC_SPAN])
  const server = spans.find(({ name }) => name === GRPC_SPAN)
  assert.ok(server?.parentSpanId !== undefined && spanIds.includes(server.parentSpanId))
})

test('a call that a protocol thread answers is traced through the main thread to the database', async (t) => {
  const collector = await TraceCollector.start(t)
  const service = await serve(t, {
    IDGEN_TRACING_ENDPOINT: collector.endpoint,
    IDGEN_SERVER_THREADS: '2',
  })
  const { tracer, traceId } = testTracer()
  await clientOf(t, { endpoints: service.httpOrigin, tracer }).numbers(TAG).batch(3)
  const spans = await collector.trace(traceId, has(HTTP_SPAN, 'COMMIT', 'wait for a share'))
  assert.deepEqual(pathOf(spans, 'COMMIT').slice(-3), ['allocate a segment', 'wait for a share', HTTP_SPAN])
})

test('bursts of the Redis protocol are traced by ratio, with what they wait for', async (t) => {
  const collector = await TraceCollector.start(t)
  const service = await serve(t, {
    IDGEN_TRACING_ENDPOINT: collector.endpoint,
    IDGEN_TRACING_RATIO: '1',
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '1',
  })
  const socket = createConnection(service.respPort ?? 0, '127.0.0.1')
  t.after(() => socket.destroy())
  const answered = new Promise<string>((resolve) => {
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (/:\d+\r\n/.test(text)) resolve(text)
    })
  })
  socket.write(
    `*2\r\n$4\r\nAUTH\r\n$${KEY.length}\r\n${KEY}\r\n*2\r\n$4\r\nINCR\r\n$${TAG.length}\r\n${TAG}\r\n`,
  )
  await answered
  const span = await until(() =>
    collector.spans.find(({ name, attributes }) => name === 'RESP burst' && attributes.length > 0),
  )
  const spans = await collector.trace(span.traceId, has('COMMIT'))
  assert.deepEqual(pathOf(spans, 'COMMIT').slice(-2), ['wait for a grant', 'RESP burst'])
})

test('the client library tells its trace over the Redis protocol, in one thread and in several', async (t) => {
  for (const threads of ['1', '2']) {
    const collector = await TraceCollector.start(t)
    const service = await serve(t, {
      IDGEN_TRACING_ENDPOINT: collector.endpoint,
      IDGEN_SERVER_RESP_ENABLED: 'true',
      IDGEN_SERVER_THREADS: threads,
    })
    const { tracer, traceId, spanIds } = testTracer()
    const endpoints = `redis://127.0.0.1:${service.respPort}`
    await clientOf(t, { endpoints, transport: resp(), tracer }).numbers(TAG).batch(3)
    const spans = await collector.trace(traceId, has('COMMIT', 'RESP IDGEN.RUNS'))
    assert.equal(pathOf(spans, 'COMMIT').at(-1), 'RESP IDGEN.RUNS')
    assert.ok(spanIds.includes(spans.find(({ name }) => name === 'RESP IDGEN.RUNS')?.parentSpanId ?? ''))
  }
})

test('a collector that is away is never felt, and its spans are exported when it is back', async (t) => {
  const collector = await TraceCollector.start(t)
  collector.status = 503
  const service = await serve(t, { IDGEN_TRACING_ENDPOINT: collector.endpoint })
  const { tracer, traceId } = testTracer()
  const client = clientOf(t, { endpoints: service.httpOrigin, tracer })
  assert.equal((await client.numbers(TAG).batch(3)).length, 3)
  await until(() => service.log.find(({ msg }) => msg === 'spans of traces cannot be exported now'))
  collector.status = 200
  await collector.trace(traceId, has(HTTP_SPAN))
  // Counted once the collector has answered, a moment after it has the spans.
  await until(async () => {
    const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
    return /idgen_trace_spans_total\{outcome="exported"\} [1-9]/.test(metrics) || undefined
  })
})

test('spans that wait are exported at the stop', async (t) => {
  const collector = await TraceCollector.start(t)
  const service = await serve(t, { IDGEN_TRACING_ENDPOINT: collector.endpoint })
  const { tracer, traceId } = testTracer()
  await clientOf(t, { endpoints: service.httpOrigin, tracer }).numbers(TAG).batch(3)
  assert.equal(await service.stop('SIGTERM'), 0)
  assert.ok(collector.spans.some((span) => span.traceId === traceId && span.name === HTTP_SPAN))
})

const JAEGER =
  process.env['IDGEN_TEST_JAEGER'] ?? fileURLToPath(new URL('../../.cache/servers/jaeger', import.meta.url))
const NO_JAEGER = existsSync(JAEGER)
  ? false
  : leftOut(
      'Jaeger is not here: scripts/install-servers.sh tracing builds it, or IDGEN_TEST_JAEGER names a jaeger-all-in-one 1.62',
    )

test('traces with SQL, etcd and Redis are read back complete from a real Jaeger', {
  skip: NO_JAEGER,
}, async (t) => {
  const [jaeger, etcd, redis] = await Promise.all([startJaeger(t), testEtcd(), testRedis()])
  const service = await serve(t, {
    IDGEN_TRACING_ENDPOINT: `http://127.0.0.1:${jaeger.otlp}/v1/traces`,
    IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(),
    IDGEN_REDIS_ENDPOINTS: redis.endpoints.join(),
    // A call to Redis that is late is no failure of this test.
    IDGEN_REDIS_TIMEOUT: '5s',
  })
  t.after(() => etcd.close())
  const { tracer, traceId, spanIds } = testTracer()
  await clientOf(t, { endpoints: service.httpOrigin, tracer }).numbers(TAG).batch(3)
  const allocating = ['postgresql: allocating a segment', 'allocate a segment', 'wait for a grant', HTTP_SPAN]
  const wanted = {
    COMMIT: ['COMMIT', ...allocating],
    'etcd: changing': ['etcd: changing', ...allocating],
    'redis: taking a segment block': ['redis: taking a segment block', ...allocating.slice(1)],
  }
  const steps = Object.keys(wanted)
  // Spans come as they end, so a trace is there from its leaves on.
  const spans = await until(async () => {
    const answer = await fetch(`http://127.0.0.1:${jaeger.query}/api/traces/${traceId}`)
    if (!answer.ok) return undefined
    const { data } = (await answer.json()) as { data: { spans: JaegerSpan[] }[] }
    const found = data[0]?.spans ?? []
    return steps.every((step) => pathInJaeger(found, step).names.at(-1) === HTTP_SPAN) ? found : undefined
  })
  for (const [step, names] of Object.entries(wanted)) {
    const path = pathInJaeger(spans, step)
    assert.deepEqual(path.names, names)
    assert.ok(spanIds.includes(path.above ?? ''), 'the last parent is the client')
  }
})

/** The names from the span with `name` upwards, and the id of the span above that is not there. */
function pathInJaeger(
  spans: readonly JaegerSpan[],
  name: string,
): { readonly names: readonly string[]; readonly above: string | undefined } {
  const names: string[] = []
  let above: string | undefined
  let span = spans.find(({ operationName }) => operationName === name)
  while (span !== undefined && names.length < 20) {
    names.push(span.operationName)
    above = span.references[0]?.spanID
    span = spans.find(({ spanID }) => spanID === above)
  }
  return { names, above }
}

const ZIPKIN =
  process.env['IDGEN_TEST_ZIPKIN'] ??
  fileURLToPath(new URL('../../.cache/servers/zipkin-3.4.4.jar', import.meta.url))
const NO_ZIPKIN = existsSync(ZIPKIN)
  ? false
  : leftOut(
      'Zipkin is not here: scripts/install-servers.sh tracing fetches it (Maven), or IDGEN_TEST_ZIPKIN names the exec jar; Java runs it',
    )

test('a trace is read back complete from a real Zipkin', { skip: NO_ZIPKIN }, async (t) => {
  const port = await startZipkin(t)
  const service = await serve(t, {
    IDGEN_TRACING_EXPORTER: 'zipkin',
    IDGEN_TRACING_ENDPOINT: `http://127.0.0.1:${port}/api/v2/spans`,
  })
  const { tracer, traceId, spanIds } = testTracer()
  await clientOf(t, { endpoints: service.httpOrigin, tracer }).numbers(TAG).batch(3)
  // It keeps names in lower case.
  const isServer = ({ name }: ZipkinSpan): boolean => name === HTTP_SPAN.toLowerCase()
  const spans = await until(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v2/trace/${traceId}`)
    const found = answer.ok ? ((await answer.json()) as ZipkinSpan[]) : []
    return found.some(isServer) && found.some(({ name }) => name === 'commit') ? found : undefined
  })
  let span = spans.find(({ name }) => name === 'commit')
  for (let step = 0; step < 20 && span !== undefined && !isServer(span); step += 1)
    span = spans.find(({ id }) => id === span?.parentId)
  assert.ok(span !== undefined && isServer(span), 'the commit lies below the call')
  assert.equal(span.kind, 'SERVER')
  assert.ok(spanIds.includes(span.parentId ?? ''), 'the call lies below the client')
})

interface ZipkinSpan {
  readonly id: string
  readonly parentId?: string
  readonly name: string
  readonly kind?: string
}

async function startZipkin(t: TestContext): Promise<number> {
  const port = await freePort()
  const child = spawn('java', ['-Xmx256m', '-jar', ZIPKIN], {
    stdio: 'ignore',
    env: { ...process.env, QUERY_PORT: String(port), STORAGE_TYPE: 'mem' },
  })
  const exited = new Promise((resolve) => {
    child.once('exit', resolve)
    child.once('error', resolve)
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await until(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
    return answer?.ok === true ? true : undefined
  })
  return port
}

interface JaegerSpan {
  readonly spanID: string
  readonly operationName: string
  readonly references: readonly { readonly spanID: string }[]
}

async function startJaeger(t: TestContext): Promise<{ readonly otlp: number; readonly query: number }> {
  const [otlp, query, ...rest] = await freePorts(12)
  assert.ok(otlp !== undefined && query !== undefined)
  const [grpcQuery, admin, otlpGrpc, sampling, collector, collectorGrpc, compact, binary, zipkin] = rest
  const child: ChildProcess = spawn(
    JAEGER,
    [
      `--collector.otlp.http.host-port=127.0.0.1:${otlp}`,
      `--collector.otlp.grpc.host-port=127.0.0.1:${otlpGrpc}`,
      `--query.http-server.host-port=127.0.0.1:${query}`,
      `--query.grpc-server.host-port=127.0.0.1:${grpcQuery}`,
      `--admin.http.host-port=127.0.0.1:${admin}`,
      `--http-server.host-port=127.0.0.1:${sampling}`,
      `--collector.http-server.host-port=127.0.0.1:${collector}`,
      `--collector.grpc-server.host-port=127.0.0.1:${collectorGrpc}`,
      `--processor.jaeger-compact.server-host-port=127.0.0.1:${compact}`,
      `--processor.jaeger-binary.server-host-port=127.0.0.1:${binary}`,
      `--processor.zipkin-compact.server-host-port=127.0.0.1:${zipkin}`,
      '--memory.max-traces=1000',
    ],
    { stdio: 'ignore', env: { ...process.env, SPAN_STORAGE_TYPE: 'memory' } },
  )
  const exited = new Promise((resolve) => child.once('exit', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await until(async () => {
    const answer = await fetch(`http://127.0.0.1:${query}/api/services`).catch(() => undefined)
    return answer?.ok === true ? true : undefined
  })
  return { otlp, query }
}

/** A minute at most: the start of a Java program on a busy machine. */
async function until<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const endsAtMs = Date.now() + 60_000
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (Date.now() > endsAtMs) throw new Error('it did not come within a minute')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
