// Runs beside others: a revoked key is refused in milliseconds, and held to two seconds.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { newClient, RespLoad } from '../fixtures/resp-load.ts'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const ADMIN = 'threads-admin-key'
const TAGS = { orders: 'segment', events: 'snowflake', sessions: 'uuid-v7' }
const URL_OF_TAGS = '/v1/workspaces/demo/groups/load/tags'

/** A process that answers the Redis protocol in two threads, with three tags. */
async function world(t: TestContext) {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await started(t, database)
  await made(service, 'POST', '/v1/workspaces', { name: 'demo' })
  await made(service, 'POST', '/v1/workspaces/demo/groups', { name: 'load' })
  for (const [name, algorithm] of Object.entries(TAGS))
    await made(service, 'POST', URL_OF_TAGS, { name, algorithm })
  return { database, service, port: service.respPort ?? 0, issued: new IssuedIds() }
}

async function started(t: TestContext, database: TestDatabase): Promise<ServiceProcess> {
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '2',
  })
  t.after(() => service.stop('SIGTERM'))
  return service
}

function loadOn(service: ServiceProcess, issued: IssuedIds): RespLoad {
  return new RespLoad({
    port: service.respPort ?? 0,
    tags: Object.keys(TAGS),
    key: ADMIN,
    issued,
    issuer: String(service.pid),
    connections: 6,
  })
}

test('what two threads and HTTP give comes once, and the metrics add up to what was received', async (t) => {
  const { service, issued } = await world(t)
  const load = loadOn(service, issued)
  await load.start()
  await until('a thousand answers', () => load.answers > 1000)
  const { ids } = await made(service, 'POST', `${URL_OF_TAGS}/orders/ids`, { count: 100 })
  for (const id of ids as string[]) issued.text('orders', id, 'http', String(service.pid))
  await load.stop()
  issued.verify()
  assert.equal(load.errors, 0, [...load.codes].join())
  // Threads tell what they gave once a second.
  let metrics = await scrapedMetrics(service)
  const counted = (tag: string, algorithm: string): number =>
    metrics.get(`idgen_ids_issued_total{tag="demo/load/${tag}",algorithm="${algorithm}"}`) ?? 0
  await until('all is counted', async () => {
    metrics = await scrapedMetrics(service)
    const used = metrics.get('idgen_thread_ids_used_total') ?? 0
    const tags = Object.entries(TAGS)
    return (
      used >= load.answers && tags.every(([tag, by]) => counted(tag, by) >= (issued.perTag.get(tag) ?? 0))
    )
  })
  // What a connection that ends still has on its way is issued and not received.
  for (const [tag, algorithm] of Object.entries(TAGS)) {
    const [given, received] = [counted(tag, algorithm), issued.perTag.get(tag) ?? 0]
    assert.ok(given <= received + ON_THEIR_WAY, `${tag}: ${given}, ${received}`)
  }
  assert.equal(metrics.get('idgen_threads'), 2)
  assert.equal(metrics.get('idgen_thread_deaths_total'), 0)
  const requests = metrics.get(`idgen_generate_requests_total{tag="demo/load/orders",algorithm="segment"}`)
  const timed = (): number => metrics.get('idgen_generate_duration_seconds_count') ?? 0
  assert.ok(timed() > (requests ?? 0))
  const sumOf = (metric: string): number =>
    [...metrics].reduce(
      (sum, [series, value]) => sum + (series.startsWith(`${metric}_count{`) ? value : 0),
      0,
    )
  await until('durations by protocol and by tag add up to those of all', async () => {
    metrics = await scrapedMetrics(service)
    return (
      sumOf('idgen_protocol_duration_seconds') === timed() && sumOf('idgen_tag_duration_seconds') === timed()
    )
  })
  assert.ok((metrics.get('idgen_protocol_duration_seconds_count{protocol="resp"}') ?? 0) >= load.answers)
  // The scrapes so far saw the tag: what it answers from now on has its name.
  const ofTag = (): number => metrics.get('idgen_tag_duration_seconds_count{tag="demo/load/orders"}') ?? 0
  const before = ofTag()
  for (let call = 0; call < 3; call += 1) await made(service, 'POST', `${URL_OF_TAGS}/orders/ids`, {})
  await until('three more of the tag', async () => {
    metrics = await scrapedMetrics(service)
    return ofTag() >= before + 3
  })
  assert.equal(ofTag(), before + 3)
  const used = metrics.get('idgen_thread_ids_used_total') ?? 0
  assert.ok(used <= (metrics.get('idgen_thread_ids_lent_total') ?? 0))
})

