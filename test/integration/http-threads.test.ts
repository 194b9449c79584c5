// Runs beside others: what passes is held against an upper bound with room for every second that it took.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { HttpFrom, ONE_ADDRESS } from '../fixtures/calls-from-address.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const ADMIN = 'http-threads-admin-key'
const TAGS = '/v1/workspaces/demo/groups/load/tags'
const ALGORITHMS = ['segment', 'snowflake', 'uuid-v7', 'uuid-v4']
/** Enough that the kernel gives each of two threads some. */
const CONNECTIONS = 16

interface Told {
  /** Our port of the connection: another one may lead to another thread. */
  readonly connection: number | undefined
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One connection, which asks one thing after another. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  async ask({ method = 'POST', path, headers = {}, body }: Asked): Promise<Told> {
    const call = request({
      host: '127.0.0.1',
      port: this.#port,
      agent: this.#agent,
      method,
      path,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        authorization: `Bearer ${ADMIN}`,
        ...headers,
      },
    })
    call.end(body)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    const connection = response.socket.localPort
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return { connection, status: response.statusCode, headers: response.headers, text }
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function started(
  t: TestContext,
  database: TestDatabase,
  threads: number,
  more: Record<string, string> = {},
): Promise<ServiceProcess> {
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_SERVER_THREADS: String(threads),
    ...more,
  })
  t.after(() => service.stop('SIGTERM'))
  return service
}

async function world(t: TestContext, more: Record<string, string> = {}) {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await started(t, database, 2, more)
  const clients = clientsOf(t, service)
  const [first] = clients
  const made = async (path: string, body: object) =>
    assert.equal((await first?.ask({ path, body: JSON.stringify(body) }))?.status, 201)
  await made('/v1/workspaces', { name: 'demo' })
  await made('/v1/workspaces/demo/groups', { name: 'load' })
  for (const algorithm of ALGORITHMS) await made(TAGS, { name: algorithm, algorithm })
  return { database, service, clients }
}

function clientsOf(t: TestContext, service: ServiceProcess, count = CONNECTIONS): readonly Client[] {
  const port = Number(new URL(service.httpOrigin).port)
  const clients = Array.from({ length: count }, () => new Client(port))
  t.after(() => clients.map((client) => client.close()))
  return clients
}

/** Each client asks for one ID after another until told to stop, or until its connection ends for good. */
function load(clients: readonly Client[], tag: string, issued: IssuedIds) {
  const ended = new AbortController()
  const faults: string[] = []
  let answers = 0
  const one = async (client: Client): Promise<void> => {
    let last = 0n
    let connection: number | undefined
    while (!ended.signal.aborted) {
      let told: Told
      try {
        told = await client.ask({ path: `${TAGS}/${tag}/ids` })
      } catch {
        return
      }
      if (told.status !== 200) {
        faults.push(told.text)
        if (told.text.includes('SHUTTING_DOWN')) return
        continue
      }
      const [id = ''] = (JSON.parse(told.text) as { ids: string[] }).ids
      issued.text(tag, id, 'http', 'here')
      answers += 1
      if (tag.startsWith('uuid')) continue
      // Numbers increase on a connection; a client of two loads may have lost the one before to the other.
      if (told.connection === connection && BigInt(id) <= last) faults.push(`${id} after ${last}`)
      last = BigInt(id)
      connection = told.connection
    }
  }
  const all = Promise.all(clients.map(one))
  return {
    faults,
    answers: () => answers,
    end: async () => {
      ended.abort()
      await all
    },
    ended: all,
  }
}

