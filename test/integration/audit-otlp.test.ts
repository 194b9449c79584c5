// Runs beside others: what it waits for has limits of many seconds, and nothing else is timed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { AuditFileCheck, type AuditFileVerdict } from '../../service/app/audit-file-check.ts'
import { freePort } from '../fixtures/free-ports.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { AuditReceiver, type CollectedRecord } from './audit-receiver.ts'
import { testDatabase } from './postgres-server.ts'

/** The audit log of real processes, read back where it was sent to. */

const ADMIN = 'audit-otlp-admin-key'
const KEY = 'a key that only the service has..'
const AUTHORIZATION = 'Bearer s3cr3t-of-the-receiver'
/** Pauses between tries grow to 45 s, on a machine that is busy. */
const LIMIT_MS = 120_000
/** Above a few waits that take their whole time, each: the one that came too late is to be named, not the test. */
const TEST_MS = 600_000

function waited(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  return until(what, holds, LIMIT_MS)
}

interface Serving {
  readonly service: ServiceProcess
  readonly database: string
  /** Makes a workspace, which is one record. */
  readonly make: (name: string, headers?: Readonly<Record<string, string>>) => Promise<void>
}

async function serve(t: TestContext, environment: Readonly<Record<string, string>>): Promise<Serving> {
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  const database = await testDatabase()
  stack.defer(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: ADMIN,
    IDGEN_AUDIT_KEY: KEY,
    IDGEN_AUDIT_FLUSH_EVERY: '50ms',
    ...environment,
  })
  stack.defer(async () => void (await service.stop('SIGKILL')))
  const make = async (name: string, headers: Readonly<Record<string, string>> = {}): Promise<void> => {
    const response = await fetch(`${service.httpOrigin}/v1/workspaces`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ name, displayName: 'ä "b" \u2028' }),
    })
    assert.equal(response.status, 201)
  }
  return { service, database: database.url, make }
}

function events({ log }: ServiceProcess, event: string): readonly Readonly<Record<string, unknown>>[] {
  return log.filter((line) => line['event'] === event)
}

