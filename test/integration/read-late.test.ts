// Runs alone: it stops a process for a tenth of a second and again, and a machine that is busy would stop it at times of its own.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { IdCalls, type Protocol } from '../fixtures/id-calls.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const ADMIN = 'read-late-admin-key'
const PROTOCOLS = ['http', 'grpc', 'resp'] as const satisfies readonly Protocol[]
const ROUNDS = 6
/** Of each protocol in each round. */
const REQUESTS = 10
/** Nothing may be concluded from more: a busy machine stops a process for longer. */
const STOPPED_MS = 100

for (const threads of [1, 2])
  test(`requests that arrive while the process is stopped count as slow, with ${threads} threads`, async (t) => {
    const { service, calls } = await world(t, threads)
    const askAll = (): Promise<unknown> =>
      Promise.all(
        PROTOCOLS.flatMap((protocol) =>
          Array.from({ length: REQUESTS }, () => calls.ask(service, protocol, 'orders', 1)),
        ),
      )
    // Connections and keys are known from now on.
    await askAll()
    for (let round = 0; round < ROUNDS; round += 1) {
      service.pause()
      const answered = askAll()
      await pause(STOPPED_MS)
      service.resume()
      await answered
    }
    // At once: what is worst is forgotten after a quarter of a minute.
    const worst = await scraped(service)
    for (const thread of threads === 1 ? ['main'] : ['main', 'protocol']) {
      const lateSeconds = valueOf(worst, `idgen_thread_late_seconds{thread="${thread}"}`)
      assert.ok(lateSeconds > 0.05, `${thread}: ${lateSeconds}`)
    }
    // All of them waited for a tenth of a second. Metrics see nine in ten of them as spread over that.
    const sent = ROUNDS * REQUESTS
    const enough = async (series: string, requests: number): Promise<boolean> =>
      slow(await scraped(service), series) >= requests / 2
    await until('each protocol tells the slow ones', async () => {
      const told = await Promise.all(
        PROTOCOLS.map((protocol) =>
          enough(`idgen_protocol_duration_seconds_bucket{protocol="${protocol}",le="#"}`, sent),
        ),
      )
      return told.every(Boolean)
    })
    await until('all of them are told', () =>
      enough('idgen_generate_duration_seconds_bucket{le="#"}', sent * PROTOCOLS.length),
    )
  })

async function world(
  t: TestContext,
  threads: number,
): Promise<{ readonly service: ServiceProcess; readonly calls: IdCalls }> {
  const database = await testDatabase()
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: String(threads),
  })
  const calls = new IdCalls(ADMIN, 30_000, () => false)
  t.after(async () => {
    calls.close()
    await service.stop('SIGTERM')
    await database.drop()
  })
  await calls.post(service, '/v1/workspaces', { name: 'demo' }, 201)
  await calls.post(service, '/v1/workspaces/demo/groups', { name: 'load' }, 201)
  await calls.post(
    service,
    '/v1/workspaces/demo/groups/load/tags',
    { name: 'orders', algorithm: 'segment' },
    201,
  )
  return { service, calls }
}

async function scraped(service: ServiceProcess): Promise<string> {
  return (await fetch(`${service.metricsOrigin}/metrics`)).text()
}

/** How many took longer than 10 ms, which is what allows one request in a hundred. */
function slow(text: string, series: string): number {
  return valueOf(text, series.replace('#', '+Inf')) - valueOf(text, series.replace('#', '0.01'))
}

/** NaN where it is not told. */
function valueOf(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1))
}
