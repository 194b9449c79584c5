import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const WORKSPACES = '/v1/workspaces'
const GROUPS = '/v1/workspaces/acme/groups'

test('what is created can be found where Location says, with its ETag', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const [url, body, at] of [
    [WORKSPACES, { name: 'new', displayName: 'Neu' }, '/v1/workspaces/new'],
    [GROUPS, { name: 'new', displayName: 'Neu' }, '/v1/workspaces/acme/groups/new'],
    [TAGS_URL, { name: 'new', displayName: 'Neu' }, `${TAGS_URL}/new`],
  ] as const) {
    const made = await api.expect(201, 'POST', url, { body })
    assert.equal(made.headers['location'], at)
    assert.equal(made.headers['etag'], '"1"')
    const found = await api.expect(200, 'GET', at)
    assert.deepEqual(found.body, made.body)
    assert.equal(found.headers['etag'], '"1"')
    assert.equal(found.body['name'], 'new')
    assert.equal(found.body['displayName'], 'Neu')
    assert.equal(found.body['version'], 1)
    await api.refuses('IDGEN_ALREADY_EXISTS', 'POST', url, { body })
  }
})

test('a tag that says nothing gets the defaults; step bounds follow the base', async (t) => {
  const api = await HttpApi.withTags(t)
  const { body } = await api.expect(201, 'POST', TAGS_URL, { body: { name: 'plain' } })
  assert.deepEqual(body['chain'], ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'])
  assert.deepEqual(body['step'], { base: 1000, min: 100, max: 1_000_000 })
  assert.deepEqual(body['space'], { startAt: 1, cellSize: 2 ** 32, dcCount: 8 })
  const small = await api.expect(201, 'POST', TAGS_URL, { body: { name: 'small', step: { base: 10 } } })
  assert.deepEqual(small.body['step'], { base: 10, min: 10, max: 1_000_000 })
})

test('a tag with faults is refused with all of them', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const settings of [
    { algorithm: 'sequence' },
    { chain: [] },
    { chain: ['uuid-v4', 'segment'] },
    { chain: ['segment', 'segment'] },
    { algorithm: 'segment', chain: ['snowflake'] },
    { step: { base: 0 } },
    { step: { base: 5, max: 4 } },
    { step: { base: 1e9 } },
    { step: { base: '10' } },
    { step: { bse: 10 } },
    { space: { dcCount: 9 } },
    { space: { startAt: -1 } },
    { space: { startAt: 2 ** 53 - 1 } },
    { space: { cellSize: 1e300 } },
    { displayName: 'x'.repeat(201) },
    { displayName: 'a\u0000' },
    { displayName: 5 },
    { version: 7 },
  ])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body: { name: 'bad', ...settings } })
  for (const name of ['', 'A', 'a b', 'a/b', 'a\r\nx: y', 'é', 'x'.repeat(64)])
    await api.refuses('IDGEN_NAME_INVALID', 'POST', TAGS_URL, { body: { name } })
  await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body: { displayName: 'no name' } })
  await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL)
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'GET', `${TAGS_URL}/bad`)
})

test('of many who create one tag at once, one succeeds', async (t) => {
  const api = await HttpApi.withTags(t)
  const body = { name: 'wanted' }
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.call('POST', TAGS_URL, { body })))
  const statuses = answers.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [201, ...Array<number>(19).fill(409)])
})

