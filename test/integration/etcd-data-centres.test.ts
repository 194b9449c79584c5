// Runs beside others: a node leaves the list in half a second, and half a minute only ends a wait for what must come.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const KEY = `idg_abcdefghijkl_${'a'.repeat(43)}`

let etcd: EtcdCluster

before(async () => {
  etcd = await testEtcd()
})
after(() => etcd?.close())

/** How one installation is configured; every test has its own part of etcd. */
async function installation(
  prefix: string,
  more: Record<string, string> = {},
): Promise<Record<string, string>> {
  return {
    IDGEN_DATABASE_URL: (await testDatabase()).url,
    IDGEN_DATABASE_POOL_MIN: '1',
    IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(),
    IDGEN_ETCD_PREFIX: prefix,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    ...more,
  }
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

function idgen(args: readonly string[], environment: Record<string, string>): Promise<Outcome> {
  const env = { ...process.env, ...environment }
  return new Promise((resolve) => {
    execFile(LAUNCHER, [...args], { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err })
    })
  })
}

async function serve(t: TestContext, environment: Record<string, string>): Promise<ServiceProcess> {
  const service = await startService(environment)
  t.after(() => service.stop('SIGTERM'))
  return service
}

async function ask<T>(
  service: ServiceProcess,
  path: string,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(`${service.httpOrigin}${path}`, {
    headers: { authorization: `Bearer ${KEY}`, ...headers },
  })
  assert.equal(response.status, 200, path)
  return (await response.json()) as T
}

async function soon(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 30_000
  while (!(await holds())) {
    assert.ok(performance.now() < untilMs, `${what} did not happen within 30 s`)
    await pause(20)
  }
}

