// Runs beside others: it asks for few IDs, and nothing in it is measured.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const ADMIN = 'tag-layouts-admin-key'
const TAGS = '/v1/workspaces/demo/groups/load/tags'
const CALLS = 40
const COUNT = 20

async function started(t: TestContext, database: TestDatabase): Promise<ServiceProcess> {
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_SERVER_THREADS: '2',
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
  assert.equal(ids.length, 3 * CALLS * COUNT)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.ok(Number.isSafeInteger(id), String(id))
})
