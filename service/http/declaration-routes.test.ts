import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const OWNER = {
  cluster: 'c1',
  namespace: 'shop',
  name: 'invoice',
  uid: 'u1',
  createdAt: '2026-01-02T03:04:05.000Z',
}
const TAG = '/v1/workspaces/new/groups/orders/tags/invoice'
const URL = `${TAG}/declaration`
const SPEC = { algorithm: 'segment', step: { base: 10, max: 1000 }, space: { cellSize: 1000, dcCount: 2 } }
const BODY = { owner: OWNER, generation: 3, spec: SPEC }

function declared(more: object = {}): { body: object } {
  return { body: { ...BODY, ...more } }
}

async function issue(api: HttpApi, count: number): Promise<string[]> {
  const { body } = await api.expect(200, 'POST', `${TAG}/ids`, { body: { count } })
  return body['ids'] as string[]
}

async function actions(api: HttpApi): Promise<string[]> {
  return (await api.memory.audited()).map(({ action }) => action)
}

async function limitedKey(api: HttpApi, within: string): Promise<string> {
  const body = { name: 'limited', scopes: ['manage', 'issue'], within }
  const made = await api.expect(201, 'POST', '/v1/keys', { body })
  return String(made.body['key'])
}

test('a declaration makes workspace, group and tag, and the tag answers at once', async (t) => {
  const api = await HttpApi.start(t)
  const { body, headers } = await api.expect(201, 'PUT', URL, declared())
  assert.equal(headers['location'], URL)
  const { id, tagGeneration, ...rest } = body
  assert.ok(Number.isSafeInteger(id))
  assert.match(String(tagGeneration), /^[0-9a-f]{32}$/)
  const answered = {
    workspace: 'new',
    group: 'orders',
    tag: 'invoice',
    owner: OWNER,
    generation: 3,
    settings: {
      displayName: '',
      chain: ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'],
      step: { base: 10, min: 10, max: 1000 },
      space: { startAt: 1, cellSize: 1000, dcCount: 2 },
    },
    version: 1,
    datacenters: [{ dc: 0, rangeStart: '1', rangeEnd: '1001', highWater: '1', usedShare: 0 }],
  }
  assert.deepEqual(rest, { ...answered, created: true, changed: true, advanced: [] })
  assert.deepEqual((await api.expect(200, 'GET', URL)).body, { ...answered, id, tagGeneration })
  assert.deepEqual(await issue(api, 3), ['1', '2', '3'])
  const audited = await actions(api)
  for (const action of ['workspace.create', 'group.create', 'tag.create']) assert.ok(audited.includes(action))
})

test('a repeat writes nothing, a higher generation is taken, a lower one is late', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(201, 'PUT', URL, declared())
  const before = api.memory.catalog.revision
  const repeat = await api.expect(200, 'PUT', URL, declared())
  assert.deepEqual([repeat.body['created'], repeat.body['changed']], [false, false])
  assert.equal(api.memory.catalog.revision, before)
  const spec = { ...SPEC, displayName: 'Invoices', algorithm: 'snowflake' }
  const next = await api.expect(200, 'PUT', URL, declared({ generation: 4, spec }))
  assert.equal(next.body['changed'], true)
  assert.deepEqual(next.body['settings'], {
    displayName: 'Invoices',
    chain: ['snowflake', 'uuid-v7', 'uuid-v4'],
    step: { base: 10, min: 10, max: 1000 },
    space: { startAt: 1, cellSize: 1000, dcCount: 2 },
  })
  await api.refuses('IDGEN_DECLARATION_STALE', 'PUT', URL, declared())
  assert.equal((await api.expect(200, 'GET', URL)).body['generation'], 4)
  assert.equal((await api.expect(200, 'GET', TAG)).body['displayName'], 'Invoices')
})

test('what a declaration leaves out has its default again, but for the number space', async (t) => {
  const api = await HttpApi.start(t)
  const spec = { ...SPEC, displayName: 'Invoices' }
  await api.expect(201, 'PUT', URL, declared({ spec }))
  const bare = await api.expect(200, 'PUT', URL, declared({ generation: 4, spec: { step: { max: 1000 } } }))
  assert.deepEqual(bare.body['settings'], {
    displayName: '',
    chain: ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'],
    step: { base: 1000, min: 100, max: 1000 },
    space: { startAt: 1, cellSize: 1000, dcCount: 2 },
  })
})