/** Of `idgen_audit_otlp_records_total`. */
async function counted({ metricsOrigin }: ServiceProcess): Promise<Record<string, number>> {
  const text = await (await fetch(`${metricsOrigin}/metrics`)).text()
  const found = text.matchAll(/^idgen_audit_otlp_records_total\{outcome="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries([...found].map(([, outcome = '', count]) => [outcome, Number(count)]))
}

/** As a receiver would drop twins: by chain and number, of which the first counts. */
function withoutTwins(records: readonly CollectedRecord[]): readonly CollectedRecord[] {
  const known = new Map<string, CollectedRecord>()
  for (const record of records) {
    const place = `${record.attributes['idgen.audit.chain']} ${record.attributes['idgen.audit.seq']}`
    if (!known.has(place)) known.set(place, record)
  }
  return [...known.values()]
}

function checked(records: readonly CollectedRecord[]): AuditFileVerdict {
  const check = new AuditFileCheck({ nowMs: Date.now(), key: KEY, known: new Map() })
  for (const [at, { line }] of records.entries()) check.line(line, `received:${at + 1}`)
  return check.end()
}

/**
 * All of one process from its first record on, each once, in order and as it was made; to `audit.close`, unless the machine
 * was too slow for the three seconds that a stop gives it, which the process says then.
 */
function assertWholeChain(records: readonly CollectedRecord[], service: ServiceProcess): void {
  const { chains, faults, begun, unclosed } = checked(records)
  assert.deepEqual([chains, faults, begun], [1, [], []])
  if (events(service, 'audit.not-exported').length === 0) assert.deepEqual(unclosed, [])
}

test('a receiver that is away, busy, cut off or slow gets each record, and twins are known by their place', {
  timeout: TEST_MS,
}, async (t) => {
  const port = await freePort()
  const receiver = new AuditReceiver(t)
  const { service, make } = await serve(t, {
    IDGEN_AUDIT_OTLP_ENDPOINT: `http://127.0.0.1:${port}/v1/logs`,
  })
  const later = () => events(service, 'audit.export-later')
  await make('w0')
  await waited('nobody listens at the start', () => later().length === 1)
  assert.match(String(later()[0]?.['why']), /ECONNREFUSED/)
  receiver.answers.push({ status: 429, retryAfter: '1' }, { status: 503 }, 'take and cut', 'slow')
  await receiver.start(port)
  await waited('it has what came before it', () => receiver.has('w0'))
  await waited(
    'and again, after the answer that did not come',
    () => events(service, 'audit.export-works').length === 1,
  )
  await receiver.stop()
  await make('w1')
  await waited('it is missed', () => later().length === 2)
  await make('w2')
  await receiver.start(port)
  await waited('it has what came meanwhile', () => receiver.has('w1') && receiver.has('w2'))
  await waited('all is counted', async () => {
    const { exported, dropped, refused } = await counted(service)
    return exported === withoutTwins(receiver.records).length && dropped === 0 && refused === 0
  })
  assert.deepEqual(events(service, 'audit.not-exported'), [])
  await make('w3')
  assert.equal(await service.stop('SIGTERM'), 0)
  const records = withoutTwins(receiver.records)
  assert.ok(records.length < receiver.records.length, 'some came twice')
  assertWholeChain(records, service)
})

test('what is refused for good is counted and told, stands in the database, and holds nothing up', {
  timeout: TEST_MS,
}, async (t) => {
  const { cert, key } = selfSigned('localhost')
  const certificate = join(temporaryFolder('idgen-audit-otlp-'), 'tls.crt')
  writeFileSync(certificate, cert)
  const receiver = new AuditReceiver(t, { cert, key })
  const port = await receiver.start(0)
  const { service, database, make } = await serve(t, {
    IDGEN_AUDIT_OTLP_ENDPOINT: `https://localhost:${port}/v1/logs`,
    IDGEN_AUDIT_OTLP_AUTHORIZATION: AUTHORIZATION,
    NODE_EXTRA_CA_CERTS: certificate,
  })
  const told = () => events(service, 'audit.not-exported')
  await make('first')
  await waited('it is taken', () => receiver.has('first'))
  receiver.always = { status: 400, text: `no: ${AUTHORIZATION}` }
  await make('w0')
  await waited('it is refused', () => receiver.hasRefused('w0'))
  await waited('that is told', () => told().length === 1)
  assert.equal(told()[0]?.['why'], `https://localhost:${port} answered 400: no: …`)
  assert.ok(((await counted(service))['refused'] ?? 0) > 0)
  receiver.always = undefined
  await make('w1')
  await waited('the next ones are taken', () => receiver.has('w1'))
  assert.equal(receiver.has('w0'), false)
  assert.equal(receiver.heads[0]?.authorization, AUTHORIZATION)
  assert.equal(receiver.heads[0]?.['content-type'], 'application/json')
  // A stop is not held up by one that hangs.
  receiver.always = 'hang'
  await make('w2')
  assert.equal(await service.stop('SIGTERM'), 0)
  assert.equal(told().at(-1)?.['why'], 'the process stops')
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const { rows } = await client.query<{ subject: string; action: string }>(
    'SELECT subject, action FROM audit_log ORDER BY seq',
  )
  await client.end()
  for (const name of ['w0', 'w1', 'w2']) assert.ok(rows.some(({ subject }) => subject === name))
  assert.equal(rows.at(-1)?.action, 'audit.close')
})

const COLLECTOR =
  process.env['IDGEN_TEST_OTELCOL'] ?? fileURLToPath(new URL('../../.cache/servers/otelcol', import.meta.url))
const NO_COLLECTOR = existsSync(COLLECTOR)
  ? false
  : leftOut(
      'The OpenTelemetry Collector is not here: scripts/install-servers.sh tracing builds it, or IDGEN_TEST_OTELCOL names one with otlpreceiver and otlphttpexporter',
    )

test('a real OpenTelemetry Collector takes the whole audit log, and gives it on as it was', {
  skip: NO_COLLECTOR,
  timeout: TEST_MS,
}, async (t) => {
  const receiver = new AuditReceiver(t)
  const port = await startCollector(t, await receiver.start(0))
  const { service, make } = await serve(t, {
    IDGEN_AUDIT_OTLP_ENDPOINT: `http://127.0.0.1:${port}/v1/logs`,
    IDGEN_DATACENTER_ID: '3',
  })
  const traceId = randomBytes(16).toString('hex')
  await make('w0', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
  await waited('it came through', () => receiver.has('w0'))
  const lost = () => events(service, 'audit.not-exported').length > 0
  assert.equal(lost(), false)
  assert.equal(await service.stop('SIGTERM'), 0)
  const isClosed = () => receiver.records.some(({ line }) => line.includes('"audit.close"'))
  await waited('the rest came through', () => isClosed() || lost())
  const records = withoutTwins(receiver.records)
  assertWholeChain(records, service)
  for (const { line, attributes, resource, eventName, timeUnixNano } of records) {
    const said = JSON.parse(line) as Record<string, string>
    for (const name of ['actor', 'action', 'subject', 'result', 'chain', 'seq', 'hash'])
      assert.equal(attributes[`idgen.audit.${name}`], String(said[name]), name)
    assert.equal(eventName, `idgen.audit.${said['action']}`)
    assert.equal(timeUnixNano, `${new Date(said['at'] ?? '').getTime()}000000`)
    assert.deepEqual([resource['service.name'], resource['idgen.dc']], ['idgen', '3'])
  }
  const made = records.find(({ attributes }) => attributes['idgen.audit.subject'] === 'w0')
  assert.deepEqual(
    [made?.traceId, made?.severityNumber, made?.attributes['idgen.audit.workspace']],
    [traceId, 9, 'w0'],
  )
})

/** One that sends on what it took, as JSON. Resolves with its port. */
async function startCollector(t: TestContext, receiverPort: number): Promise<number> {
  const port = await freePort()
  const config = join(temporaryFolder('idgen-otelcol-'), 'config.yaml')
  writeFileSync(
    config,
    `receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters:
  otlphttp: { endpoint: "http://127.0.0.1:${receiverPort}", encoding: json, compression: none }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [otlphttp] } }
`,
  )
  const child = spawn(COLLECTOR, [`--config=file:${config}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const exited = new Promise((resolve) => {
    child.once('exit', resolve)
    child.once('error', resolve)
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await waited('the collector listens', () => {
    assert.equal(child.exitCode, null, said)
    return said.includes('Everything is ready')
  })
  return port
}