test('threads answer with the same words as one thread does, whatever is asked', async (t) => {
  const { database, service, clients } = await world(t)
  const alone = await started(t, database, 1)
  const [there] = clientsOf(t, alone, 1)
  const ids = `${TAGS}/segment/ids`
  const calls: Asked[] = [
    ...ALGORITHMS.flatMap((name) =>
      ['', '{}', '{"count":3}', '{"count":2,"as":"number"}', '{"count":2,"as":"runs"}'].map((body) => ({
        path: `${TAGS}/${name}/ids`,
        body,
      })),
    ),
    { path: `${ids}/stream`, body: '{"count":2500}' },
    { path: `${TAGS}/uuid-v4/ids/stream`, body: '{"count":5,"as":"runs"}' },
    { path: ids, body: '{"count":0}' },
    { path: ids, body: '{"count":' },
    { path: ids, body: '{"count":1,"more":2}' },
    { path: ids, body: '{"count":10001}' },
    { path: ids, body: ' '.repeat(2_000_000) },
    { path: ids, body: '{}', headers: { 'content-type': 'text/plain' } },
    { path: ids, headers: { authorization: 'Bearer no' } },
    { path: ids, headers: { authorization: '' } },
    { path: `${ids}?count=1` },
    { path: `${TAGS}/nothing/ids` },
    { path: `${TAGS}/nothing/ids`, body: '{"as":"runs"}' },
    { path: `${TAGS}/No%20name/ids` },
    { path: `${TAGS}/%zz/ids` },
    { path: ids, method: 'GET' },
    { path: '/v1/ids/1', method: 'GET' },
    { path: '/v1/workspaces', method: 'GET' },
    { path: '/v1/workspaces', method: 'GET', headers: { authorization: '' } },
    { path: '/v1/workspaces', method: 'HEAD' },
    { path: TAGS, body: '{"name":"Bad Name"}' },
    { path: TAGS, body: JSON.stringify({ name: 'x'.repeat(2_000_000) }) },
    { path: '/openapi.json', method: 'GET' },
    { path: '/livez', method: 'GET' },
    { path: '/nothing', method: 'GET' },
    { path: '//a/../b', method: 'GET' },
  ]
  for (const call of calls) {
    const [here, alike] = [await clients[0]?.ask(call), await there?.ask(call)]
    assert.deepEqual(shape(here), shape(alike), `${call.method} ${call.path} ${call.body?.slice(0, 80)}`)
  }
  assert.equal(await service.stop('SIGTERM'), 0)
})

/** What differs between two answers is named instead: IDs, traces, dates. */
function shape(told: Told | undefined): unknown {
  const { date: _, 'x-request-id': id, traceparent: trace, etag: __, ...headers } = told?.headers ?? {}
  const text = (told?.text ?? '')
    .replace(/"ids":\[[^\]]*\]/g, (all) => `ids ${all.split(',').length}`)
    .replace(/"runs":\[.*?\]\]/g, 'runs')
    .replace(/"(traceId|createdAt|updatedAt)":"[^"]*"/g, '$1')
  // How long a body of IDs is depends on the IDs.
  if (told?.status === 200 && told.text.includes('algorithm')) delete headers['content-length']
  return { status: told?.status, headers, text, traced: [id?.length, String(trace).length] }
}

test('IDs of many connections come once, in order on each, and are counted', async (t) => {
  const { service, clients } = await world(t)
  const issued = new IssuedIds()
  const loads = ALGORITHMS.map((tag) => load(clients, tag, issued))
  await until('fifty answers of each', () => loads.every((one) => one.answers() > 50))
  for (const one of loads) await one.end()
  issued.verify()
  const text = async () => (await fetch(`${service.metricsOrigin}/metrics`)).text()
  const metrics = await text()
  for (const [at, tag] of ALGORITHMS.entries()) {
    assert.deepEqual(loads[at]?.faults, [])
    const answers = loads[at]?.answers() ?? 0
    assert.match(
      metrics,
      new RegExp(`idgen_ids_issued_total\\{tag="demo/load/${tag}",algorithm="${tag}"\\} ${answers}\\n`),
    )
  }
  assert.match(metrics, /idgen_threads 2\n/)
  const passed = Number(/idgen_thread_passed_total (\d+)/.exec(metrics)?.[1])
  assert.ok(passed >= 6, 'management is passed on')
  // Once a call, but for those that came while a thread asked who that is.
  const hits = Number(/idgen_api_key_cache_hits_total (\d+)/.exec(metrics)?.[1])
  const answers = loads.reduce((sum, one) => sum + one.answers(), 0)
  assert.ok(hits > answers / 2, `${hits} hits of the key cache in ${answers} calls`)
})

