// Runs beside others: it asks for so long, and holds nothing to a time.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { grpc } from '../../sdk/grpc.ts'
import { type ClientOptions, IdgenClient, IdgenClientError } from '../../sdk/index.ts'
import { httpTransport } from '../../sdk/transports/http-transport.ts'
import { freePorts } from '../fixtures/free-ports.ts'
import { IdCalls } from '../fixtures/id-calls.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

/** The client library on real processes that are killed under it: every ID that it gives out is counted. */

const KEY = 'sdk-service-admin-key'
const TAGS = {
  // Of segments alone: a busy machine may be late with one after a kill, and numbers are not to become snowflakes.
  orders: { chain: ['segment'] },
  events: { algorithm: 'snowflake' },
  sessions: { algorithm: 'uuid-v7' },
}

/** Processes on one database, each of which comes back on its ports. */
class Installation {
  readonly services: ServiceProcess[] = []
  readonly #t: TestContext
  readonly #databaseUrl: string

  private constructor(t: TestContext, databaseUrl: string) {
    this.#t = t
    this.#databaseUrl = databaseUrl
  }

  static async start(t: TestContext, processes: number): Promise<Installation> {
    const database = await testDatabase()
    t.after(() => database.drop())
    const installation = new Installation(t, database.url)
    for (let at = 0; at < processes; at += 1)
      installation.services.push(await installation.#start(await freePorts(2)))
    const [first] = installation.services
    assert.ok(first)
    const calls = new IdCalls(KEY, 5000, () => false)
    await makeTags(calls, first, TAGS)
    calls.close()
    return installation
  }

  service(at: number): ServiceProcess {
    const service = this.services[at]
    assert.ok(service)
    return service
  }

  async restart(at: number): Promise<void> {
    const { httpOrigin, grpcAddress } = this.service(at)
    const ports = [new URL(httpOrigin).port, grpcAddress.split(':')[1]]
    this.services[at] = await this.#start(ports.map(Number))
  }

  client(protocol: 'http' | 'grpc', options: Partial<ClientOptions> = {}): IdgenClient {
    const client = new IdgenClient({
      endpoints: this.services.map(({ httpOrigin, grpcAddress }) =>
        protocol === 'http' ? httpOrigin : `grpc://${grpcAddress}`,
      ),
      transport: protocol === 'http' ? httpTransport : grpc(),
      key: KEY,
      attemptMs: 1000,
      ...options,
    })
    this.#t.after(() => client.close())
    return client
  }

  /** `ports`: of HTTP and gRPC, which are still free when it is started again. */
  async #start([http, grpcPort]: readonly number[]): Promise<ServiceProcess> {
    const service = await startService({
      IDGEN_DATABASE_URL: this.#databaseUrl,
      IDGEN_AUTH_ADMIN_KEY: KEY,
      IDGEN_SERVER_HTTP_PORT: String(http),
      IDGEN_SERVER_GRPC_PORT: String(grpcPort),
    })
    this.#t.after(() => service.stop('SIGKILL'))
    return service
  }
}

/** Every ID that was given out, by tag. */
class GivenOut {
  readonly #ids = new Map<string, Set<string>>()
  readonly twice: string[] = []

  add(tag: string, id: unknown): void {
    const ids = this.#ids.get(tag) ?? new Set()
    this.#ids.set(tag, ids)
    const text = String(id)
    if (ids.has(text)) this.twice.push(`${tag} ${text}`)
    ids.add(text)
  }

  count(tag: string): number {
    return this.#ids.get(tag)?.size ?? 0
  }
}

/** Takes IDs of all tags in every way there is until it is told to stop. */
async function takeAll(client: IdgenClient, given: GivenOut, stop: AbortSignal): Promise<void> {
  const orders = client.numbers('demo/load/orders')
  const events = client.decimals('demo/load/events')
  const sessions = client.uuids('demo/load/sessions')
  while (!stop.aborted) {
    try {
      given.add('orders', await orders.next())
      for (const id of await orders.batch(50)) given.add('orders', id)
      for (const id of await events.batch(20)) given.add('events', id)
      for (const id of await sessions.batch(5)) given.add('sessions', id)
      for (let i = 0; i < 20; i += 1) given.add('orders', orders.nextSync())
      for (let i = 0; i < 20; i += 1) given.add('events', events.nextSync())
    } catch (error) {
      assert.ok(error instanceof IdgenClientError && error.retryable, String(error))
    }
    await pause(1)
  }
}

