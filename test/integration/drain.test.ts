// Runs beside others: a process that stops is given six seconds in which its callers must have gone.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { LoadClient } from '../fixtures/load-client.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const KEY = 'drained-admin-key'
const TAGS = { orders: { algorithm: 'segment' }, events: { algorithm: 'snowflake' } }
const DRAIN_DELAY_MS = 6000

/** Two processes under load over every protocol, as pods behind one Service. */
async function loaded(t: TestContext, environment: Record<string, string>) {
  const database = await testDatabase()
  t.after(() => database.drop())
  const start = async (): Promise<ServiceProcess> => {
    const service = await startService({
      IDGEN_DATABASE_URL: database.url,
      IDGEN_AUTH_ADMIN_KEY: KEY,
      ...environment,
    })
    t.after(() => service.stop('SIGTERM'))
    return service
  }
  const [first, second] = [await start(), await start()]
  const endpoints = [first, second]
  const issued = new IssuedIds()
  const load = new LoadClient(endpoints, KEY, issued)
  await load.prepare(TAGS)
  load.start()
  t.after(() => load.stop())
  return { endpoints, first, load, issued }
}

async function ready(service: ServiceProcess): Promise<number[]> {
  const origins = [service.httpOrigin, service.metricsOrigin]
  return await Promise.all(origins.map(async (origin) => (await fetch(`${origin}/readyz`)).status))
}

test('scaling down fails no request and gives no ID twice: a process serves on until nobody sends to it any more', async (t) => {
  const { endpoints, first, load, issued } = await loaded(t, {
    IDGEN_SERVER_DRAIN_DELAY: `${DRAIN_DELAY_MS}ms`,
  })
  await until('all protocols answer', () => Object.keys(load.answers).length === 4)
  assert.deepEqual(await ready(first), [200, 200])
  const stopped = first.stop('SIGTERM')
  while ((await ready(first)).join() !== '503,503') await pause(10)
  // The orchestrator has noticed, and tells those who send a second later.
  await pause(1000)
  endpoints.shift()
  assert.equal(await stopped, 0)
  await pause(300)
  const { answers, errors } = await load.stop()
  assert.equal(errors, 0, JSON.stringify(answers))
  for (const count of Object.values(answers)) assert.ok(count > 0)
  issued.verify()
})

test('connections that end for their age fail no request, on any protocol', async (t) => {
  const { load, endpoints, issued } = await loaded(t, { IDGEN_SERVER_MAX_CONNECTION_AGE: '200ms' })
  await pause(3000)
  const { answers, errors } = await load.stop()
  assert.equal(errors, 0, JSON.stringify(answers))
  assert.equal(endpoints.length, 2)
  issued.verify()
})
