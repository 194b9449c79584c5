// Runs alone: holds every page and form to 500 ms, which a neighbour on the same cores could spoil.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { TAGS_MAX } from '../../service/ui/pages/batch-page.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { UiMember } from '../fixtures/ui-member.ts'
import { uiRoutes } from '../fixtures/ui-route-list.ts'
import { bestOf } from './best-of.ts'
import { HEADERS, KEY, makeTag } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'
import { BATCH, LOOKS, uiActions } from './ui-actions.ts'

const TAGS = 10_000
/** for BATCH tags; a larger batch has as much for each of its tags, and mostly takes less than this. */
const LIMIT_MS = 500

/** Addresses to ask for, by the route that answers them; each that the admin UI registers is here. */
const PAGES = (key: string): Readonly<Record<string, readonly string[]>> => ({
  'GET /ui': ['/ui'],
  'GET /ui/live/overview': ['/ui/live/overview'],
  'GET /ui/tags': [
    '/ui/tags',
    '/ui/tags?after=w/g/many-5000',
    '/ui/tags?q=many-77',
    '/ui/tags?q=nothing-has-this',
    '/ui/tags?within=w/g',
  ],
  'GET /ui/tags/new': ['/ui/tags/new'],
  'GET /ui/tags/new-batch': ['/ui/tags/new-batch'],
  'GET /ui/tags/batch': [
    `/ui/tags/batch?${Array.from({ length: TAGS_MAX }, (_, i) => `tag=w/g/many-${i + 1}`).join('&')}`,
  ],
  'GET /ui/tags/:workspace/:group/:tag': ['/ui/tags/w/g/first'],
  'GET /ui/tags/:workspace/:group/:tag/live': ['/ui/tags/w/g/first/live'],
  'GET /ui/tags/:workspace/:group/:tag/edit': ['/ui/tags/w/g/first/edit'],
  'GET /ui/tags/:workspace/:group/:tag/delete': ['/ui/tags/w/g/first/delete'],
  'GET /ui/ids': ['/ui/ids', '/ui/ids?id=192229159643119659', '/ui/ids?id=1&tag=w/g/first'],
  'GET /ui/charts': ['/ui/charts', '/ui/charts?range=24h'],
  'GET /ui/live/charts': ['/ui/live/charts?range=1h'],
  'GET /ui/events': ['/ui/events'],
  'GET /ui/nodes': ['/ui/nodes'],
  'GET /ui/keys': ['/ui/keys', '/ui/keys?q=MANY-77', '/ui/keys?q=nothing-has-this&ended=yes'],
  'GET /ui/keys/:key': [`/ui/keys/${key}`],
  'GET /ui/keys/:key/rotate': [`/ui/keys/${key}/rotate`],
  'GET /ui/audit': ['/ui/audit'],
  'GET /ui/workspaces': ['/ui/workspaces'],
  'GET /ui/workspaces/:workspace': ['/ui/workspaces/w'],
  'GET /ui/workspaces/:workspace/delete': ['/ui/workspaces/w/delete'],
  'GET /ui/workspaces/:workspace/groups/:group': ['/ui/workspaces/w/groups/g'],
  'GET /ui/workspaces/:workspace/groups/:group/delete': ['/ui/workspaces/w/groups/g/delete'],
  'GET /ui/sign-in': ['/ui/sign-in'],
  'GET /ui/*': [NOWHERE],
})
const NOWHERE = '/ui/no/such/page'

test('every page, and every form that is sent, is answered within 500 ms with 10,000 tags and API keys', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({ IDGEN_DATABASE_URL: database.url, IDGEN_AUTH_ADMIN_KEY: KEY })
  t.after(() => service.stop('SIGTERM'))
  await makeTag(service, 'first', { algorithm: 'segment' })
  await fill(database.url)
  const keys = await makeKeys(service)
  const member = await UiMember.signIn(service.httpOrigin, KEY)
  const pages = PAGES(keys.rotated[0] ?? '')
  const actions = uiActions(keys)
  const timed = new Set([...Object.keys(pages), ...actions.map(({ route }) => route)])
  assert.deepEqual([...timed].sort(), await uiRoutes(t), 'each route is timed')

  const slow: string[] = []
  const hold = async (
    what: string,
    ask: (look: number) => Promise<void>,
    limitMs = LIMIT_MS,
  ): Promise<void> => {
    const best = await bestOf(ask)
    t.diagnostic(`${what.slice(0, 60)}: ${best.toFixed(0)} ms`)
    if (best > limitMs) slow.push(`${what} ${best.toFixed(0)} ms`)
  }
  for (const path of Object.values(pages).flat())
    await hold(path, async () => {
      const answer = await member.get(path)
      await answer.text()
      assert.equal(answer.status, path === NOWHERE ? 404 : 200, path)
    })
  for (const { what, path, fields, done, count = BATCH } of actions) {
    const send = async (look: number): Promise<void> => {
      const answer = await member.send(path(look), fields(look))
      const text = await answer.text()
      if (done === 303) assert.equal(answer.status, 303, `${what}: ${text}`)
      else assert.match(text, done, what)
    }
    await hold(what, send, (LIMIT_MS * count) / BATCH)
  }
  assert.deepEqual(slow, [])
})

async function makeKeys(service: ServiceProcess): Promise<Parameters<typeof uiActions>[0]> {
  const made: string[] = []
  for (let at = 0; at < 2 * LOOKS; at += 1) {
    const answer = await fetch(`${service.httpOrigin}/v1/keys`, {
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify({ name: `key ${at}`, scopes: ['issue'] }),
    })
    assert.equal(answer.status, 201)
    made.push(((await answer.json()) as { id: string }).id)
  }
  return { rotated: made.slice(0, LOOKS), revoked: made.slice(LOOKS) }
}

/** In one statement: ten thousand calls would take a minute. */
async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO biz_tags (id, generation, group_id, name, display_name, chain, step_base, step_min, step_max, start_at, cell_size, dc_count)
       SELECT 1000000 + i, lpad(to_hex(i), 32, '0'), t.group_id, 'many-' || i, 'Tag ' || i, t.chain, t.step_base, t.step_min, t.step_max, t.start_at, t.cell_size, t.dc_count
       FROM biz_tags t, generate_series(1, $1::integer) i WHERE t.name = 'first'`,
      [TAGS],
    )
    // A key of each, as the operator makes them; half of them were revoked.
    await client.query(
      `INSERT INTO api_keys (id, name, hash, scopes, within, created_at, revoked_at)
       SELECT 'f' || lpad(i::text, 11, '0'), 'BizTag ' || i, decode(repeat('00', 32), 'hex'), '{issue}'::text[], 'w/g/many-' || i, now(), CASE WHEN i % 2 = 0 THEN now() END
       FROM generate_series(1, $1::integer) i`,
      [TAGS],
    )
  } finally {
    await client.end()
  }
}