test('no ID comes twice while the processes are killed one after the other under two clients', async (t) => {
  const installation = await Installation.start(t, 2)
  const given = new GivenOut()
  const stop = new AbortController()
  const clients = [installation.client('http'), installation.client('grpc')]
  const taking = clients.map((client) => takeAll(client, given, stop.signal))
  for (const at of [0, 1, 0, 1]) {
    await pause(400)
    await installation.service(at).stop('SIGKILL')
    await pause(400)
    await installation.restart(at)
    const before = given.count('orders')
    await until('it goes on', () => given.count('orders') > before)
  }
  await until('five hundred of each', () => Object.keys(TAGS).every((tag) => given.count(tag) > 500))
  stop.abort()
  await Promise.all(taking)
  assert.deepEqual(given.twice.slice(0, 5), [])
})

test('a client goes on from memory while the only process is away, and finds it again', async (t) => {
  const installation = await Installation.start(t, 1)
  const client = installation.client('http')
  const orders = client.numbers('demo/load/orders', { keep: 1000 })
  await orders.prefetch(1000)
  const given = new Set<number>()
  await installation.service(0).stop('SIGKILL')
  for (let i = 0; i < 1000; i += 1) given.add(orders.nextSync())
  await assert.rejects(orders.next({ deadlineMs: 300 }), { code: 'IDGEN_CLIENT_DEADLINE' })
  await installation.restart(0)
  for (let i = 0; i < 1000; i += 1) given.add(await orders.next({ deadlineMs: 10_000 }))
  assert.equal(given.size, 2000, 'an ID came twice')
})

test('a process that stops in good order fails no call, and one that is frozen is left', async (t) => {
  const installation = await Installation.start(t, 2)
  const client = installation.client('http', { aheadMs: 1 })
  const orders = client.numbers('demo/load/orders')
  const given = new Set<number>()
  let asked = 0
  const takeFor = async (ms: number): Promise<void> => {
    for (const until = Date.now() + ms; Date.now() < until; asked += 1) given.add(await orders.next())
  }
  await takeFor(200)
  const stopped = installation.service(0).stop('SIGTERM')
  await takeFor(500)
  assert.equal(await stopped, 0)
  await installation.restart(0)
  installation.service(1).pause()
  await takeFor(2500)
  installation.service(1).resume()
  await takeFor(200)
  assert.equal(given.size, asked, 'an ID came twice')
})

test('a tag that is deleted and made again goes on above, and its old IDs end with their block', async (t) => {
  const installation = await Installation.start(t, 1)
  const { httpOrigin } = installation.service(0)
  const manage = async (method: string, path: string, body?: object): Promise<number> => {
    const headers: Record<string, string> = { authorization: `Bearer ${KEY}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    return (await fetch(`${httpOrigin}/v1/workspaces/demo/groups/load/tags${path}`, init)).status
  }
  const orders = installation
    .client('http', { minBlock: 100, lifetimeMs: LIFETIME_MS })
    .numbers('demo/load/orders')
  const old = await orders.next()
  assert.equal(await manage('DELETE', '/orders'), 204)
  assert.equal(await orders.next(), old + 1)
  await pause(LIFETIME_MS + 100)
  await assert.rejects(orders.next(), { code: 'IDGEN_TAG_NOT_FOUND', retryable: false })
  assert.equal(await manage('POST', '', { name: 'orders', algorithm: 'segment' }), 201)
  assert.ok((await orders.next()) > old + 99)
})

/** Longer than it takes to delete a tag, on a busy machine too. */
const LIFETIME_MS = 6000
