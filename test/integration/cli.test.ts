// Runs beside others: a revoked key is refused in milliseconds, and held to two seconds.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))

let database: Awaited<ReturnType<typeof testDatabase>>

// Dropped with the server at the end of the file: commands of several tests use it.
before(async () => {
  database = await testDatabase()
})

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs one command against the test's database, as a user would. */
function idgen(args: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const env = { ...process.env, IDGEN_DATABASE_URL: database.url, ...environment }
  return new Promise((resolve) => {
    execFile(LAUNCHER, [...args], { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err })
    })
  })
}

test('every command tells what it does with --help', async () => {
  const overview = await idgen(['--help'])
  assert.match(overview.out, /^ {2}operator +Run the Kubernetes operator\.$/m)
  const commands = [
    'serve',
    'migrate',
    'key',
    'tag',
    'dc',
    'coordination',
    'id',
    'certificate',
    'doctor',
    'bench',
  ]
  for (const command of commands) {
    assert.match(overview.out, new RegExp(`^  ${command}`, 'm'))
    const help = await idgen([command, '--help'])
    assert.equal(help.code, 0)
    assert.match(help.out, /^Usage: idgen/)
  }
})

test('migrate shows what is pending, applies it once, and then has nothing to do', async () => {
  assert.match((await idgen(['migrate', '--status'])).out, /^pending {2}0001_/m)
  assert.match((await idgen(['migrate'])).out, /^applied {2}0001_/m)
  assert.equal((await idgen(['migrate'])).out, 'The schema is up to date.\n')
})

test('a service that may not migrate refuses an old schema and says what to run', async () => {
  const fresh = await testDatabase()
  const refused = await idgen(['serve'], { IDGEN_DATABASE_URL: fresh.url, IDGEN_DATABASE_MIGRATE: 'false' })
  await fresh.drop()
  assert.equal(refused.code, 1)
  assert.match(refused.err, /run "idgen migrate".*IDGEN_SCHEMA_MISMATCH/)
})

test('a key made on the command line works over HTTP until it is revoked', async (t) => {
  await idgen(['migrate'])
  const service = await startService({ IDGEN_DATABASE_URL: database.url, IDGEN_DATABASE_POOL_MIN: '1' })
  t.after(() => service.stop('SIGTERM'))
  const made = await idgen(['key', 'create', '--name', 'test', '--scope', 'manage', '--scope', 'issue'])
  const text = made.out.trim()
  assert.match(text, /^idg_[a-z0-9]{12}_[A-Za-z0-9]{43}$/)
  assert.ok(!made.err.includes(text), 'the secret is on standard output only')
  const ask = (): Promise<Response> =>
    fetch(`${service.httpOrigin}/v1/workspaces`, { headers: { authorization: `Bearer ${text}` } })
  assert.equal((await ask()).status, 200)
  const id = text.split('_')[1] ?? ''
  assert.match((await idgen(['key', 'list'])).out, new RegExp(`^${id} .*issue.* valid`, 'm'))
  const rotated = await idgen(['key', 'rotate', id, '--keep', '12h'])
  assert.match(rotated.out.trim(), new RegExp(`^idg_${id}_[A-Za-z0-9]{43}$`))
  assert.match(rotated.err, /the one before is valid until 20.*Z\. Keep this text/)
  const again = await idgen(['key', 'rotate', id])
  assert.match(again.err, /valid until 20.*IDGEN_KEY_ROTATING/s)
  assert.equal(again.code, 1)
  const askWithNew = { headers: { authorization: `Bearer ${rotated.out.trim()}` } }
  assert.equal((await fetch(`${service.httpOrigin}/v1/workspaces`, askWithNew)).status, 200)
  assert.equal((await ask()).status, 200, 'the secret before is still valid')
  assert.match(
    (await idgen(['key', 'list'])).out,
    new RegExp(`^${id} .* valid .*used.* with either secret, the one before until 20`, 'm'),
  )
  assert.equal((await idgen(['key', 'revoke', id])).code, 0)
  const revokedMs = performance.now()
  let status = 200
  while (status === 200 && performance.now() - revokedMs < 5000) status = (await ask()).status
  const tookMs = performance.now() - revokedMs
  t.diagnostic(`refused ${Math.round(tookMs)} ms after the revocation`)
  assert.equal(status, 401)
  assert.ok(tookMs < 2000)
})