test('a change needs the version it was made for, where one is named', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const url of [`${WORKSPACES}/acme`, `${GROUPS}/shop`, `${TAGS_URL}/segment`]) {
    const body = { displayName: 'one' }
    const first = await api.expect(200, 'PATCH', url, { body, headers: { 'if-match': '"1"' } })
    assert.equal(first.headers['etag'], '"2"')
    await api.refuses('IDGEN_VERSION_MISMATCH', 'PATCH', url, { body, headers: { 'if-match': '"1"' } })
    await api.refuses('IDGEN_VERSION_MISMATCH', 'PUT', url, { body, headers: { 'if-match': 'W/"2"' } })
    await api.refuses('IDGEN_REQUEST_INVALID', 'PATCH', url, { body, headers: { 'if-match': '2' } })
    await api.expect(200, 'PUT', url, { body: { displayName: 'two' }, headers: { 'if-match': '"2"' } })
    await api.expect(200, 'PATCH', url, { body: {}, headers: { 'if-match': '*' } })
    const last = await api.expect(200, 'PATCH', url, { body: { displayName: 'three' } })
    // The empty change in between changed nothing, so nobody else's version became stale by it.
    assert.equal(last.body['version'], 4)
    assert.equal(last.body['displayName'], 'three')
  }
})

test('of many who change one version, one succeeds', async (t) => {
  const api = await HttpApi.withTags(t)
  const call = { body: { displayName: 'mine' }, headers: { 'if-match': '"1"' } }
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.call('PATCH', `${TAGS_URL}/segment`, call)),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array<number>(9).fill(412)])
})

test('fields left out of a change stay', async (t) => {
  const api = await HttpApi.withTags(t)
  const url = `${TAGS_URL}/segment`
  await api.expect(200, 'PATCH', url, { body: { displayName: 'Orders', step: { base: 500 } } })
  const { body } = await api.expect(200, 'PATCH', url, { body: { chain: ['segment'] } })
  assert.equal(body['displayName'], 'Orders')
  assert.deepEqual(body['step'], { base: 500, min: 100, max: 1_000_000 })
  assert.deepEqual(body['chain'], ['segment'])
  await api.refuses('IDGEN_IMMUTABLE', 'PATCH', url, { body: { space: { startAt: 9 } } })
  await api.expect(200, 'PATCH', url, { body: { space: { startAt: 1 } } })
})

test('PUT creates what is not there, unless a version is named', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const [url, code] of [
    [`${WORKSPACES}/put`, 'IDGEN_WORKSPACE_NOT_FOUND'],
    [`${GROUPS}/put`, 'IDGEN_GROUP_NOT_FOUND'],
    [`${TAGS_URL}/put`, 'IDGEN_TAG_NOT_FOUND'],
  ] as const) {
    await api.refuses(code, 'PUT', url, { body: {}, headers: { 'if-match': '*' } })
    await api.refuses(code, 'PATCH', url, { body: {} })
    const made = await api.expect(201, 'PUT', url, { body: { displayName: 'made' } })
    assert.equal(made.headers['location'], url)
    const again = await api.expect(200, 'PUT', url, { body: { displayName: 'made' } })
    assert.equal(again.body['displayName'], 'made')
  }
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.call('PUT', `${TAGS_URL}/raced`, { body: {} })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array<number>(9).fill(200), 201])
})

test('only what is empty can be deleted, at the version that is named', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.refuses('IDGEN_NOT_EMPTY', 'DELETE', `${WORKSPACES}/acme`)
  await api.refuses('IDGEN_NOT_EMPTY', 'DELETE', `${GROUPS}/shop`)
  await api.refuses('IDGEN_VERSION_MISMATCH', 'DELETE', `${TAGS_URL}/segment`, {
    headers: { 'if-match': '"9"' },
  })
  for (const tag of ['segment', 'snowflake', 'uuid-v7', 'uuid-v4']) {
    const gone = await api.expect(204, 'DELETE', `${TAGS_URL}/${tag}`, { headers: { 'if-match': '"1"' } })
    assert.equal(gone.text, '')
    await api.refuses('IDGEN_TAG_NOT_FOUND', 'DELETE', `${TAGS_URL}/${tag}`)
  }
  await api.expect(204, 'DELETE', `${GROUPS}/shop`)
  await api.expect(204, 'DELETE', `${WORKSPACES}/acme`)
  await api.refuses('IDGEN_WORKSPACE_NOT_FOUND', 'GET', `${WORKSPACES}/acme`)
})

