// Runs beside others: it looks at what processes print, and at no clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import pg from 'pg'
import { IdServiceService } from '../fixtures/grpc-stubs.ts'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { PAGES, seePages, seeStatus } from './planted-browser.ts'
import { PlantedSecrets } from './planted-secrets.ts'
import { testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const ETCD_AWAY_MS = 5000
const TAGS = '/v1/workspaces/w/groups/g/tags'

/** What was posted to it stays; what it answers changes nothing. */
async function collector(t: TestContext, planted: PlantedSecrets): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      planted.came(
        request.url?.endsWith('/v1/logs') === true ? 'exported audit log' : 'exported traces',
        text,
      )
      // Its text is logged by the service: a collector that repeats what it was sent must not put the header there.
      response.writeHead(400).end(`refused: ${request.headers.authorization}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A command that ends by itself, with all that it printed. */
async function ran(
  planted: PlantedSecrets,
  from: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  limitMs = 60_000,
): Promise<number> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment }
    execFile(
      LAUNCHER,
      [...args],
      { env, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 1e8 },
      (error, stdout, stderr) => {
        planted.came(from, `${stdout}\n${stderr}`)
        resolve(typeof error?.code === 'number' ? error.code : error === null ? 0 : -1)
      },
    )
  })
}

async function asked(
  planted: PlantedSecrets,
  url: string,
  { key, ...init }: { key?: string; method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) }
  const answer = await fetch(url, { ...init, headers: { ...headers, ...init.headers } })
  planted.came('answers over HTTP', `${[...answer.headers].join('\n')}\n${await answer.clone().text()}`)
  return answer
}

/** Wrong keys, and good ones in wrong places, over all protocols. */
async function tryKeys(
  planted: PlantedSecrets,
  service: ServiceProcess,
  good: string,
  admin: string,
): Promise<void> {
  const wrong = (name: string): string => planted.plant(`a wrong key over ${name}`)
  const ids = `${service.httpOrigin}${TAGS}/t/ids`
  await asked(planted, ids, { method: 'POST', key: `idg_aaaaaaaaaaaa_${wrong('HTTP').slice(0, 43)}` })
  await asked(planted, ids, { method: 'POST', key: wrong('HTTP, of another form') })
  await asked(planted, ids, { method: 'POST', headers: { 'x-api-key': wrong('X-API-Key') } })
  await asked(planted, `${service.httpOrigin}/docs`, {
    headers: { authorization: `Basic ${Buffer.from(`me:${wrong('Basic')}`).toString('base64')}` },
  })
  const alert = {
    status: 'firing',
    labels: { alertname: 'Planted', api_token: wrong('a label of an alert') },
    annotations: { summary: `password=${wrong('the summary of an alert')}` },
  }
  await asked(planted, `${service.httpOrigin}/v1/audit/alerts`, {
    method: 'POST',
    key: admin,
    body: JSON.stringify({ alerts: [alert] }),
  })
  // Put where it does not belong: a server that logs addresses would keep it.
  await asked(planted, `${service.httpOrigin}/livez?api_key=${admin}`)
  const misplaced = `${service.httpOrigin}${TAGS}/t?api_key=${admin}`
  await asked(planted, misplaced, { method: 'PATCH', key: good, body: '{}' })
  const client = new Client(service.grpcAddress, credentials.createInsecure())
  const { path, requestSerialize, responseDeserialize } = IdServiceService.generate
  for (const name of ['authorization', 'x-api-key']) {
    const metadata = new Metadata()
    metadata.set(name, `${name === 'x-api-key' ? '' : 'Bearer '}${wrong(`gRPC ${name}`)}`)
    await new Promise<void>((resolve) => {
      const request = { tag: 'w/g/t', format: 0 } as Parameters<typeof requestSerialize>[0]
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error) => {
        planted.came('answers over gRPC', JSON.stringify(error))
        resolve()
      })
    })
  }
  client.close()
  const socket = connect(service.respPort ?? 0, '127.0.0.1')
  socket.write(
    `AUTH ${wrong('RESP')}\r\nHELLO 3 AUTH me ${wrong('HELLO')}\r\nAUTH ${good}\r\nINCR w/g/t\r\nINFO\r\nQUIT\r\n`,
  )
  for await (const part of socket) planted.came('answers over RESP', String(part))
}

/** What every user of the machine may read of a process. */
async function seenFromOutside(planted: PlantedSecrets, { pid }: ServiceProcess): Promise<void> {
  if (process.platform !== 'linux') return
  planted.came('the command line', await readFile(`/proc/${pid}/cmdline`, 'latin1'))
  for (const task of await readdir(`/proc/${pid}/task`))
    planted.came('names of threads', await readFile(`/proc/${pid}/task/${task}/comm`, 'latin1'))
}

/** Commands and starts that go wrong, each with its own secret in the way. */
async function goWrong(
  planted: PlantedSecrets,
  folder: string,
  good: Readonly<Record<string, string>>,
): Promise<void> {
  const nobody = 'postgres://idgen'
  const database = `${nobody}:${planted.plant('password of a dead database')}@127.0.0.1:1/idgen`
  const yaml = join(folder, 'broken.yaml')
  await writeFile(yaml, `auth:\n  adminKey: ${planted.plant('key in broken YAML')}\n   audit: { key: [\n`)
  const unknown = join(folder, 'unknown.yaml')
  await writeFile(
    unknown,
    `auth: { adminKey: [ ${planted.plant('key in a list')} ] }\ndatabase: { url: 7 }\n`,
  )
  const tls = join(folder, 'broken.pem')
  await writeFile(
    tls,
    `-----BEGIN PRIVATE KEY-----\n${planted.plant('broken private key')}\n-----END PRIVATE KEY-----\n`,
  )
  const starts: Readonly<Record<string, readonly [Record<string, string>, ...string[]]>> = {
    'a start without a database': [{ IDGEN_DATABASE_URL: database }],
    'a start with a URL of another kind': [
      { IDGEN_DATABASE_URL: `mysql://u:${planted.plant('password of another kind')}@h/d` },
    ],
    'a start with a URL that is none': [
      { IDGEN_DATABASE_URL: planted.plant('a password in place of a URL') },
    ],
    'a start with a short audit key': [{ IDGEN_AUDIT_KEY: planted.plant('short audit key').slice(0, 30) }],
    'a start with broken YAML': [{}, '--config', yaml],
    'a start with values of the wrong kind': [{}, '--config', unknown],
    'a start with a broken private key': [
      { ...good, IDGEN_SERVER_HTTPS_CERT: tls, IDGEN_SERVER_HTTPS_KEY: tls },
    ],
    'a start with Redis of another kind': [
      { ...good, IDGEN_REDIS_ENDPOINTS: `http://u:${planted.plant('password of another Redis')}@h:1` },
    ],
  }
  const LISTENING = {
    IDGEN_SERVER_HTTP_PORT: '0',
    IDGEN_SERVER_GRPC_PORT: '0',
    IDGEN_SERVER_METRICS_PORT: '0',
  }
  const failed = Object.entries(starts).map(async ([from, [environment, ...args]]) => {
    const env = { ...LISTENING, IDGEN_LOG_LEVEL: 'debug', ...environment }
    assert.notEqual(await ran(planted, from, ['serve', ...args], env), 0, from)
  })
  await Promise.all(failed)
  const etcd = {
    ...good,
    IDGEN_ETCD_ENDPOINTS: 'http://127.0.0.1:1',
    IDGEN_ETCD_USERNAME: 'idgen',
    IDGEN_ETCD_PASSWORD: planted.plant('password of etcd'),
  }
  await Promise.all([
    // It waits for etcd for ever, and says so.
    ran(planted, 'a start without etcd', ['serve'], { ...LISTENING, ...etcd }, ETCD_AWAY_MS),
    ran(planted, 'doctor without a database', ['doctor'], { ...good, IDGEN_DATABASE_URL: database }),
  ])
}

test('no secret comes out of a service, whatever goes wrong', async (t) => {
  const planted = new PlantedSecrets()
  const folder = temporaryFolder('idgen-service-')
  const database = await testDatabase()
  const { url } = database
  const server = new URL(url)
  const proxy = await TcpProxy.start({ host: server.hostname, port: Number(server.port) })
  const role = `planted_${Date.now()}`
  const password = planted.plant('password of the database')
  const running: ServiceProcess[] = []
  const owner = new pg.Client(url)
  await owner.connect()
  // In this order: who holds something of the database goes before it does.
  t.after(async () => {
    for (const one of running) await one.stop('SIGKILL')
    await proxy.close()
    await owner.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`)
    await owner.query(`DROP OWNED BY ${role}`)
    await owner.query(`DROP ROLE ${role}`)
    await owner.end()
    await database.drop()
  })
  await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
  await owner.query(`GRANT ALL ON DATABASE ${server.pathname.slice(1)} TO ${role}`)
  await owner.query(`GRANT ALL ON SCHEMA public TO ${role}`)
  const { cert, key } = selfSigned('localhost')
  knowKey(planted, 'private key', key)
  await writeFile(join(folder, 'tls.crt'), cert)
  await writeFile(join(folder, 'tls.key'), key)
  await writeFile(join(folder, 'idgen.yaml'), 'limits: { perTag: 0 }\n')
  const keyFile = join(folder, 'admin-key')
  const admin = planted.plant('admin key')
  await writeFile(keyFile, admin)
  const auditFile = join(folder, 'audit.ndjson')
  const reports = join(folder, 'reports')
  await mkdir(reports)
  const receiver = await collector(t, planted)
  const secrets = {
    IDGEN_DATABASE_URL: `postgres://${role}:${password}@${proxy.address}${server.pathname}`,
    IDGEN_AUDIT_KEY: planted.plant('audit key'),
    IDGEN_REDIS_ENDPOINTS: `redis://u:${planted.plant('password of Redis')}@127.0.0.1:1`,
    IDGEN_TRACING_EXPORTER: 'otlp',
    IDGEN_TRACING_ENDPOINT: `${receiver}/${planted.plant('key in the path of traces')}/v1/traces`,
    IDGEN_TRACING_AUTHORIZATION: `Bearer ${planted.plant('key of the collector')}`,
    IDGEN_AUDIT_OTLP_ENDPOINT: `${receiver}/${planted.plant('key in the path of logs')}/v1/logs`,
    IDGEN_AUDIT_OTLP_AUTHORIZATION: `Bearer ${planted.plant('key of the receiver of the audit log')}`,
    IDGEN_AUTH_ADMIN_KEY_FILE: keyFile,
    IDGEN_SERVER_COMPATIBILITY_LEAF: 'true',
    IDGEN_SERVER_COMPATIBILITY_LEAF_KEY: planted.plant('key of callers who send none'),
    IDGEN_SERVER_COMPATIBILITY_GROUP: 'w/g',
  }
  const service = await startService(
    {
      ...secrets,
      IDGEN_LOG_LEVEL: 'debug',
      IDGEN_AUDIT_FILE: auditFile,
      IDGEN_SERVER_THREADS: '2',
      IDGEN_SERVER_RESP_ENABLED: 'true',
      IDGEN_SERVER_HTTPS_PORT: '0',
      IDGEN_SERVER_HTTPS_CERT: join(folder, 'tls.crt'),
      IDGEN_SERVER_HTTPS_KEY: join(folder, 'tls.key'),
      IDGEN_SERVER_HTTPS_REDIRECT: 'false',
      IDGEN_TRACING_RATIO: '1',
      NODE_OPTIONS: `--report-on-signal --report-directory=${reports}`,
    },
    ['--config', join(folder, 'idgen.yaml')],
  )
  running.push(service)
  const at = (path: string): string => `${service.httpOrigin}${path}`
  const made = async (path: string, body: object, by = admin): Promise<Response> =>
    asked(planted, at(path), { method: 'POST', key: by, body: JSON.stringify(body) })
  for (const [path, name] of [
    ['', 'w'],
    ['/w/groups', 'g'],
    ['/w/groups/g/tags', 't'],
  ])
    assert.equal((await made(`/v1/workspaces${path}`, { name })).status, 201)
  // The one answer that has a secret in it, by intent.
  const answer = await fetch(at('/v1/keys'), {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'good', scopes: ['issue', 'manage', 'audit'] }),
  })
  const { key: good } = (await answer.json()) as { key: string }
  planted.know('secret of a good key', good.slice(17))
  const seals = await owner.query<{ key: Buffer }>('SELECT key FROM seals')
  for (const row of seals.rows) {
    planted.know('sealing key, hex', row.key.toString('hex'))
    planted.know('sealing key, base64', row.key.toString('base64').slice(0, 40))
  }

  await made(`${TAGS}/t/ids`, { count: 2 }, good)
  await tryKeys(planted, service, good, admin)
  // Settings and the admin key change live, and are refused.
  const next = planted.plant('next admin key')
  await writeFile(keyFile, next)
  await writeFile(join(folder, 'idgen.yaml'), 'limits: { perTag: 100000 }\n')
  await until(async () => (await asked(planted, at('/v1/keys'), { key: next })).status === 200)
  await writeFile(
    join(folder, 'idgen.yaml'),
    `auth: { adminKey: ${planted.plant('second admin key')}, x: 1 }\n`,
  )
  await until(async () => service.log.some(({ msg }) => String(msg).startsWith('configuration refused')))
  await writeFile(join(folder, 'idgen.yaml'), 'limits: { perTag: 0 }\n')
  await seenFromOutside(planted, service)
  process.kill(service.pid, 'SIGUSR2')
  await until(async () => (await readdir(reports)).length > 0)
  for (const path of ['/v1/keys', '/v1/audit', '/v1/audit/export', '/openapi.json', '/v1/nodes', '/readyz'])
    await asked(planted, at(path), { key: good })
  assert.equal((await asked(planted, at('/api/segment/get/t'))).status, 401, 'that key was made by nobody')
  await seeStatus(planted, service, good)
  const browser = await seePages(t, planted, {
    origin: service.httpOrigin,
    key: next,
    keyId: good.slice(4, 16),
  })
  planted.came('metrics', await (await fetch(`${service.metricsOrigin}/metrics`)).text())
  await Promise.all([
    ran(planted, 'doctor', ['doctor'], secrets),
    ran(planted, 'doctor --json', ['doctor', '--json'], secrets),
  ])

  // The database dies under it.
  proxy.point({ host: '127.0.0.1', port: 1 })
  proxy.reset()
  await made('/v1/workspaces', { name: 'late' }, good)
  await made(
    `${TAGS}/nothing/ids`,
    {},
    `idg_bbbbbbbbbbbb_${planted.plant('a key nobody could look up').slice(0, 43)}`,
  )
  await asked(planted, at('/readyz'))
  await until(async () => (await scrapedMetrics(service)).get('idgen_database_ok') === 0)
  await seeStatus(planted, service, good)
  for (const page of ['/ui', '/ui/nodes', '/ui/keys', '/ui/tags/w/g/t']) await browser.see(page)
  proxy.point({ host: server.hostname, port: Number(server.port) })
  await until(async () => (await made(`${TAGS}/t/ids`, {}, good)).status === 200)
  assert.equal(await service.stop('SIGTERM'), 0)
  planted.came('log', service.log.map((line) => JSON.stringify(line)).join('\n'))
  for (const file of await readdir(reports))
    planted.came('diagnostic report', await readFile(join(reports, file), 'utf8'))
  planted.came('audit file', await readFile(auditFile, 'utf8'))
  const own = join(folder, 'own')
  const printed = await Promise.all([
    ran(planted, 'audit export', ['audit', 'export'], secrets),
    ran(planted, 'audit verify', ['audit', 'verify'], secrets),
    ran(planted, 'audit verify --file', ['audit', 'verify', '--file', auditFile], secrets),
    ran(planted, 'certificate', ['certificate', own], secrets),
  ])
  assert.deepEqual(printed, [0, 0, 0, 0])
  knowKey(planted, 'made private key', await readFile(join(own, 'tls.key'), 'utf8'))
  await goWrong(planted, folder, { IDGEN_DATABASE_URL: secrets.IDGEN_DATABASE_URL })

  assert.deepEqual(planted.found(), [])
  // That all of it was really looked at.
  const audit = planted.outputs.get('audit export') ?? ''
  for (const action of ['settings.change', 'settings.refuse', 'key.refuse', 'audit.close'])
    assert.ok(audit.includes(`"${action}"`), `${action} is in the audit log`)
  const outputs = [
    PAGES,
    '/status',
    'exported traces',
    'exported audit log',
    'metrics',
    'diagnostic report',
    'answers over RESP',
    'log',
    'audit file',
  ]
  for (const from of outputs)
    assert.ok((planted.outputs.get(from)?.length ?? 0) > 100, `nothing came from ${from}`)
  assert.match(planted.outputs.get('audit verify --file') ?? '', /The audit file is whole: \d+ records/)
  assert.match(planted.outputs.get('certificate') ?? '', /^Made /)
})

/** Each line of it by itself: half a key is one too many. */
function knowKey(planted: PlantedSecrets, name: string, pem: string): void {
  const lines = pem.split('\n').slice(1, -2)
  assert.ok(lines.length > 1)
  for (const [at, line] of lines.entries()) planted.know(`${name}, line ${at + 1}`, line)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    assert.ok(tries < 300, 'it did not happen within 30 s')
    await pause(100)
  }
}
