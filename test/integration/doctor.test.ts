// Runs beside others: nothing looks at a clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, get as getPlain } from 'node:http'
import { get as getEncrypted } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { StatusReport } from '../../service/app/instance-status.ts'
import type { Finding } from '../../service/core/finding.ts'
import { freePorts } from '../fixtures/free-ports.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'
import type { RedisProcess } from './redis-process.ts'
import { testRedis } from './redis-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const ADMIN = `idg_abcdefghijkl_${'a'.repeat(43)}`

let database: TestDatabase
let folder: string
let admin: pg.Client

before(async () => {
  database = await testDatabase()
  folder = temporaryFolder('idgen-doctor-')
  admin = new pg.Client({ connectionString: database.url })
  // The server may end before its last client.
  admin.on('error', () => undefined)
  await admin.connect()
  await idgen(['migrate'])
})
after(() => admin.end())

function idgen(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, ...PORTS, IDGEN_DATABASE_URL: database.url, ...environment }
  return new Promise<{ readonly code: number; readonly out: string }>((resolve, reject) => {
    execFile(LAUNCHER, [...args], { env, timeout: 60_000 }, (error, out, err) => {
      if (err !== '') reject(new Error(err))
      else resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out })
    })
  })
}

/** Any free ones, so that nothing is found of them. */
const PORTS = {
  IDGEN_DATABASE_POOL_MAX: '4',
  IDGEN_DATABASE_POOL_MIN: '1',
  IDGEN_SERVER_HTTP_PORT: '0',
  IDGEN_SERVER_HTTPS_PORT: '0',
  IDGEN_SERVER_GRPC_PORT: '0',
  IDGEN_SERVER_METRICS_PORT: '0',
}

async function examine(environment: Record<string, string> = {}) {
  const { code, out } = await idgen(['doctor', '--json'], environment)
  const findings = JSON.parse(out) as (Finding & { readonly ok: boolean })[]
  for (const { ok, verdict } of findings) assert.equal(ok, verdict !== 'bad')
  return {
    code,
    notOk: findings.filter(({ verdict }) => verdict !== 'ok'),
    of: (what: string) => findings.find((finding) => finding.what === what),
  }
}

/** What a process says of itself once all is well; for a moment after its start it waits for news of keys. */
async function wellStatus(origin: string): Promise<StatusReport> {
  const endsAtMs = performance.now() + 30_000
  for (;;) {
    const status = (await answerOf(`${origin}/status`)) as StatusReport
    if (status.state === 'well') return status
    assert.ok(performance.now() < endsAtMs, JSON.stringify(status))
    await pause(50)
  }
}

function answerOf(url: string): Promise<unknown> {
  const get = url.startsWith('https:') ? getEncrypted : getPlain
  return new Promise((resolve, reject) => {
    get(url, { agent: false, rejectUnauthorized: false }, (answer) => resolve(json(answer))).on(
      'error',
      reject,
    )
  })
}

async function certificate(expired: boolean): Promise<Record<string, string>> {
  const { cert, key } = selfSigned('localhost', { expired })
  const files = { cert: join(folder, `${expired}.crt`), key: join(folder, `${expired}.key`) }
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key)])
  return { IDGEN_SERVER_HTTPS_CERT: files.cert, IDGEN_SERVER_HTTPS_KEY: files.key }
}