test('a tag made again goes on above the old one', async (t) => {
  const api = await HttpApi.withTags(t)
  const [before = ''] = (await api.ids('segment')).body['ids'] as string[]
  await api.expect(204, 'DELETE', `${TAGS_URL}/segment`)
  await api.expect(201, 'POST', TAGS_URL, { body: { name: 'segment' } })
  const [after = ''] = (await api.ids('segment')).body['ids'] as string[]
  assert.ok(BigInt(after) > BigInt(before))
})

test('25 tags are read in pages, each once and in order', async (t) => {
  const api = await HttpApi.start(t)
  await api.expect(201, 'POST', WORKSPACES, { body: { name: 'acme' } })
  await api.expect(201, 'POST', GROUPS, { body: { name: 'shop' } })
  const names = Array.from({ length: 25 }, (_, i) => `tag-${String(i).padStart(2, '0')}`)
  for (const name of [...names].reverse()) await api.expect(201, 'POST', TAGS_URL, { body: { name } })
  for (const limit of [1, 10, 25, 26, 1000]) {
    const seen: string[] = []
    let query = `limit=${limit}`
    for (let pages = 0; query !== '' && pages < 30; pages += 1) {
      const { body } = await api.expect(200, 'GET', `${TAGS_URL}?${query}`)
      const items = body['items'] as { name: string }[]
      assert.ok(items.length <= limit)
      seen.push(...items.map(({ name }) => name))
      query = body['nextCursor'] === undefined ? '' : `limit=${limit}&cursor=${String(body['nextCursor'])}`
    }
    assert.deepEqual(seen, names)
  }
})

test('workspaces and groups are listed by name', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const [url, there] of [
    [WORKSPACES, 'acme'],
    [GROUPS, 'shop'],
  ] as const) {
    await api.expect(201, 'POST', url, { body: { name: 'a0' } })
    const { body } = await api.expect(200, 'GET', url)
    assert.deepEqual(
      (body['items'] as { name: string }[]).map(({ name }) => name),
      ['a0', there],
    )
    assert.equal(body['nextCursor'], undefined)
  }
})

test('a page request that makes no sense is refused', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=x',
    'limit=1e2',
    'limit=',
    'limit=1&limit=2',
    'size=5',
  ])
    await api.refuses('IDGEN_REQUEST_INVALID', 'GET', `${TAGS_URL}?${query}`)
  const { body } = await api.expect(200, 'GET', `${TAGS_URL}?limit=1`)
  const cursor = String(body['nextCursor'])
  for (const [url, wrong] of [
    [TAGS_URL, 'x'],
    [TAGS_URL, ''],
    [TAGS_URL, `${cursor}A`],
    [GROUPS, cursor],
    [WORKSPACES, cursor],
    ['/v1/keys', cursor],
  ])
    await api.refuses('IDGEN_CURSOR_INVALID', 'GET', `${url}?cursor=${wrong}`)
})

test('lists in what does not exist are not found, and names are checked', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.refuses('IDGEN_WORKSPACE_NOT_FOUND', 'GET', '/v1/workspaces/none/groups')
  await api.refuses('IDGEN_GROUP_NOT_FOUND', 'GET', '/v1/workspaces/acme/groups/none/tags')
  await api.refuses('IDGEN_NAME_INVALID', 'GET', '/v1/workspaces/A/groups')
  await api.refuses('IDGEN_NAME_INVALID', 'GET', '/v1/workspaces/acme/groups/%0d%0a/tags')
  await api.refuses('IDGEN_WORKSPACE_NOT_FOUND', 'POST', '/v1/workspaces/none/groups', {
    body: { name: 'g' },
  })
  await api.refuses('IDGEN_GROUP_NOT_FOUND', 'POST', '/v1/workspaces/acme/groups/none/tags', {
    body: { name: 't' },
  })
})
