import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { embedded, ids, KEY, makeTag, post } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'

test('after a clean stop the next start goes on above every ID given, without a gap', async (t) => {
  const folder = temporaryFolder('idgen-service-')
  const first = await embedded(t, folder)
  await makeTag(first, 'orders', { algorithm: 'segment' })
  await makeTag(first, 'events', { algorithm: 'snowflake' })
  const orders = await ids(first, 'orders', 5)
  const events = await ids(first, 'events', 5)
  assert.deepEqual(orders, ['1', '2', '3', '4', '5'])
  assert.equal(await first.stop('SIGTERM'), 0)
  const second = await embedded(t, folder)
  assert.deepEqual(await ids(second, 'orders'), ['6'])
  const [event] = await ids(second, 'events')
  assert.ok(BigInt(event ?? 0) > BigInt(events[4] ?? 0))
})

test('after SIGKILL the next start adopts the database and goes on above', async (t) => {
  const folder = temporaryFolder('idgen-service-')
  const first = await embedded(t, folder)
  await makeTag(first, 'orders', { algorithm: 'segment' })
  await ids(first, 'orders', 5)
  await first.stop('SIGKILL')
  const second = await embedded(t, folder)
  assert.ok(Number((await ids(second, 'orders'))[0]) > 5)
  assert.ok(second.log.some((line) => line['adopted'] === true))
})

test('a second process on the same folder is refused with a clear error', async (t) => {
  const folder = temporaryFolder('idgen-service-')
  const first = await embedded(t, folder)
  await assert.rejects(embedded(t, folder), (error: Error) => {
    assert.match(error.message, /IDGEN_DATA_FOLDER_IN_USE/)
    assert.match(error.message, new RegExp(`process ${first.pid}`))
    return true
  })
  await makeTag(first, 'orders', { algorithm: 'segment' })
  assert.deepEqual(await ids(first, 'orders'), ['1'])
})

test('three processes that start together on one empty database migrate it once and share its tags', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const environment = {
    IDGEN_DATABASE_URL: database.url,
    IDGEN_DATABASE_POOL_MAX: '10',
    IDGEN_DATABASE_POOL_MIN: '1',
    IDGEN_AUTH_ADMIN_KEY: KEY,
  }
  const services = await Promise.all([1, 2, 3].map(() => startService(environment)))
  t.after(() => Promise.all(services.map((service) => service.stop('SIGTERM'))))
  // Each migration is a transaction of its own, so that processes may take turns with them.
  const migrated = services.flatMap((service) =>
    service.log.flatMap((line) =>
      line['msg'] === 'schema migrated' ? (line['migrations'] as string[]) : [],
    ),
  )
  assert.ok(migrated.length > 1)
  assertNoneTwice(migrated)
  const [first] = services
  assert.ok(first !== undefined)
  await makeTag(first, 'orders', { algorithm: 'segment', step: { base: 10, min: 10, max: 10 } })
  await makeTag(first, 'events', { algorithm: 'snowflake' })
  for (const tag of ['orders', 'events']) {
    const given = (await Promise.all(services.flatMap((s) => [ids(s, tag, 50), ids(s, tag, 50)]))).flat()
    assertNoneTwice(given, 300)
  }
  const workers = services.flatMap((s) =>
    s.log.filter((l) => l['msg'] === 'worker id acquired').map((l) => l['worker']),
  )
  assert.equal(new Set(workers).size, 3, 'a worker id is held twice')
})

test('a graceful stop answers what is in flight and refuses nothing it accepted', async (t) => {
  const folder = temporaryFolder('idgen-service-')
  const service = await embedded(t, folder)
  await makeTag(service, 'orders', { algorithm: 'segment' })
  const outcomes: number[] = []
  let refused = 0
  const load = Array.from({ length: 20 }, async () => {
    for (let call = 0; call < 500; call += 1) {
      try {
        outcomes.push((await post(service, '/v1/workspaces/w/groups/g/tags/orders/ids', {})).status)
      } catch {
        // Connections are refused once it no longer listens; that is the load balancer's cue.
        refused += 1
        return
      }
    }
  })
  await until('calls are answered', () => outcomes.length > 20)
  assert.equal(await service.stop('SIGTERM'), 0)
  await Promise.all(load)
  t.diagnostic(`${outcomes.length} answered, ${refused} callers found it closed`)
  assert.deepEqual(new Set(outcomes), new Set([200]))
})

test('a port that is taken is named with the key to change', async (t) => {
  const folder = temporaryFolder('idgen-service-')
  const first = await embedded(t, folder)
  const port = new URL(first.httpOrigin).port
  const other = temporaryFolder('idgen-service-')
  await assert.rejects(
    startService({ IDGEN_DATA_DIR: other, IDGEN_SERVER_HTTP_PORT: port }),
    /127\.0\.0\.1:\d+ is taken by another program; set server\.http\.port.*IDGEN_PORT_IN_USE/s,
  )
})
