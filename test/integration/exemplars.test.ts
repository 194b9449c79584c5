// Runs beside others: it waits for what comes, with a limit of half a minute, and times nothing.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { IdCalls } from '../fixtures/id-calls.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { testDatabase } from './postgres-server.ts'
import { TraceCollector } from './trace-collector.ts'
import { withoutPrograms } from './watch-programs.ts'
import { PrometheusServer } from './watch-servers.ts'

const KEY = 'exemplars-admin-key'

test('a real Prometheus reads the metrics as OpenMetrics, and finds the trace of a call that waited', {
  skip: withoutPrograms('prometheus'),
  timeout: 120_000,
}, async (t) => {
  const collector = await TraceCollector.start(t)
  const database = await testDatabase()
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  stack.defer(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_TRACING_EXPORTER: 'otlp',
    IDGEN_TRACING_ENDPOINT: collector.endpoint,
    IDGEN_TRACING_RATIO: '0',
  })
  stack.defer(async () => void (await service.stop('SIGTERM')))
  const calls = new IdCalls(KEY, 5000, () => false)
  await makeTags(calls, service, { orders: { chain: ['segment'] } })
  calls.close()
  const traceId = randomBytes(16).toString('hex')
  const answer = await fetch(`${service.httpOrigin}/v1/workspaces/demo/groups/load/tags/orders/ids`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, traceparent: `00-${traceId}-${'1'.repeat(16)}-01` },
  })
  assert.equal(answer.status, 200, await answer.text())
  const folder = temporaryFolder('idgen-exemplars-')
  const prometheus = await PrometheusServer.start(t, {
    folder,
    features: 'exemplar-storage',
    config: {
      global: { scrape_interval: '1s' },
      scrape_configs: [
        { job_name: 'idgen', static_configs: [{ targets: [new URL(service.metricsOrigin).host] }] },
      ],
    },
  })
  const endsAtMs = performance.now() + 30_000
  for (;;) {
    const found = await prometheus.exemplars('idgen_generate_duration_seconds_bucket')
    if (found.some(({ labels }) => labels['trace_id'] === traceId)) break
    assert.ok(performance.now() < endsAtMs, `no example of ${traceId}: ${JSON.stringify(found)}`)
    await pause(100)
  }
  const [counted] = await prometheus.query('sum(idgen_ids_issued_total)')
  assert.equal(counted?.value[1], '1', 'counters have the names that they always had')
})
