// Runs beside others: how long a batch takes is told, and held to nothing.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { UiMember } from '../fixtures/ui-member.ts'
import { until } from '../fixtures/until.ts'
import { HEADERS, ids, KEY, post } from './embedded-service.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import { BATCH } from './ui-actions.ts'

const NAMES = Array.from({ length: BATCH }, (_, at) => `many-${at}`)
/** Fifty names go to the other data centre four at a time: seconds, where three tests share two cores. */
const LIMIT_MS = 120_000
const PATHS = NAMES.map((name) => `w/g/${name}`)

test('a batch of tags where two data centres share an etcd: made, changed and deleted in both', async (t) => {
  const etcd = await testEtcd()
  const [one, two] = [await serve(t, etcd.endpoints, 0), await serve(t, etcd.endpoints, 1)]
  t.after(() => etcd.close())
  await post(one, '/v1/workspaces', { name: 'w' })
  await post(one, '/v1/workspaces/w/groups', { name: 'g' })
  const member = await UiMember.signIn(one.httpOrigin, KEY)
  const send = async (path: string, fields: readonly (readonly [string, string])[], done: RegExp) => {
    const fromMs = performance.now()
    const text = await (await member.send(path, [...fields, ['confirmed', 'yes']])).text()
    t.diagnostic(`${fields[0]?.join(' ').slice(0, 20)}: ${Math.round(performance.now() - fromMs)} ms`)
    assert.match(text, done)
  }
  const all = (done: string): RegExp => new RegExp(`${BATCH} of ${BATCH} were ${done}`)
  const tags = PATHS.map((path) => ['tag', path] as const)

  const lines = PATHS.map((path) => `${path} segment 100`).join('\n')
  await send('/ui/tags/new-batch', [['lines', lines]], all('made'))
  await until('the other data centre has them', async () => (await idsOf(two)).length === BATCH, LIMIT_MS)
  assert.deepEqual(await idsOf(two), await idsOf(one), 'one tag of each name')
  const given = await Promise.all([one, two].map((service) => ids(service, 'many-7', 3)))
  assert.equal(new Set(given.flat()).size, 6, 'no number is given twice')

  await send('/ui/tags/batch', [['action', 'step'], ['base', '200'], ...tags], all('changed'))
  const changed = async (): Promise<boolean> => (await steps(two)).every((base) => base === 200)
  await until('the other data centre has the change', changed, LIMIT_MS)

  await send('/ui/tags/batch', [['action', 'delete'], ...tags], all('changed'))
  assert.deepEqual(await idsOf(one), [])
  await until('they are gone in the other data centre', async () => (await idsOf(two)).length === 0, LIMIT_MS)

  await send('/ui/tags/new-batch', [['lines', lines]], all('made'))
  const again = await ids(one, 'many-7', 3)
  assert.equal(new Set([...given.flat(), ...again]).size, 9, 'no number of the deleted tag is given twice')
})

async function serve(t: TestContext, endpoints: readonly string[], dc: number): Promise<ServiceProcess> {
  const database = await testDatabase()
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_DATABASE_POOL_MIN: '1',
    IDGEN_ETCD_ENDPOINTS: endpoints.join(),
    IDGEN_DATACENTER_ID: String(dc),
    IDGEN_AUTH_ADMIN_KEY: KEY,
  })
  t.after(() => service.stop('SIGTERM'))
  t.after(() => database.drop())
  return service
}

interface ShownTag {
  readonly name: string
  readonly id: number
  readonly step: { readonly base: number }
}

async function tagsOf(service: ServiceProcess): Promise<readonly ShownTag[]> {
  const answer = await fetch(`${service.httpOrigin}/v1/workspaces/w/groups/g/tags?limit=1000`, {
    headers: HEADERS,
  })
  const { items = [] } = (await answer.json()) as { readonly items?: readonly ShownTag[] }
  return items
}

async function idsOf(service: ServiceProcess): Promise<number[]> {
  return (await tagsOf(service)).map(({ id }) => id)
}

async function steps(service: ServiceProcess): Promise<number[]> {
  return (await tagsOf(service)).map(({ step }) => step.base)
}