describe('doctor and the ports', () => {
  const NAMES = ['http', 'grpc', 'resp', 'metrics']

  async function onPorts(names = NAMES) {
    const ports = await freePorts(names.length)
    const environment = Object.fromEntries(
      names.flatMap((name, at): [string, string][] => [
        // The encrypted port is on the plain one's host.
        ...(name === 'https'
          ? []
          : [[`IDGEN_SERVER_${name.toUpperCase()}_HOST`, '127.0.0.1'] as [string, string]]),
        [`IDGEN_SERVER_${name.toUpperCase()}_PORT`, String(ports[at])],
      ]),
    )
    return { ports, environment: { ...environment, IDGEN_SERVER_RESP_ENABLED: 'true' } }
  }

  const verdicts = ({ of }: Awaited<ReturnType<typeof examine>>, names = NAMES) =>
    names.map((name) => of(`${name} port`)?.verdict)

  for (const [threads, tls] of [
    ['1', false],
    ['2', false],
    ['1', true],
  ] as const)
    test(`its own service beside it is well, with ${threads} threads, ${tls ? 'over TLS' : 'unencrypted'}; another one is not`, async (t) => {
      const names = tls ? [...NAMES, 'https'] : NAMES
      const every = (verdict: Finding['verdict']) => names.map(() => verdict)
      const { environment } = await onPorts(names)
      const settings = {
        ...environment,
        IDGEN_SERVER_THREADS: threads,
        ...(tls && { ...(await certificate(false)), IDGEN_SERVER_METRICS_TLS: 'true' }),
      }
      assert.deepEqual(verdicts(await examine(settings), names), every('ok'))
      const service = await startService({
        IDGEN_DATABASE_URL: database.url,
        IDGEN_AUTH_ADMIN_KEY: ADMIN,
        ...settings,
      })
      t.after(() => service.stop('SIGTERM'))
      await wellStatus(service.metricsOrigin)
      const beside = await examine(settings)
      assert.deepEqual(beside.notOk, [])
      assert.equal(beside.code, 0)
      for (const name of names)
        assert.match(
          beside.of(`${name} port`)?.found ?? '',
          /^the service is running here: 127\.0\.0\.1:\d+ is its own \(.+\/\d+, version .+, data centre 0\)$/,
        )
      const other = await examine({ ...settings, IDGEN_DATACENTER_ID: '3' })
      assert.deepEqual(verdicts(other, names), every('bad'))
      assert.match(
        other.of('http port')?.found ?? '',
        /by an idgen of another data centre \(.*data centre 0\)/,
      )
    })

  test('the service of another installation is not its own, and where that cannot be told it is worth a look', async (t) => {
    const { environment } = await onPorts()
    const elsewhere = await testDatabase()
    const stack = new AsyncDisposableStack()
    t.after(() => stack.disposeAsync())
    stack.defer(() => elsewhere.drop())
    const service = await startService({
      IDGEN_DATABASE_URL: elsewhere.url,
      IDGEN_AUTH_ADMIN_KEY: ADMIN,
      ...environment,
    })
    stack.defer(async () => void (await service.stop('SIGTERM')))
    const other = await examine(environment)
    assert.deepEqual(verdicts(other), ['bad', 'bad', 'bad', 'bad'])
    assert.match(other.of('http port')?.found ?? '', /taken by an idgen of another installation \(/)
    const named = await examine({ ...environment, IDGEN_DATACENTER_INSTALLATION: 'north' })
    assert.deepEqual(verdicts(named), ['bad', 'bad', 'bad', 'bad'])
    const unknown = await examine({ ...environment, IDGEN_DATABASE_URL: 'postgres://127.0.0.1:1/none' })
    assert.deepEqual(verdicts(unknown), ['warning', 'warning', 'warning', 'warning'])
    assert.match(unknown.of('http port')?.found ?? '', /whether of this installation cannot be told$/)
  })

  test('what somebody else says of itself is told without what a terminal obeys, and not at any length', async (t) => {
    const { ports, environment } = await onPorts()
    const [metrics = 0] = ports.slice(-1)
    const said = JSON.stringify({
      instance: `x\u001b[31m\n\u0085\u202e${'y'.repeat(10_000)}`,
      version: '\u009b2J\u0007',
      dataCentre: 0,
      ports: { metrics },
    })
    const foreign = createServer((_, response) => void response.end(said)).listen(metrics, '127.0.0.1')
    t.after(() => {
      foreign.closeAllConnections()
      foreign.close()
    })
    const { verdict, found = '' } = (await examine(environment)).of('metrics port') ?? {}
    assert.equal(verdict, 'warning', 'it does not say which installation it is')
    assert.doesNotMatch(found, /[\p{Cc}\u202e]/u)
    assert.match(found, /\(x\\u001b\[31m\\n\\u0085\\u202ey+, version \\u009b2J\\u0007, data centre 0\)/)
    assert.ok(found.length < 700, String(found.length))
  })

  test('what else listens there is bad, whatever it answers', async (t) => {
    const { ports, environment } = await onPorts()
    const [http = 0, , , metrics = 0] = ports
    const answers = ['{}', 'null', '"idgen"', JSON.stringify({ instance: 'x', version: '1', dataCentre: 0 })]
    const foreign = createServer((_, response) => void response.end(answers[0])).listen(metrics, '127.0.0.1')
    const silent = createServer(() => undefined).listen(http, '127.0.0.1')
    t.after(() => {
      for (const server of [foreign, silent]) {
        server.closeAllConnections()
        server.close()
      }
    })
    for (; answers.length > 0; answers.shift()) {
      const { code, of } = await examine(environment)
      assert.equal(code, 1)
      assert.match(`${of('http port')?.verdict} ${of('http port')?.found}`, /^bad .* is taken$/)
      assert.match(`${of('metrics port')?.verdict} ${of('metrics port')?.found}`, /^bad .* is taken$/)
      assert.equal(of('grpc port')?.verdict, 'ok')
    }
  })

  test('a port that the running service does not have is somebody else’s', async (t) => {
    const { environment } = await onPorts()
    const [elsewhere = 0] = await freePorts(1)
    const service = await startService({
      IDGEN_DATABASE_URL: database.url,
      IDGEN_AUTH_ADMIN_KEY: ADMIN,
      ...environment,
    })
    t.after(() => service.stop('SIGTERM'))
    const foreign = createServer(() => undefined).listen(elsewhere, '127.0.0.1')
    t.after(() => void foreign.close())
    const { of } = await examine({ ...environment, IDGEN_SERVER_HTTP_PORT: String(elsewhere) })
    assert.equal(of('http port')?.verdict, 'bad')
    assert.equal(of('grpc port')?.verdict, 'ok')
  })
})

describe('doctor and the database', () => {
  test('a sound one passes every check, with exit code 0', async () => {
    const { code, notOk, of } = await examine()
    assert.deepEqual(notOk, [])
    assert.equal(code, 0)
    assert.equal(of('database role')?.found, 'primary')
    assert.equal(of('standbys')?.found, 'none')
    assert.match(
      of('database rights')?.found ?? '',
      /may do all that a service does to the tables, and make partitions$/,
    )
    assert.equal(of('worker ids')?.found, '0 of 256 are held in this data centre')
    assert.match(of('audit log')?.found ?? '', /^whole: /)
    assert.equal(of('key news')?.found, 'changes of API keys are told at once')
    assert.match(of('snowflake layout')?.found ?? '', /^until 2093-/)
    const { out } = await idgen(['doctor'])
    assert.match(out, /\nNothing is wrong\.\n$/)
  })

  test('a full tag, held worker ids, changed records and an absent standby are named with what to do', async (t) => {
    const service = await startService({ IDGEN_DATABASE_URL: database.url, IDGEN_AUTH_ADMIN_KEY: ADMIN })
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${service.httpOrigin}/v1/workspaces${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    await post('', { name: 'w' })
    await post('/w/groups', { name: 'g' })
    await post('/w/groups/g/tags', { name: 'full', algorithm: 'segment' })
    await post('/w/groups/g/tags/full/ids', {})
    // What a running process says of itself: open where the metrics are, behind a key elsewhere.
    const status = await wellStatus(service.metricsOrigin)
    assert.equal(status.findings.find(({ what }) => what === 'key news')?.verdict, 'ok')
    assert.equal(status.findings.find(({ what }) => what === 'tags')?.found, '1 in memory')
    assert.equal((await fetch(`${service.httpOrigin}/status`)).status, 401)
    await service.stop('SIGTERM')
    await admin.query(
      'UPDATE segments SET next_value = (2 ^ 53 - 2 ^ 50)::bigint, cell_hi = (2 ^ 53)::bigint',
    )
    await admin.query(`INSERT INTO worker_times (dc, worker, nonce, holder, lease_until)
      SELECT 0, w, repeat('0', 32), 'test', now() + interval '1 hour' FROM generate_series(0, 255) AS w
      ON CONFLICT (dc, worker) DO UPDATE SET lease_until = excluded.lease_until, nonce = excluded.nonce, holder = excluded.holder`)
    await admin.query(`UPDATE audit_log SET actor = 'somebody else' WHERE action = 'workspace.create'`)
    await admin.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await admin.query('SELECT pg_reload_conf()')
    t.after(async () => {
      await admin.query('ALTER SYSTEM RESET synchronous_standby_names')
      await admin.query('SELECT pg_reload_conf()')
    })
    const { code, notOk, of } = await examine()
    assert.equal(code, 1)
    assert.deepEqual(
      notOk.map(({ what, verdict }) => `${verdict} ${what}`),
      ['bad standbys', 'warning number space', 'bad worker ids', 'bad audit log'],
    )
    assert.match(of('standbys')?.found ?? '', /commits wait for nobody, and none of them is connected/)
    assert.match(of('number space')?.found ?? '', /^w\/g\/full \(8\d %\)/)
    assert.match(of('worker ids')?.found ?? '', /^256 of 256 are held/)
    assert.match(of('audit log')?.todo ?? '', /idgen audit verify/)
    const { out } = await idgen(['doctor'])
    assert.match(out, /^WARN number space .*\n +→ Make a new tag/m)
    assert.match(out, /^3 of \d+ checks found something wrong, 1 worth a look\.\n$/m)
  })

  test('a user without rights is told which are lacking', async (t) => {
    const user = `poor_${process.pid}`
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'x'`)
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}`)
    t.after(() => admin.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`))
    const url = new URL(database.url)
    Object.assign(url, { username: user, password: 'x' })
    const { of } = await examine({ IDGEN_DATABASE_URL: url.href })
    assert.equal(of('database rights')?.verdict, 'bad')
    assert.match(of('database rights')?.found ?? '', /may not .*UPDATE on segments/)
    assert.doesNotMatch(of('database rights')?.found ?? '', /SELECT/)
  })
})

describe('doctor and news of keys', () => {
  test('a way on which nothing arrives is worth a look; one that is switched off is well', async (t) => {
    // What is sent in one database is not heard in another, as with a pooler in transaction mode.
    const elsewhere = await testDatabase()
    t.after(() => elsewhere.drop())
    const { of } = await examine({ IDGEN_DATABASE_LISTEN_URL: elsewhere.url })
    assert.equal(of('key news')?.verdict, 'warning')
    assert.match(of('key news')?.found ?? '', /only the poll finds .*pooler in transaction mode/)
    const off = (await examine({ IDGEN_DATABASE_LISTEN: 'false' })).of('key news')
    assert.equal(`${off?.verdict} ${off?.found.slice(0, 3)}`, 'ok off')
  })
})

describe('doctor and the machine', () => {
  test('a certificate that has ended is bad, and one that has not tells when it will', async () => {
    const ended = (await examine(await certificate(true))).of('certificate')
    assert.equal(ended?.verdict, 'bad')
    assert.match(ended?.found ?? '', /^ended at /)
    assert.match(ended?.todo ?? '', /server\.https\.cert/)
    const sound = (await examine(await certificate(false))).of('certificate')
    assert.equal(sound?.verdict, 'ok')
    assert.match(sound?.found ?? '', /^until .*, [01] days from now$/)
  })

  test('too many threads are worth a look', async () => {
    const { of } = await examine({ IDGEN_SERVER_THREADS: '64' })
    assert.match(of('threads')?.found ?? '', /^64 for \d+ processors$/)
    assert.equal(of('threads')?.verdict, 'warning')
  })
})

describe('doctor and Redis', () => {
  test('a replica is bad, and one that refuses what it is given when full is worth a look', async () => {
    const { server } = await testRedis()
    const of = async (redis: RedisProcess) =>
      (await examine({ IDGEN_REDIS_ENDPOINTS: redis.url })).of(`redis 127.0.0.1:${redis.port}`)
    assert.equal((await of(server))?.verdict, 'ok')
    await server.command('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'noeviction')
    const small = await of(server)
    assert.match(`${small?.verdict} ${small?.found}`, /^warning .*noeviction: when it is full it refuses/)
    assert.match(small?.todo ?? '', /allkeys-lru/)
    await server.command('REPLICAOF', '127.0.0.1', '1')
    const replica = await of(server)
    assert.match(`${replica?.verdict} ${replica?.found}`, /^bad it is a replica/)
    await server.command('REPLICAOF', 'NO', 'ONE')
  })
})

describe('doctor and etcd', () => {
  let etcd: EtcdCluster
  before(async () => {
    etcd = await testEtcd({ members: 3 })
  })
  after(() => etcd?.close())

  test('each member is named, also the one that does not answer while a majority does', async () => {
    const environment = { IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(), IDGEN_ETCD_PREFIX: '/doctor' }
    const well = await examine(environment)
    const places = etcd.endpoints.map((endpoint) => new URL(endpoint).host)
    for (const place of places)
      assert.match(well.of(`etcd ${place}`)?.found ?? '', /^3\.\d+\.\d+, \d+\.\d MiB$/)
    assert.match(well.of('worker ids')?.found ?? '', /^0 of 256/)
    await etcd.members[0]?.kill()
    const less = await examine(environment)
    assert.equal(less.of('etcd')?.verdict, 'ok')
    const gone = less.of(`etcd ${places[0]}`)
    assert.equal(gone?.verdict, 'warning')
    assert.match(gone?.todo ?? '', /one more that fails/)
    await etcd.members[1]?.kill()
    const none = await examine(environment)
    assert.equal(none.of('etcd')?.verdict, 'bad')
    assert.match(none.of('etcd')?.todo ?? '', /Start its members/)
  })
})
