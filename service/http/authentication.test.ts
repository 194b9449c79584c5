import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const IDS = `${TAGS_URL}/segment/ids`
const DAY_MS = 86_400_000

async function newKey(api: HttpApi, draft: object): Promise<{ id: string; key: string }> {
  const { body } = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'test', ...draft } })
  return body as unknown as { id: string; key: string }
}

test('without a key, with a wrong one or with half of one nothing is answered', async (t) => {
  const api = await HttpApi.withTags(t)
  const { key } = await newKey(api, { scopes: ['issue'] })
  for (const wrong of [
    '',
    'x',
    key.slice(0, -1),
    `${key}x`,
    key.toUpperCase(),
    `${key.slice(0, -1)}!`,
    'x'.repeat(5000),
  ])
    await api.refuses('IDGEN_UNAUTHENTICATED', 'POST', IDS, { key: wrong })
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/workspaces', { key: '' })
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/ids/1', { key: '' })
  await api.expect(200, 'POST', IDS, { key })
})

test('the key may come as X-API-Key', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.expect(200, 'POST', IDS, { key: '', headers: { 'x-api-key': api.memory.keyText } })
})

test('a stranger is refused before the body is looked at', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.refuses('IDGEN_UNAUTHENTICATED', 'POST', IDS, { key: '', raw: 'x'.repeat(100_000) })
})

test('a key works for its scopes only', async (t) => {
  const api = await HttpApi.withTags(t)
  const issue = await newKey(api, { scopes: ['issue'] })
  const manage = await newKey(api, { scopes: ['manage'] })
  await api.expect(200, 'POST', IDS, { key: issue.key })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', TAGS_URL, { key: issue.key })
  await api.refuses('IDGEN_FORBIDDEN', 'POST', '/v1/keys', {
    key: issue.key,
    body: { name: 'x', scopes: ['manage'] },
  })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', `/v1/keys/${manage.id}`, { key: issue.key })
  await api.refuses('IDGEN_FORBIDDEN', 'DELETE', `/v1/keys/${manage.id}`, { key: issue.key })
  await api.expect(200, 'GET', TAGS_URL, { key: manage.key })
  await api.refuses('IDGEN_FORBIDDEN', 'POST', IDS, { key: manage.key })
  for (const { key } of [issue, manage]) await api.expect(200, 'GET', '/v1/ids/7', { key })
})

test('what was attempted with a key that was refused stands in the audit log, by its trace too', async (t) => {
  const api = await HttpApi.withTags(t)
  const { id, key } = await newKey(api, { scopes: ['issue'] })
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
  await api.refuses('IDGEN_FORBIDDEN', 'DELETE', `${TAGS_URL}/segment`, { key, headers })
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/workspaces/acme', { key: `${key}x` })
  api.memory.useCases.refusedKeys.write()
  const told = await api.memory.audited()
  const forbidden = told.find(({ action, actor }) => action === 'key.refuse' && actor === id)
  assert.equal(forbidden?.traceId, traceId)
  assert.deepEqual(forbidden?.detail['first'], {
    operation: 'DELETE /v1/workspaces/:workspace/groups/:group/tags/:tag',
    subject: 'acme/shop/segment',
  })
  const wrong = told.find(({ action, actor }) => action === 'key.refuse' && actor === 'unknown')
  assert.deepEqual(wrong?.detail['first'], {
    operation: 'GET /v1/workspaces/:workspace',
    subject: 'acme',
  })
})