test('a tag that exists is adopted, and then changed and deleted by its object only', async (t) => {
  const api = await HttpApi.withTags(t)
  const tag = `${TAGS_URL}/segment`
  const url = `${tag}/declaration`
  const found = await api.expect(200, 'GET', url)
  assert.deepEqual([found.body['owner'], found.body['generation']], [null, null])
  const spec = { algorithm: 'segment', displayName: 'Mine' }
  const adopted = await api.expect(200, 'PUT', url, declared({ spec }))
  assert.deepEqual([adopted.body['created'], adopted.body['changed']], [false, true])
  const refused = await api.refuses('IDGEN_TAG_DECLARED', 'PATCH', tag, { body: { displayName: 'x' } })
  assert.match(String(refused.body['detail']), /BizTag shop\/invoice/)
  await api.refuses('IDGEN_TAG_DECLARED', 'PUT', tag, { body: { displayName: 'x' } })
  await api.refuses('IDGEN_TAG_DECLARED', 'DELETE', tag)
  assert.equal((await api.expect(200, 'GET', tag)).body['displayName'], 'Mine')
})

test('another object is told whose the tag is, until it names that one as gone', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(201, 'PUT', URL, declared())
  const other = { ...OWNER, namespace: 'other', uid: 'u2' }
  const refused = await api.refuses('IDGEN_TAG_CLAIMED', 'PUT', URL, declared({ owner: other }))
  assert.match(String(refused.body['detail']), /BizTag shop\/invoice \(uid u1/)
  const taken = await api.expect(200, 'PUT', URL, declared({ owner: other, takeOverFrom: 'u1' }))
  assert.deepEqual(taken.body['owner'], other)
  await api.refuses('IDGEN_TAG_CLAIMED', 'PUT', URL, declared())
})

test('the number space never changes, and nothing else does with it then', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(201, 'PUT', URL, declared())
  for (const space of [{ startAt: 2 }, { cellSize: 2000 }, { dcCount: 3 }]) {
    const spec = { displayName: 'x', space: { ...SPEC.space, ...space } }
    await api.refuses('IDGEN_IMMUTABLE', 'PUT', URL, declared({ generation: 9, spec }))
  }
  const { body } = await api.expect(200, 'GET', URL)
  assert.deepEqual([body['generation'], body['version']], [3, 1])
  await api.expect(200, 'PUT', URL, declared({ spec: { ...SPEC, space: { startAt: 0 } } }))
})

test('a tag that stands below its floor is advanced first; returned numbers are no loss', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(201, 'PUT', URL, declared())
  await issue(api, 3)
  const advanced = await api.expect(200, 'PUT', URL, declared({ floors: { '0': '500', '1': '1001' } }))
  assert.deepEqual([advanced.body['advanced'], advanced.body['changed']], [[0], true])
  const places = advanced.body['datacenters'] as { highWater: string }[]
  assert.equal(places[0]?.highWater, '500')
  const again = await api.expect(200, 'PUT', URL, declared({ floors: { '0': '500' } }))
  assert.deepEqual([again.body['advanced'], again.body['changed']], [[], false])
  assert.ok((await actions(api)).includes('tag.advance'))
  const full = declared({ floors: { '1': '9007199254740992' } })
  await api.refuses('IDGEN_RANGE_EXHAUSTED', 'PUT', URL, full)
})

test('a tag whose row was lost begins above what its object remembers', async (t) => {
  const api = await HttpApi.start(t)
  const made = await api.expect(201, 'PUT', URL, declared({ floors: { '0': '500', '1': '1700' } }))
  const { space } = made.body['settings'] as { space: { startAt: number } }
  assert.equal(space.startAt, 2001, 'a whole round of cells above')
  assert.deepEqual(made.body['advanced'], [])
  const repeat = await api.expect(200, 'PUT', URL, declared({ floors: { '0': '500', '1': '1700' } }))
  assert.equal(repeat.body['changed'], false)
})

test('an object that goes gives its tag up and brings nothing back', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(204, 'DELETE', `${URL}?uid=gone-before`)
  const early = declared({ owner: { ...OWNER, uid: 'gone-before' } })
  await api.refuses('IDGEN_DECLARATION_STALE', 'PUT', URL, early)
  await api.expect(201, 'PUT', URL, declared())
  await api.refuses('IDGEN_TAG_CLAIMED', 'DELETE', `${URL}?uid=u2`)
  await api.refuses('IDGEN_TAG_CLAIMED', 'DELETE', `${URL}?uid=u2&policy=purge`)
  await api.expect(204, 'DELETE', `${URL}?uid=u1`)
  await api.expect(204, 'DELETE', `${URL}?uid=u1&policy=purge`)
  assert.equal((await api.expect(200, 'GET', URL)).body['owner'], null, 'the tag stays')
  await api.refuses('IDGEN_DECLARATION_STALE', 'PUT', URL, declared({ generation: 9 }))
  await api.expect(200, 'PATCH', TAG, { body: { displayName: 'free' } })
})

test('an object may take its tag with it; declared again it goes on above', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(201, 'PUT', URL, declared())
  await issue(api, 5)
  await api.expect(204, 'DELETE', `${URL}?uid=u1&policy=purge`)
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'GET', URL)
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'POST', `${TAG}/ids`)
  await api.expect(204, 'DELETE', `${URL}?uid=u1&policy=purge`)
  await api.refuses('IDGEN_DECLARATION_STALE', 'PUT', URL, declared())
  const owner = { ...OWNER, uid: 'u2' }
  const again = await api.expect(201, 'PUT', URL, declared({ owner, generation: 1 }))
  assert.equal(again.body['generation'], 1)
  for (const id of await issue(api, 3)) assert.ok(Number(id) > 5, id)
  assert.equal((await api.expect(200, 'PUT', URL, declared({ owner, generation: 1 }))).body['changed'], false)
})

