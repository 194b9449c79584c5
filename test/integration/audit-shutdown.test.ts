// Runs alone: what was answered a second before a kill must be on record by then.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { PostgresAuditReader } from '../../service/adapters/postgres/postgres-audit-reader.ts'
import { type AuditVerdict, checkAudit } from '../../service/app/audit-check.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { RespLoad } from '../fixtures/resp-load.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const KEY = 'audit-shutdown-admin-key'
const FLUSH_MS = 200
const CALLERS = 8
const TAG_URL = '/v1/workspaces/w/groups/g/tags/t'

/** What clients were told, and when. */
interface Told {
  readonly changes: number[]
  readonly batches: number[]
}

async function ask(service: ServiceProcess, method: string, path: string, body: object): Promise<boolean> {
  const response = await fetch(`${service.httpOrigin}${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  await response.arrayBuffer()
  return response.ok
}

/** Changes and requests for IDs as fast as they are answered, until the process no longer does. */
async function keepAsking(service: ServiceProcess, caller: number, told: Told): Promise<void> {
  const group = `/v1/workspaces/w/groups/g${caller}`
  try {
    for (let round = 0; ; round += 1) {
      if (await ask(service, 'PATCH', group, { displayName: `${round}` })) told.changes.push(Date.now())
      if (await ask(service, 'POST', `${TAG_URL}/ids`, { count: 2 })) told.batches.push(Date.now())
    }
  } catch {
    // It has stopped.
  }
}

/** A process under load is ended by a signal. What clients were told, what stands in the audit log, and its check. */
async function ended(t: TestContext, signal: 'SIGTERM' | 'SIGKILL') {
  const test = await testDatabase()
  t.after(() => test.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: test.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_AUDIT_FLUSH_EVERY: `${FLUSH_MS}ms`,
  })
  t.after(() => service.stop('SIGKILL'))
  assert.ok(await ask(service, 'POST', '/v1/workspaces', { name: 'w' }))
  for (const name of ['g', ...Array.from({ length: CALLERS }, (_, caller) => `g${caller}`)])
    assert.ok(await ask(service, 'POST', '/v1/workspaces/w/groups', { name }))
  assert.ok(await ask(service, 'PUT', TAG_URL, { algorithm: 'snowflake' }))
  const told: Told = { changes: [], batches: [] }
  const callers = Array.from({ length: CALLERS }, (_, caller) => keepAsking(service, caller, told))
  await until('both are answered', () => told.changes.length > 0 && told.batches.length > 0)
  await pause(2000)
  const signalled = Date.now()
  await service.stop(signal)
  await Promise.all(callers)
  return { signalled, told, ...(await rowsOf(test.url)), verdict: await verdictOf(test.url) }
}

interface Rows {
  readonly changes: number
  readonly batches: number
  readonly ids: number
  readonly last: string
}

async function rowsOf(url: string): Promise<Rows> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Rows>(`
      SELECT count(*) FILTER (WHERE action = 'group.update')::int AS changes,
             coalesce(sum((detail->>'requests')::int) FILTER (WHERE action = 'generate.count'), 0)::int AS batches,
             coalesce(sum((detail->>'ids')::int) FILTER (WHERE action = 'generate.count'), 0)::int AS ids,
             (SELECT action FROM audit_log ORDER BY seq DESC LIMIT 1) AS last
        FROM audit_log`)
    const [row] = rows
    assert.ok(row !== undefined)
    return row
  } finally {
    await client.end()
  }
}

async function verdictOf(url: string): Promise<AuditVerdict> {
  const database = new PostgresDatabase({ url, log: new RecordedLog(), poolMin: 0 })
  try {
    return await checkAudit({
      reader: new PostgresAuditReader(database),
      // Long enough later that a chain without an end is none of a process that lives.
      nowMs: Date.now() + 86_400_000,
      key: undefined,
      from: undefined,
      to: undefined,
      known: new Map(),
      onProgress: () => {},
    })
  } finally {
    await database.close()
  }
}

test('a process that is told to stop under load loses no record of what it answered', async (t) => {
  const { told, changes, batches, last, verdict } = await ended(t, 'SIGTERM')
  assert.ok(told.changes.length > 0 && told.batches.length > 0)
  // What was done and whose answer was cut off is in the log, too.
  assert.ok(changes >= told.changes.length, `${changes} of ${told.changes.length} changes`)
  assert.ok(batches >= told.batches.length, `${batches} of ${told.batches.length} batches`)
  assert.equal(last, 'audit.close')
  assert.deepEqual([verdict.faults, verdict.unclosed], [[], []])
  t.diagnostic(`${told.changes.length} changes and ${told.batches.length} batches told, all on record`)
})

test('two threads that answer Redis clients lose no count of what they answered when they are told to stop', async (t) => {
  const test = await testDatabase()
  t.after(() => test.drop())
  const file = join(temporaryFolder('idgen-audit-file-'), 'audit.ndjson')
  const service = await startService({
    IDGEN_DATABASE_URL: test.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_AUDIT_FLUSH_EVERY: `${FLUSH_MS}ms`,
    IDGEN_AUDIT_FILE: file,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '2',
  })
  t.after(() => service.stop('SIGKILL'))
  assert.ok(await ask(service, 'POST', '/v1/workspaces', { name: 'demo' }))
  assert.ok(await ask(service, 'POST', '/v1/workspaces/demo/groups', { name: 'load' }))
  const tags = ['snowflake', 'segment'] as const
  for (const algorithm of tags)
    assert.ok(await ask(service, 'PUT', `/v1/workspaces/demo/groups/load/tags/${algorithm}`, { algorithm }))
  const load = new RespLoad({
    port: service.respPort ?? 0,
    tags,
    key: KEY,
    issued: new IssuedIds(),
    issuer: String(service.pid),
    connections: 6,
  })
  await load.start()
  await until('many are answered', () => load.answers > 2000)
  await service.stop('SIGTERM')
  await load.stop()
  const { ids, last } = await rowsOf(test.url)
  // What was issued and whose answer was cut off is in the log, too.
  assert.ok(ids >= load.answers, `${ids} on record, ${load.answers} answered`)
  assert.equal(last, 'audit.close')
  const verdict = await verdictOf(test.url)
  assert.deepEqual([verdict.faults, verdict.unclosed], [[], []])
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const places = lines.map((line) => (JSON.parse(line) as { seq: number }).seq)
  assert.deepEqual(
    places,
    Array.from({ length: verdict.records }, (_, place) => place + 1),
    'audit.file has the whole chain, once and in order',
  )
  t.diagnostic(`${load.answers} IDs answered, ${ids} on record`)
})

test('a process that is killed under load loses the last records alone, and the check names it', async (t) => {
  const { signalled, told, changes, last, verdict } = await ended(t, 'SIGKILL')
  const settled = told.changes.filter((atMs) => atMs < signalled - SETTLED_MS).length
  assert.ok(settled > 0)
  assert.ok(changes >= settled, `${changes} of ${settled} changes that were answered ${SETTLED_MS} ms before`)
  assert.notEqual(last, 'audit.close')
  assert.deepEqual(verdict.faults, [])
  assert.equal(verdict.unclosed.length, 1)
  t.diagnostic(`${told.changes.length} changes told, ${changes} on record`)
})

/** One flush, and room for its write on a busy machine. */
const SETTLED_MS = FLUSH_MS + 800