test('a key limited to a group reaches nothing outside it', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.expect(201, 'POST', '/v1/workspaces/acme/groups', { body: { name: 'shop2' } })
  await api.expect(201, 'POST', '/v1/workspaces/acme/groups/shop2/tags', { body: { name: 'segment' } })
  const { key } = await newKey(api, { scopes: ['issue', 'manage'], within: 'acme/shop' })
  await api.expect(200, 'POST', IDS, { key })
  await api.expect(200, 'GET', TAGS_URL, { key })
  await api.expect(200, 'GET', '/v1/workspaces/acme/groups/shop', { key })
  // shop2 begins with the same letters: the limit is by names, not by letters.
  await api.refuses('IDGEN_FORBIDDEN', 'POST', '/v1/workspaces/acme/groups/shop2/tags/segment/ids', { key })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/workspaces/acme/groups/shop2/tags', { key })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/workspaces/acme/groups', { key })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/workspaces', { key })
  await api.refuses('IDGEN_FORBIDDEN', 'POST', '/v1/workspaces', { key, body: { name: 'other' } })
  // Of the keys it sees those of its part: itself.
  const { body } = await api.expect(200, 'GET', '/v1/keys', { key })
  assert.deepEqual(
    (body['items'] as { within: string }[]).map(({ within }) => within),
    ['acme/shop'],
  )
})

test('a slash hidden in a name leads nowhere else', async (t) => {
  const api = await HttpApi.withTags(t)
  const { key } = await newKey(api, { scopes: ['issue', 'manage'], within: 'acme/shop' })
  for (const url of [
    '/v1/workspaces/acme%2Fshop/groups/x/tags/y/ids',
    '/v1/workspaces/acme/groups/shop%2Fsegment/tags/y/ids',
    '/v1/workspaces/acme/groups/shop/tags/..%2F..%2Fother/ids',
  ])
    await api.refuses('IDGEN_NAME_INVALID', 'POST', url, { key })
})

test('a limited manager makes and sees only keys within its limit', async (t) => {
  const api = await HttpApi.withTags(t)
  const whole = await newKey(api, { scopes: ['issue'] })
  const { key } = await newKey(api, { scopes: ['manage'], within: 'acme/shop' })
  for (const within of ['', 'acme', 'acme/shop2', 'other'])
    await api.refuses('IDGEN_FORBIDDEN', 'POST', '/v1/keys', {
      key,
      body: { name: 'x', scopes: ['issue'], within },
    })
  const made = await api.expect(201, 'POST', '/v1/keys', {
    key,
    body: { name: 'x', scopes: ['issue'], within: 'acme/shop/segment' },
  })
  await api.expect(200, 'GET', `/v1/keys/${String(made.body['id'])}`, { key })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', `/v1/keys/${whole.id}`, { key })
  await api.refuses('IDGEN_FORBIDDEN', 'DELETE', `/v1/keys/${whole.id}`, { key })
  await api.expect(200, 'POST', IDS, { key: String(made.body['key']) })
  await api.refuses('IDGEN_FORBIDDEN', 'POST', `${TAGS_URL}/snowflake/ids`, { key: String(made.body['key']) })
})

test('a revoked key is refused at once, also when it was used a moment before', async (t) => {
  const api = await HttpApi.withTags(t)
  const { id, key } = await newKey(api, { scopes: ['issue'] })
  await api.expect(200, 'POST', IDS, { key })
  await api.expect(204, 'DELETE', `/v1/keys/${id}`)
  await api.refuses('IDGEN_UNAUTHENTICATED', 'POST', IDS, { key })
  await api.expect(204, 'DELETE', `/v1/keys/${id}`)
  assert.notEqual((await api.call('GET', `/v1/keys/${id}`)).body['revokedAt'], null)
})

test('a key ends at the moment it expires, also when it was used a moment before', async (t) => {
  const api = await HttpApi.withTags(t)
  const expiresAt = new Date(api.memory.clock.nowMs() + DAY_MS).toISOString()
  const { key } = await newKey(api, { scopes: ['issue'], expiresAt })
  await api.expect(200, 'POST', IDS, { key })
  api.memory.clock.advance(DAY_MS - 1)
  await api.expect(200, 'POST', IDS, { key })
  api.memory.clock.advance(1)
  await api.refuses('IDGEN_UNAUTHENTICATED', 'POST', IDS, { key })
})
