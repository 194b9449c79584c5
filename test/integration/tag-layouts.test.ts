// Runs beside others: it asks for few IDs, and nothing in it is measured.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { rangeKey } from '../../service/core/coordination-keys.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { testEtcd } from './etcd-server.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const ADMIN = 'tag-layouts-admin-key'
const TAGS = '/v1/workspaces/demo/groups/load/tags'
const CALLS = 40
const COUNT = 20

async function started(
  t: TestContext,
  database: TestDatabase,
  more: Record<string, string> = {},
): Promise<ServiceProcess> {
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_SERVER_THREADS: '2',
    // Its layout has 16 IDs in ten milliseconds, and neighbours may take the processors for longer than the default of 2s.
    IDGEN_SERVER_GENERATE_DEADLINE: '20s',
    ...more,
  })
  t.after(() => service.stop('SIGTERM'))
  return service
}

async function posted({ httpOrigin }: ServiceProcess, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${httpOrigin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  assert.ok(response.ok, text)
  return JSON.parse(text)
}

async function issued(service: ServiceProcess): Promise<number[]> {
  const calls = Array.from({ length: CALLS }, async () => {
    const told = (await posted(service, `${TAGS}/safe/ids`, { count: COUNT, as: 'number' })) as {
      ids: number[]
      algorithm: string
    }
    assert.equal(told.algorithm, 'snowflake')
    return told.ids
  })
  return (await Promise.all(calls)).flat()
}

test('a 53-bit tag gives no number twice over threads, processes and a restart on the same worker id', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const [one, two] = [await started(t, database), await started(t, database)]
  await posted(one, '/v1/workspaces', { name: 'demo' })
  await posted(one, '/v1/workspaces/demo/groups', { name: 'load' })
  const space = { format: { snowflake: '53-bit' } }
  await posted(one, TAGS, { name: 'safe', chain: ['snowflake'], space })
  const ids = (await Promise.all([issued(one), issued(two)])).flat()
  await one.stop('SIGTERM')
  ids.push(...(await issued(await started(t, database))))
  assertNoneTwice(ids, 3 * CALLS * COUNT)
  for (const id of ids) assert.ok(Number.isSafeInteger(id), String(id))
})

test('with etcd it stamps at once, and no more when etcd has another layout of its name', async (t) => {
  const [database, etcd] = await Promise.all([testDatabase(), testEtcd()])
  t.after(() => Promise.all([database.drop(), etcd.close()]))
  const endpoints = { IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(), IDGEN_ETCD_PREFIX: '/layouts' }
  const service = await started(t, database, endpoints)
  await posted(service, '/v1/workspaces', { name: 'demo' })
  await posted(service, '/v1/workspaces/demo/groups', { name: 'load' })
  const space = { format: { snowflake: '53-bit' } }
  await posted(service, TAGS, { name: 'safe', chain: ['snowflake'], space })
  assertNoneTwice(await issued(service), CALLS * COUNT)
  const options = { endpoints: etcd.endpoints, prefix: '/layouts', timeoutMs: 5000, log: SILENT }
  const hand = new EtcdCoordinator(options)
  t.after(() => hand.close())
  const key = rangeKey('demo/load/safe')
  const { value = '' } = (await hand.get(key)) ?? {}
  const other = value.replace('"unitMs":10', '"unitMs":20')
  assert.notEqual(other, value)
  await hand.transact({ compare: [], change: [{ put: key, value: other }], read: [] })
  // Any change of the tag has its name looked at.
  const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ displayName: 'looked at' })
  await fetch(`${service.httpOrigin}${TAGS}/safe`, { method: 'PATCH', headers, body })
  // A share that a thread took before lives for a second.
  const endsAtMs = Date.now() + 30_000
  for (;;) {
    const refused = await posted(service, `${TAGS}/safe/ids`, {}).then(() => '', String)
    if (refused.includes('IDGEN_SPACE_MISMATCH') || Date.now() > endsAtMs) {
      assert.match(refused, /IDGEN_SPACE_MISMATCH/)
      return
    }
    await pause(50)
  }
})