test('bad input is refused with the value and what to do', async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [['key', 'create'], /required option '-n, --name <text>'/],
    [['key', 'create', '--name', 'x', '--scope', 'rule'], /'rule' is invalid.*issue, manage, audit, alert/],
    [['key', 'create', '--name', 'x', '--expires', 'soon'], /'soon' is invalid.*2027-01-31/],
    [['key', 'create', '--name', 'x', '--expires', '2001-01-01'], /in the future.*IDGEN_REQUEST_INVALID/],
    [['key', 'revoke', 'nothing'], /nothing.*IDGEN_KEY_NOT_FOUND/],
    [['key', 'rotate', 'nothing'], /nothing.*IDGEN_KEY_NOT_FOUND/],
    [['key', 'rotate', 'nothing', '--keep', '5'], /'5' is invalid.*7d/],
    [['key', 'rotate', 'nothing', '--keep', '91d'], /90 days.*IDGEN_REQUEST_INVALID/],
    [['id', 'decode', '1x'], /"1x" is not an ID/],
    [
      ['id', 'decode', '--layout', '54-bit', '7'],
      /'54-bit' is invalid.*Write 53-bit, or numbers with commas/,
    ],
    [
      ['id', 'decode', '--layout', 'timeBits=41', '7'],
      /A layout needs sequenceBits as an integer from 1 to 22/,
    ],
    [['id', 'decode', '--layout', '53-bit', '9007199254740992'], /beyond what the tag's layout can hold/],
    [['serv'], /unknown command 'serv'/],
    [['migrate', '--config', '/nowhere.yaml'], /\/nowhere\.yaml.*IDGEN_CONFIG_INVALID/s],
  ]
  for (const [args, expected] of cases) {
    const { code, err } = await idgen(args)
    assert.equal(code, 1, args.join(' '))
    assert.match(err, expected)
  }
})

test('decode prints what an ID says, for people and as JSON', async () => {
  const people = await idgen(['id', 'decode', '191348650147676229'])
  assert.match(people.out, /^worker {4}96$/m)
  const json = JSON.parse((await idgen(['id', 'decode', '--json', '191348650147676229'])).out) as object
  assert.deepEqual(json, {
    kind: 'snowflake',
    id: '191348650147676229',
    timeMs: 1795309346562,
    dc: 3,
    worker: 96,
    sequence: 69,
    version: 1,
    time: '2026-11-22T01:02:26.562Z',
  })
  const own = await idgen(['id', 'decode', '--json', '--layout', '53-bit', '300538920960003'])
  assert.deepEqual(JSON.parse(own.out), {
    kind: 'snowflake',
    id: '300538920960003',
    timeMs: 1795784400000,
    dc: 0,
    worker: 0,
    sequence: 3,
    version: 0,
    time: '2026-11-27T13:00:00.000Z',
  })
  const named = await idgen([
    'id',
    'decode',
    '--layout',
    'epochMs=1704067200000,unitMs=10,timeBits=38,sequenceBits=4',
    '300538920960003',
  ])
  assert.match(named.out, /^sequence {2}3$/m)
})

test('decode reads a text in a format with its tag, and says so without', async (t) => {
  const service = await startService({ IDGEN_DATABASE_URL: database.url, IDGEN_DATABASE_POOL_MIN: '1' })
  t.after(() => service.stop('SIGTERM'))
  const key = (await idgen(['key', 'create', '--name', 'decode', '--scope', 'manage'])).out.trim()
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  for (const [path, body] of [
    ['', { name: 'read' }],
    ['/read/groups', { name: 'back' }],
    ['/read/groups/back/tags', { name: 'invoices', space: { format: { prefix: 'INV-', width: 6 } } }],
  ] as const) {
    const url = `${service.httpOrigin}/v1/workspaces${path}`
    assert.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status, 201)
  }
  const read = await idgen(['id', 'decode', '--json', '--tag', 'read/back/invoices', 'INV-000042'])
  assert.deepEqual(JSON.parse(read.out), { kind: 'segment', id: '42' })
  const alone = await idgen(['id', 'decode', 'INV-000042'])
  assert.equal(alone.code, 1)
  assert.match(alone.err, /IDGEN_ID_MALFORMED/)
  assert.match(alone.err, /read together with its tag \(tag=workspace\/group\/tag .*--tag of idgen id decode/)
  const none = await idgen(['id', 'decode', '--tag', 'read/back/none', 'INV-000042'])
  assert.match(none.err, /There is no tag read\/back\/none/)
})

test('doctor is content with a sound installation and names what is wrong with a bad one', async () => {
  await idgen(['migrate'])
  const ports = {
    IDGEN_SERVER_HTTP_PORT: '18980',
    IDGEN_SERVER_GRPC_PORT: '18951',
    IDGEN_SERVER_METRICS_PORT: '18964',
  }
  const sound = await idgen(['doctor'], ports)
  assert.equal(sound.code, 0, sound.out)
  assert.match(sound.out, /^ok {3}schema +up to date$/m)
  const away = await idgen(['doctor'], {
    ...ports,
    IDGEN_DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:1/x',
  })
  assert.equal(away.code, 1)
  assert.match(away.out, /^BAD {2}database.*IDGEN_STORE_UNAVAILABLE/m)
  assert.ok(!away.out.includes('secret-word') && !away.err.includes('secret-word'))
  const odd = await idgen(['doctor'], { ...ports, IDGEN_REDIS_ENDPOINTS: 'ftp://x' })
  assert.match(odd.out, /^BAD {2}redis +redis\.endpoints.*is not a URL.*IDGEN_CONFIG_INVALID/m)
  assert.match(odd.out, /^ok {3}schema +up to date$/m, 'the rest is checked all the same')
  assert.equal(odd.err, '')
  const folder = temporaryFolder('idgen-doctor-')
  const file = join(folder, 'idgen.yaml')
  await writeFile(file, 'server:\n  htpp:\n    port: 80\n')
  const typo = await idgen(['doctor', '--config', file])
  assert.equal(typo.code, 1)
  assert.match(typo.out, /^BAD {2}configuration.*server\.h/m)
})