test('a revoked key is refused within two seconds on connections that are open', async (t) => {
  const { service, port } = await world(t)
  const draft = { name: 'shop', scopes: ['issue'], within: 'demo/load' }
  const { id, key } = await made(service, 'POST', '/v1/keys', draft)
  // Several, so that both threads know the key.
  const clients = Array.from({ length: 8 }, () => newClient(port, String(key)))
  t.after(() => clients.map((client) => client.disconnect()))
  for (const client of clients) assert.ok((await client.incr('demo/load/orders')) > 0)
  await assert.rejects(clients[0]?.incr('demo/other/orders') ?? Promise.resolve(), /IDGEN_FORBIDDEN/)
  await made(service, 'DELETE', `/v1/keys/${id}`)
  const revokedMs = performance.now()
  for (const client of clients) {
    let refusal = ''
    while (refusal === '') {
      refusal = await client.incr('demo/load/orders').then(() => '', String)
      assert.ok(performance.now() - revokedMs < 2000, 'it is still answered')
    }
    assert.match(refusal, /IDGEN_UNAUTHENTICATED/)
  }
})

test('a deleted tag is gone on all threads at once, and one of its name goes on above it', async (t) => {
  const { service, port } = await world(t)
  const clients = Array.from({ length: 8 }, () => newClient(port, ADMIN))
  t.after(() => clients.map((client) => client.disconnect()))
  let highest = 0
  // At this rate shares lie ready in both threads.
  for (let round = 0; round < 50; round += 1)
    for (const numbers of await Promise.all(clients.map((client) => client.incr('demo/load/orders'))))
      highest = Math.max(highest, numbers)
  await made(service, 'DELETE', `${URL_OF_TAGS}/orders`)
  for (const client of clients)
    await until('the tag is gone', async () => {
      const answer = await client.incr('demo/load/orders').catch(String)
      if (typeof answer === 'string') assert.match(answer, /IDGEN_TAG_NOT_FOUND/)
      else highest = Math.max(highest, answer)
      return typeof answer === 'string'
    })
  await made(service, 'POST', URL_OF_TAGS, { name: 'orders', algorithm: 'segment' })
  for (const client of clients) assert.ok((await client.incr('demo/load/orders')) > highest)
})

test('after SIGTERM under load no ID of the process comes again from the next one', async (t) => {
  const { database, service, issued } = await world(t)
  const load = loadOn(service, issued)
  await load.start()
  await until('a thousand answers', () => load.answers > 1000)
  assert.equal(await service.stop('SIGTERM'), 0)
  await load.stop()
  assert.ok(service.log.some((line) => line['msg'] === 'stopped'))
  assert.ok(!service.log.some((line) => line['level'] === 'error'))
  const next = await started(t, database)
  const more = loadOn(next, issued)
  await more.start()
  await until('a thousand more', () => more.answers > 1000)
  await more.stop()
  issued.verify()
})

test('a second process on the port of the threads is refused, not given half of their connections', async (t) => {
  const { database, port } = await world(t)
  const second = startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_RESP_HOST: '127.0.0.1',
    IDGEN_SERVER_RESP_PORT: String(port),
    IDGEN_SERVER_THREADS: '2',
  })
  void second.then(
    (service) => service.stop('SIGKILL'),
    () => undefined,
  )
  await assert.rejects(second, /server\.resp\.port to a free port.*IDGEN_PORT_IN_USE/)
})

/** A call of the management API that must succeed. */
async function made(
  service: ServiceProcess,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${service.httpOrigin}${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

/** One pipeline of each of the connections. */
const ON_THEIR_WAY = 6 * 20