test('declared tags are listed page by page, of one cluster or of all', async (t) => {
  const api = await HttpApi.start(t)
  for (const [name, cluster] of [
    ['a', 'c1'],
    ['b', 'c2'],
    ['c', 'c1'],
  ])
    await api.expect(201, 'PUT', `/v1/workspaces/w/groups/g/tags/${name}/declaration`, {
      body: { ...BODY, owner: { ...OWNER, cluster, uid: name } },
    })
  await api.expect(201, 'POST', '/v1/workspaces/w/groups/g/tags', { body: { name: 'free' } })
  const names = ({ body }: { body: Readonly<Record<string, unknown>> }): string[] =>
    (body['items'] as { tag: string }[]).map(({ tag }) => tag)
  const all = await api.expect(200, 'GET', '/v1/declarations')
  assert.deepEqual(names(all), ['a', 'b', 'c'])
  const item = (all.body['items'] as object[])[0]
  assert.deepEqual(item, (await api.expect(200, 'GET', '/v1/workspaces/w/groups/g/tags/a/declaration')).body)
  const first = await api.expect(200, 'GET', '/v1/declarations?cluster=c1&limit=1')
  assert.deepEqual(names(first), ['a'])
  const cursor = `cursor=${String(first.body['nextCursor'])}`
  const rest = await api.expect(200, 'GET', `/v1/declarations?cluster=c1&limit=1&${cursor}`)
  assert.deepEqual([names(rest), rest.body['nextCursor']], [['c'], undefined])
  await api.refuses('IDGEN_CURSOR_INVALID', 'GET', `/v1/declarations?cluster=c2&${cursor}`)
  await api.refuses('IDGEN_REQUEST_INVALID', 'GET', '/v1/declarations?limit=1001')
})

test('a key reaches as far as it is limited to, also where something has to be made', async (t) => {
  const api = await HttpApi.start(t)
  const tagKey = await limitedKey(api, 'new/orders/invoice')
  const groupKey = await limitedKey(api, 'new/orders')
  await api.refuses('IDGEN_FORBIDDEN', 'PUT', URL, { ...declared(), key: tagKey })
  await api.expect(201, 'POST', '/v1/workspaces', { body: { name: 'new' } })
  await api.refuses('IDGEN_FORBIDDEN', 'PUT', URL, { ...declared(), key: tagKey })
  await api.expect(201, 'PUT', URL, { ...declared(), key: groupKey })
  await api.expect(200, 'PUT', URL, { ...declared(), key: tagKey })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/declarations', { key: tagKey })
  const elsewhere = '/v1/workspaces/new/groups/orders/tags/other/declaration'
  for (const [method, query] of [
    ['GET', ''],
    ['DELETE', '?uid=u1'],
  ] as const)
    await api.refuses('IDGEN_FORBIDDEN', method, `${elsewhere}${query}`, { key: tagKey })
})

test('a declaration with faults is refused, and nothing is made', async (t) => {
  const api = await HttpApi.start(t)
  for (const more of [
    { owner: { ...OWNER, uid: '' } },
    { owner: { ...OWNER, name: 'a\u0000' } },
    { owner: { ...OWNER, createdAt: 'yesterday' } },
    { owner: { ...OWNER, kind: 'x' } },
    { generation: 0 },
    { generation: 1.5 },
    { spec: { algorithm: 'sequence' } },
    { spec: { step: { base: 10, max: 9 } } },
    { spec: { displayName: 'a\u0000' } },
    { spec: undefined },
    { floors: { '8': '1' } },
    { floors: { '2': '1' } },
    { floors: { '0': '01' } },
    { floors: { '0': '9007199254740994' } },
    { floors: { '0': 5 } },
    { takeOverFrom: '' },
    { more: true },
  ])
    await api.refuses('IDGEN_REQUEST_INVALID', 'PUT', URL, declared(more))
  await api.refuses('IDGEN_NAME_INVALID', 'PUT', '/v1/workspaces/A/groups/g/tags/t/declaration', declared())
  await api.refuses('IDGEN_REQUEST_INVALID', 'DELETE', URL)
  await api.refuses('IDGEN_REQUEST_INVALID', 'DELETE', `${URL}?uid=u1&policy=keep`)
  await api.refuses('IDGEN_WORKSPACE_NOT_FOUND', 'GET', '/v1/workspaces/new')
})

test('of many who declare one tag at once all succeed, and one made it', async (t: TestContext) => {
  const api = await HttpApi.start(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.call('PUT', URL, declared())))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array<number>(19).fill(200), 201])
})
