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
  /** Until it is done: where three tests share two cores etcd may not answer in time, and what was not tried is sent again. */
  const send = async (
    path: string,
    fields: readonly (readonly [string, string])[],
    isDone: () => Promise<boolean>,
  ): Promise<void> => {
    await until(
      `${fields[0]?.join(' ').slice(0, 20)} is done`,
      async () => {
        const fromMs = performance.now()
        const text = await (await member.send(path, [...fields, ['confirmed', 'yes']])).text()
        const [outcome] = /\d+ of \d+ were \w+/.exec(text) ?? []
        assert.ok(outcome !== undefined, text)
        t.diagnostic(
          `${fields[0]?.join(' ').slice(0, 20)}: ${outcome}, ${Math.round(performance.now() - fromMs)} ms`,
        )
        return await isDone()
      },
      LIMIT_MS,
    )
  }
  const tags = PATHS.map((path) => ['tag', path] as const)
  const areThere = async (): Promise<boolean> => (await idsOf(one)).length === BATCH
  const areGone = async (): Promise<boolean> => (await idsOf(one)).length === 0
  const areChanged = (service: ServiceProcess) => async (): Promise<boolean> =>
    (await steps(service)).every((base) => base === 200)

  const lines = PATHS.map((path) => `${path} segment 100`).join('\n')
  await send('/ui/tags/new-batch', [['lines', lines]], areThere)
  await until('the other data centre has them', async () => (await idsOf(two)).length === BATCH, LIMIT_MS)
  assert.deepEqual(await idsOf(two), await idsOf(one), 'one tag of each name')
  const given = await Promise.all([one, two].map((service) => ids(service, 'many-7', 3)))
  assert.equal(new Set(given.flat()).size, 6, 'no number is given twice')

  await send('/ui/tags/batch', [['action', 'step'], ['base', '200'], ...tags], areChanged(one))
  await until('the other data centre has the change', areChanged(two), LIMIT_MS)

  await send('/ui/tags/batch', [['action', 'delete'], ...tags], areGone)
  await until('they are gone in the other data centre', async () => (await idsOf(two)).length === 0, LIMIT_MS)

  await send('/ui/tags/new-batch', [['lines', lines]], areThere)
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
