// Runs beside others: its limit of 20 s only ends a wait for what must come.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { grpc } from '../../sdk/grpc.ts'
import { IdgenClient } from '../../sdk/index.ts'
import type { TransportFactory } from '../../sdk/ports/transport.ts'
import { resp } from '../../sdk/resp.ts'
import { freePorts } from '../fixtures/free-ports.ts'
import { IdCalls } from '../fixtures/id-calls.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'

const KEY = 'sdk-dc-admin-key'

/** Requests for IDs that this process served to clients of data centre 1. */
async function served({ metricsOrigin }: ServiceProcess): Promise<number> {
  const text = await (await fetch(`${metricsOrigin}/metrics`)).text()
  const [, count = '0'] = /^idgen_dc_requests_total\{client_dc="1",[^}]*\} (\d+)/m.exec(text) ?? []
  return Number(count)
}

/** A protocol, and how a process is told where it speaks it on this port. */
interface Protocol {
  readonly scheme: string
  readonly transport: TransportFactory | undefined
  readonly environment: (port: number) => Record<string, string>
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  HTTP: {
    scheme: 'http',
    transport: undefined,
    environment: (port) => ({
      IDGEN_SERVER_HTTP_PORT: String(port),
      IDGEN_SERVER_ADVERTISE_HTTP: `http://127.0.0.1:${port}`,
    }),
  },
  gRPC: {
    scheme: 'grpc',
    transport: grpc(),
    environment: (port) => ({
      IDGEN_SERVER_GRPC_PORT: String(port),
      IDGEN_SERVER_ADVERTISE_GRPC: `127.0.0.1:${port}`,
    }),
  },
  RESP: {
    scheme: 'redis',
    transport: resp(),
    environment: (port) => ({
      IDGEN_SERVER_RESP_ENABLED: 'true',
      IDGEN_SERVER_RESP_PORT: String(port),
      IDGEN_SERVER_ADVERTISE_RESP: `redis://127.0.0.1:${port}`,
    }),
  },
}

for (const [name, protocol] of Object.entries(PROTOCOLS))
  test(`over ${name} a client is served by its own data centre, by the other one while that is away, and comes back`, (t) =>
    servedByItsOwn(t, protocol))

async function servedByItsOwn(t: TestContext, { scheme, transport, environment }: Protocol): Promise<void> {
  const etcd = await testEtcd()
  t.after(() => etcd.close())
  const database = await testDatabase()
  t.after(() => database.drop())
  // What a process tells clients must be known before it starts.
  const ports = await freePorts(2)
  const start = async (dc: 0 | 1): Promise<ServiceProcess> => {
    const service = await startService({
      IDGEN_DATABASE_URL: database.url,
      IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(),
      IDGEN_DATACENTER_ID: String(dc),
      IDGEN_AUTH_ADMIN_KEY: KEY,
      ...environment(ports[dc] ?? 0),
    })
    t.after(() => service.stop('SIGKILL'))
    return service
  }
  const other = await start(0)
  let own = await start(1)
  const calls = new IdCalls(KEY, 5000, () => false)
  await makeTags(calls, other, { orders: { chain: ['segment'] } })
  calls.close()

  // It is told of the other data centre's process alone, and learns where its own is.
  const client = new IdgenClient({
    endpoints: `${scheme}://127.0.0.1:${ports[0]}`,
    transport,
    key: KEY,
    dc: 1,
    aheadMs: 1,
    deadlineMs: 10_000,
    // A process that is away refuses connections at once; one that is slow on a busy machine is not away.
    attemptMs: 9000,
  })
  t.after(() => client.close())
  const orders = client.numbers('demo/load/orders')
  const given = new Set<number>()
  let asked = 0
  const takeUntil = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const untilMs = Date.now() + 20_000; !(await holds()); ) {
      assert.ok(Date.now() < untilMs, `${what} did not happen within 20 s`)
      for (let i = 0; i < 10; i += 1) given.add(await orders.next())
      asked += 10
      await pause(20)
    }
  }
  await takeUntil('the own data centre serves', async () => (await served(own)) >= 20)
  const before = await served(other)
  await takeUntil('more', async () => (await served(own)) >= 100)
  assert.equal(await served(other), before, 'nothing goes to the other one while its own answers')

  await own.stop('SIGKILL')
  await takeUntil('the other data centre serves', async () => (await served(other)) >= before + 50)
  own = await start(1)
  await takeUntil('its own serves again', async () => (await served(own)) >= 50)
  const after = await served(other)
  await takeUntil('more', async () => (await served(own)) >= 100)
  assert.equal(await served(other), after)
  assert.equal(given.size, asked, 'an ID came twice')
}
