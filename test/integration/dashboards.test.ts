// Runs beside others: its limits only end waits for what must come.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { IdCalls, PROTOCOLS } from '../fixtures/id-calls.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { savePictures } from './dashboard-pictures.ts'
import { choiceQueries, panelQueries, readDashboards } from './dashboard-queries.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import { testRedis } from './redis-server.ts'
import { withoutPrograms } from './watch-programs.ts'
import { PrometheusServer } from './watch-servers.ts'

/** Every panel of every dashboard on a real Prometheus that watches a real service under load. */

const KEY = 'dashboards-admin-key'
/** Scraped every second here; Grafana takes four scrapes and more. */
const WINDOW = '10s'
/** operator/reconcile/operator-dashboard.test.ts looks at these: there is no operator here. */
const OF_OPERATOR = 'operator'

async function serve(t: TestContext): Promise<ServiceProcess> {
  const database = await testDatabase()
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  stack.defer(() => database.drop())
  const etcd = await testEtcd()
  stack.defer(() => etcd.close())
  const redis = await testRedis()
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(','),
    IDGEN_REDIS_ENDPOINTS: redis.endpoints.join(','),
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_LIMITS_SHARED: 'true',
    IDGEN_SERVER_RESP_ENABLED: 'true',
    // One alone has no threads beside the main one, and nothing to say of them.
    IDGEN_SERVER_THREADS: '2',
    // Nobody listens there: spans and audit records wait, are dropped, and counted.
    IDGEN_TRACING_EXPORTER: 'otlp',
    IDGEN_TRACING_ENDPOINT: 'http://127.0.0.1:9/v1/traces',
    IDGEN_AUDIT_OTLP_ENDPOINT: 'http://127.0.0.1:9/v1/logs',
  })
  stack.defer(async () => void (await service.stop('SIGTERM')))
  return service
}

/** A few calls by every protocol, some that are refused, and one from another data centre. */
async function callsOf(calls: IdCalls, service: ServiceProcess): Promise<void> {
  for (const tag of ['orders', 'events', 'sessions'])
    for (const protocol of PROTOCOLS) await calls.ask(service, protocol, tag, 60)
  await calls.ask(service, 'http', 'invoices', 1)
  await fetch(`${service.httpOrigin}/v1/workspaces/demo/groups/load/tags/orders/ids`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'idgen-client-dc': '1' },
  })
  await calls.ask(service, 'http-runs', 'full', 900).catch(() => undefined)
  // A key that nobody knows is asked of every cache.
  await fetch(`${service.httpOrigin}/v1/workspaces/demo/groups/load/tags/orders/ids`, {
    method: 'POST',
    headers: { authorization: `Bearer idg_${randomBytes(6).toString('hex')}_${'a'.repeat(43)}` },
  })
}

/** Calls until it is told to end; a call that fails fails the test. */
function keepCalling(t: TestContext, service: ServiceProcess): () => Promise<void> {
  const calls = new IdCalls(KEY, 10_000, (tag) => tag === 'orders')
  let ended = false
  const done = (async () => {
    await makeTags(calls, service, {
      orders: { chain: ['segment'], step: { base: 500, min: 500, max: 500 } },
      events: { chain: ['snowflake'] },
      sessions: { chain: ['uuid-v7'] },
      // Counted anew each day.
      invoices: { chain: ['segment'], space: { format: { reset: 'day', width: 9 } } },
      // Its last numbers: then calls fail.
      full: { chain: ['segment'], space: { startAt: 2 ** 53 - 2000, cellSize: 1000, dcCount: 1 } },
    })
    while (!ended) {
      await callsOf(calls, service)
      await delay(50)
    }
  })()
  t.after(() => {
    ended = true
    calls.close()
  })
  return async () => {
    ended = true
    await done
  }
}

describe('dashboards', () => {
  test('are looked at anew within ten seconds, and their filters and panels have names that are not twice', () => {
    for (const [name, { refresh, panels }] of Object.entries(readDashboards())) {
      assert.equal(refresh, '5s', name)
      const titles = panels.map(({ title }) => title)
      assert.deepEqual(titles, [...new Set(titles)], name)
    }
  })

  test('have data in every panel and choices in every filter while a service is under load', {
    skip: withoutPrograms('prometheus'),
  }, async (t) => {
    const service = await serve(t)
    const end = keepCalling(t, service)
    const prometheus = await PrometheusServer.start(t, {
      folder: temporaryFolder('idgen-service-'),
      config: {
        global: { scrape_interval: '1s' },
        scrape_configs: [
          { job_name: 'idgen', static_configs: [{ targets: [new URL(service.metricsOrigin).host] }] },
        ],
      },
    })
    const queries = panelQueries(WINDOW).filter(({ dashboard }) => dashboard !== OF_OPERATOR)
    const choices = choiceQueries().filter(({ name }) => !name.startsWith(OF_OPERATOR))
    assert.ok(queries.length > 40 && choices.length > 8, `${queries.length} ${choices.length}`)
    let empty: string[] = []
    // Rates need some scrapes, and what is rare must happen once.
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      await delay(1000)
      empty = []
      for (const { name, expr } of [...queries, ...choices])
        if (!(await hasData(prometheus, expr))) empty.push(name)
      if (empty.length === 0) break
    }
    if (process.env['SAVE_PICTURES'] === '1') {
      await delay(PICTURE_SECONDS * 1000)
      await savePictures(prometheus, ['overview', 'tags', 'data-centres', 'dependencies'], PICTURE_SECONDS)
    }
    await end()
    assert.deepEqual(empty, [])
  })

  test('ask in words that Prometheus understands, those of the operator, too', {
    skip: withoutPrograms('prometheus'),
  }, async (t) => {
    const prometheus = await PrometheusServer.start(t, {
      folder: temporaryFolder('idgen-service-'),
      config: {},
    })
    for (const { expr } of [...panelQueries(WINDOW), ...choiceQueries()]) await prometheus.query(expr)
  })
})

async function hasData(prometheus: PrometheusServer, expr: string): Promise<boolean> {
  const series = await prometheus.query(expr)
  return series.some(({ value: [, text] }) => text !== 'NaN')
}

const LOOKS_MAX = 40
const PICTURE_SECONDS = 30