test('management works through any connection, at once for all', async (t) => {
  const { clients } = await world(t)
  for (const [at, client] of clients.entries()) {
    const body = JSON.stringify({ name: `tag-${at}`, algorithm: 'segment' })
    assert.equal((await client.ask({ path: TAGS, body })).status, 201)
    const other = clients[(at + 1) % clients.length]
    assert.equal((await other?.ask({ path: `${TAGS}/tag-${at}/ids` }))?.status, 200)
    assert.equal((await client.ask({ method: 'DELETE', path: `${TAGS}/tag-${at}` })).status, 204)
  }
})

test('what a stranger asks beside IDs is refused in the threads, and reaches the main thread no more often than it may', {
  skip: ONE_ADDRESS,
}, async (t) => {
  const [perSecond, burstS, asked] = [5, 30, 400]
  const database = await testDatabase()
  t.after(() => database.drop())
  const limited = await started(t, database, 2, {
    IDGEN_LIMITS_PER_ADDRESS: String(perSecond),
    IDGEN_LIMITS_BURST: `${burstS}s`,
  })
  const passedNow = async (): Promise<number> => {
    const text = await (await fetch(`${limited.metricsOrigin}/metrics`)).text()
    return Number(/idgen_thread_passed_total (\d+)/.exec(text)?.[1])
  }
  const before = await passedNow()
  const startMs = performance.now()
  using stranger = new HttpFrom(limited.httpOrigin, '127.0.3.1')
  const paths = ['/nothing', '/ui/sign-in', '/v1/workspaces', '/openapi.json']
  const answers = await Promise.all(
    Array.from({ length: asked }, (_, at) =>
      stranger.call({ method: 'GET', path: paths[at % paths.length] ?? '/', key: 'nobody' }),
    ),
  )
  const may = perSecond * (burstS + (performance.now() - startMs) / 1000) + 1
  const through = answers.filter(({ status }) => status !== 429).length
  assert.ok(through >= perSecond * burstS, `${through} passed: each counts once`)
  assert.ok(through <= may, `${through} of ${asked} passed, ${may} may`)
  for (const { status, headers } of answers)
    if (status === 429) assert.match(headers['retry-after'] ?? '', /^\d+$/)
  const passed = (await passedNow()) - before
  // The threads' own questions whether this process is ready, one each a second, are among them.
  const questions = 2 * ((performance.now() - startMs) / 1000 + 2)
  assert.ok(passed <= through + questions, 'what was refused did not reach the main thread')
  using owner = new HttpFrom(limited.httpOrigin, '127.0.3.2')
  for (const path of ['/v1/workspaces', '/readyz', '/ui/sign-in'])
    assert.equal((await owner.call({ method: 'GET', path, key: ADMIN })).status, 200, path)
})

test('after SIGTERM under load every request that was taken is answered', async (t) => {
  const { database, service, clients } = await world(t, { IDGEN_SERVER_DRAIN_DELAY: '300ms' })
  const issued = new IssuedIds()
  const running = load(clients, 'segment', issued)
  const listing = load(clients.slice(0, 2), 'snowflake', issued)
  await pause(700)
  assert.equal(await service.stop('SIGTERM'), 0)
  await Promise.all([running.ended, listing.ended])
  assert.deepEqual(running.faults, [])
  assert.ok(!service.log.some(({ level }) => level === 'error'))
  const next = await started(t, database, 2)
  const more = load(clientsOf(t, next), 'segment', issued)
  await pause(500)
  await more.end()
  issued.verify()
})

test('a stream that nobody reads is held back, and its connection ends with the client', async (t) => {
  const { service, clients } = await world(t)
  const socket = connect(Number(new URL(service.httpOrigin).port), '127.0.0.1')
  t.after(() => socket.destroy())
  const body = '{"count":1000000}'
  socket.write(
    `POST ${TAGS}/uuid-v4/ids/stream HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${ADMIN}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  socket.pause()
  const issuedNow = async (): Promise<number> => {
    const text = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
    return Number(/idgen_ids_issued_total\{tag="demo\/load\/uuid-v4"[^}]*\} (\d+)/.exec(text)?.[1])
  }
  let held = 0
  await until('it is held back', async () => {
    const before = await issuedNow()
    await pause(500)
    held = await issuedNow()
    return held > 0 && held === before
  })
  assert.ok(held < 500_000, `${held} of a million`)
  assert.equal((await clients[0]?.ask({ path: `${TAGS}/uuid-v4/ids` }))?.status, 200)
  socket.destroy()
})
