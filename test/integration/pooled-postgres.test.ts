import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallFailed } from '../fixtures/call-failed.ts'
import { IdCalls } from '../fixtures/id-calls.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { HAS_PGBOUNCER, PgbouncerProcess } from './pgbouncer-process.ts'
import { testDatabase } from './postgres-server.ts'

const ADMIN = 'pooled-postgres-admin-key'
const ROUNDS = 40
/** More than the smallest segment, so that nearly every call asks the database. */
const COUNT = 700

/** Three connections for two processes of ten each: nearly every transaction is on another one than the last. */
const CONNECTIONS = 3

test('behind a pooler in transaction mode two processes begin, give no ID twice, and hear of keys at once', {
  skip: HAS_PGBOUNCER ? false : leftOut('pgbouncer is missing: scripts/install-servers.sh installs it'),
}, async (t) => {
  const database = await testDatabase()
  const pooler = await PgbouncerProcess.start(database.url, CONNECTIONS)
  const environment = {
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_AUTH_CACHE_TTL: '1h',
    IDGEN_CATALOG_POLL_EVERY: '1m',
    IDGEN_DATABASE_URL: pooler.url,
    // Notifications belong to a session, which such a pooler has none of.
    IDGEN_DATABASE_LISTEN_URL: database.url,
  }
  // Both at once: migrations lock each other out through the pooler too.
  const services = await Promise.all([startService(environment), startService(environment)])
  const calls = new IdCalls(ADMIN, 10_000, () => true)
  t.after(async () => {
    calls.close()
    await Promise.all(services.map((service) => service.stop('SIGTERM')))
    await pooler.stop()
    await database.drop()
  })
  const [first, second] = services
  for (const [path, name] of [
    ['', 'demo'],
    ['/demo/groups', 'load'],
    ['/demo/groups/load/tags', 'order'],
  ])
    await asked(first, 'POST', `/v1/workspaces${path}`, { name })

  const seen = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(
      services.map((service) => calls.ask(service, 'grpc-stream', 'order', COUNT)),
    )
    for (const { texts } of answers) for (const id of texts) seen.add(id)
  }
  assert.equal(seen.size, ROUNDS * COUNT * services.length, 'an ID came twice')

  const made = await asked(first, 'POST', '/v1/keys', { name: 'to be ended', scopes: ['issue'] })
  const held = new IdCalls(String(made['key']), 10_000, () => true)
  t.after(() => held.close())
  await held.ask(second, 'http', 'order', 1)
  await asked(first, 'DELETE', `/v1/keys/${made['id']}`)
  // Long before the poll, and before the cache lets go of it.
  await until('the other process refuses the key', async () => {
    const refused = await held.ask(second, 'http', 'order', 1).then(() => undefined, asFailed)
    return refused?.code === 'IDGEN_UNAUTHENTICATED'
  })
})

function asFailed(error: unknown): CallFailed {
  if (error instanceof CallFailed) return error
  throw error
}

async function asked(
  service: ServiceProcess,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${service.httpOrigin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