test('two installations never run as one data centre, until a person moves its number', async (t) => {
  const east = await installation('/two', { IDGEN_DATACENTER_ID: '3', IDGEN_DATACENTER_INSTALLATION: 'east' })
  const west = await installation('/two', { IDGEN_DATACENTER_ID: '3' })
  const first = await serve(t, east)

  const refused = await idgen(['serve'], {
    ...west,
    IDGEN_SERVER_HTTP_PORT: '0',
    IDGEN_SERVER_GRPC_PORT: '0',
  })
  assert.equal(refused.code, 1)
  assert.match(refused.err, /Data centre 3 belongs to the installation "east".*IDGEN_DC_CLAIMED/)
  const plain = await idgen(['dc', 'claim'], west)
  assert.equal(plain.code, 1)
  assert.match(plain.err, /this one is "[0-9/]+".*idgen dc claim --dc 3 --force/)

  const nameless = await idgen(['dc', 'claim', '--force'], west)
  assert.match(nameless.err, /name the data centre: --dc/)

  const forced = await idgen(['dc', 'claim', '--dc', '3', '--force'], west)
  assert.equal(forced.code, 0, forced.err)
  assert.match(
    forced.err,
    /^Taken from east\.\nThe installation that had the number must be stopped for good/,
  )
  assert.match(forced.out, /^Data centre 3 now belongs to this installation/)
  await soon('the first one noticing', () =>
    first.log.some(({ msg }) => String(msg).startsWith('another installation claims this data centre')),
  )
  const ready = await fetch(`${first.metricsOrigin}/readyz`)
  const { degraded } = (await ready.json()) as { degraded: { what: string; why: string }[] }
  assert.ok(degraded.some(({ what, why }) => what === 'data centre' && why.includes('"east"')))
  assert.match(await (await fetch(`${first.metricsOrigin}/metrics`)).text(), /^idgen_dc_claim_ok 0$/m)

  const second = await serve(t, west)
  assert.ok(second.log.some(({ msg, dc }) => msg === 'worker id acquired' && dc === 3))
  const listed = await idgen(['dc', 'list'], west)
  assert.match(listed.out, /^3 +[0-9/]+ +[0-9/]+ +\S+$/m)
  assert.match(listed.out, /configured as data centre 3\.$/m)
  const doctor = await idgen(['doctor'], { ...west, IDGEN_SERVER_HTTP_PORT: '0' })
  assert.match(doctor.out, /^ok {3}settings in etcd +0 read$/m)
  assert.match(doctor.out, /^ok {3}data centre +3, claimed by this installation/m)
  assert.match(doctor.out, /^ok {3}time grants +by etcd$/m)
  const moved = await idgen(['doctor'], { ...east, IDGEN_SERVER_HTTP_PORT: '0' })
  assert.equal(moved.code, 1)
  assert.match(moved.out, /^BAD {2}data centre +Data centre 3 belongs to .*\(etcd, .*this one is "east"/m)
  const elsewhere = await idgen(['doctor'], { ...west, IDGEN_ETCD_PREFIX: '/nowhere' })
  assert.match(
    elsewhere.out,
    /^BAD {2}time grants +PostgreSQL says that etcd .* below \/nowhere: it is another etcd/m,
  )
  const json = JSON.parse((await idgen(['dc', 'list', '--json'], east)).out) as {
    installation: string
    claims: { dc: number; database: { installation: string }; etcd: { installation: string } }[]
  }
  assert.equal(json.installation, 'east')
  assert.equal(json.claims[0]?.database.installation, 'east')
  assert.notEqual(json.claims[0]?.etcd.installation, 'east')
})

test('data centres on one database know each other’s nodes, and count requests by where they come from', async (t) => {
  const shared = await installation('/nodes')
  const advertise = { IDGEN_SERVER_ADVERTISE_HTTP: 'https://one.example', IDGEN_SERVER_NODE_NAME: 'one' }
  const zero = await serve(t, { ...shared, IDGEN_DATACENTER_ID: '0' })
  const one = await startService({ ...shared, ...advertise, IDGEN_DATACENTER_ID: '1' })
  t.after(() => one.stop('SIGKILL'))

  const nodesOf = async (service: ServiceProcess, headers: Record<string, string> = {}) =>
    (await ask<{ nodes: { dc: number; node: string; http: string }[] }>(service, '/v1/nodes', headers)).nodes
  const dcs = async (service: ServiceProcess, headers?: Record<string, string>): Promise<string> =>
    (await nodesOf(service, headers)).map(({ dc }) => dc).join()
  await soon('both lists', async () => (await dcs(zero)) === '0,1' && (await dcs(one)) === '1,0')
  assert.equal(await dcs(zero, { 'Idgen-Client-Dc': '1' }), '1,0')
  const [own, other] = await nodesOf(zero)
  assert.equal(own?.http, zero.httpOrigin)
  assert.deepEqual([other?.http, other?.node], ['https://one.example', `one/${one.pid}`])

  const ids = '/v1/workspaces/a/groups/b/tags/c/ids'
  const headers = { authorization: `Bearer ${KEY}`, 'Idgen-Client-Dc': '5' }
  await fetch(`${zero.httpOrigin}${ids}`, { method: 'POST', headers })
  const metrics = await (await fetch(`${zero.metricsOrigin}/metrics`)).text()
  assert.match(metrics, /^idgen_dc_requests_total\{client_dc="5",server_dc="0"\} 1$/m)
  assert.match(metrics, /^idgen_node_listed 1$/m)

  const startedMs = performance.now()
  await one.stop('SIGTERM')
  await soon('the removal', async () => (await dcs(zero)) === '0')
  t.diagnostic(`gone from the list ${Math.round(performance.now() - startedMs)} ms after SIGTERM`)
  const { out } = await idgen(['dc', 'list', '--json'], shared)
  const { claims } = JSON.parse(out) as { claims: { dc: number; etcd: { installation: string } }[] }
  assert.deepEqual(
    claims.map(({ dc }) => dc),
    [0, 1],
  )
  assert.equal(claims[0]?.etcd.installation, claims[1]?.etcd.installation, 'one database, one installation')
})

test('the commands of docs/data-centres.md run as they stand there', async () => {
  const document = readFileSync(new URL('../../docs/data-centres.md', import.meta.url), 'utf8')
  const commands = [...document.matchAll(/^ *idgen (dc .+)$/gm)].map(([, args = '']) => args)
  assert.deepEqual(commands, ['dc list', 'dc list --json', 'dc claim --dc 3 --force'])
  const here = await installation('/document')
  await idgen(['migrate'], here)
  for (const command of commands) {
    const { code, err } = await idgen(command.split(' '), here)
    assert.equal(code, 0, `${command}: ${err}`)
  }
})

test('a process that nobody told its data centre does not guess while etcd is away', async () => {
  const alone = await installation('/guess', {
    IDGEN_ETCD_ENDPOINTS: 'http://127.0.0.1:1',
    IDGEN_ETCD_TIMEOUT: '200ms',
  })
  const { code, err } = await idgen(['serve'], alone)
  assert.equal(code, 1)
  assert.match(err, /Set datacenter\.id.*IDGEN_COORDINATION_UNAVAILABLE/)
})
