import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import { MemoryKeyUseStore } from '../adapters/memory/memory-key-use-store.ts'

test('a new key is shown once, and never its hash', async (t) => {
  const api = await HttpApi.start(t)
  const made = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'Bücher 📚', scopes: ['issue'] } })
  const { id, key } = made.body as { id: string; key: string }
  assert.match(key, new RegExp(`^idg_${id}_[A-Za-z0-9]{43}$`))
  assert.equal(made.headers['location'], `/v1/keys/${id}`)
  assert.equal(made.headers['cache-control'], 'no-store')
  const { body, text } = await api.expect(200, 'GET', `/v1/keys/${id}`)
  const { createdAt, ...rest } = body
  assert.deepEqual(rest, {
    id,
    name: 'Bücher 📚',
    scopes: ['issue'],
    within: '',
    declaredBy: null,
    expiresAt: null,
    revokedAt: null,
    previousValidUntil: null,
    lastUsedAt: null,
  })
  assert.ok(!Number.isNaN(Date.parse(String(createdAt))))
  const list = await api.expect(200, 'GET', '/v1/keys')
  for (const shown of [text, list.text]) {
    assert.ok(!shown.includes('hash'))
    assert.ok(!shown.includes(key.slice(-43)))
  }
})

test('a key draft is refused with all its faults', async (t) => {
  const api = await HttpApi.start(t)
  for (const body of [
    {},
    { name: 'x' },
    { name: '', scopes: ['issue'] },
    { name: 'x'.repeat(201), scopes: ['issue'] },
    { name: 'a\u0000b', scopes: ['issue'] },
    { name: 'a\r\nb', scopes: ['issue'] },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['root'] },
    { name: 'x', scopes: ['issue', 'issue'] },
    { name: 'x', scopes: 'issue' },
    { name: 'x', scopes: ['issue'], expiresAt: 'tomorrow' },
    { name: 'x', scopes: ['issue'], expiresAt: '2001-01-01T00:00:00Z' },
    { name: 'x', scopes: ['issue'], expiresAt: '2099-12-31T23:59:60Z' },
    { name: 'x', scopes: ['issue'], within: 'a/b/c/d' },
    { name: 'x', scopes: ['issue'], hash: 'x' },
    { name: 'x', scopes: ['issue'], id: 'aaaaaaaaaaaa' },
  ])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', '/v1/keys', { body })
  await api.refuses('IDGEN_NAME_INVALID', 'POST', '/v1/keys', {
    body: { name: 'x', scopes: ['issue'], within: 'A/b' },
  })
  const { body } = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', '/v1/keys', { body: { nmae: 'x' } })
  assert.deepEqual((body['faults'] as { path: string }[]).map(({ path }) => path).sort(), [
    '/name',
    '/nmae',
    '/scopes',
  ])
})

test('a text with control characters is refused in plain words', async (t) => {
  const api = await HttpApi.start(t)
  const { body } = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', '/v1/keys', {
    body: { name: 'a\u0000', scopes: ['issue'] },
  })
  assert.deepEqual(body['faults'], [
    { path: '/name', message: 'must hold no control characters, not "a\\u0000"' },
  ])
})

test('an unknown key is not found', async (t) => {
  const api = await HttpApi.start(t)
  for (const id of ['aaaaaaaaaaaa', 'x', "a'%3B--"]) {
    await api.refuses('IDGEN_KEY_NOT_FOUND', 'GET', `/v1/keys/${id}`)
    await api.refuses('IDGEN_KEY_NOT_FOUND', 'DELETE', `/v1/keys/${id}`)
  }
})

test('keys are listed in pages', async (t) => {
  const api = await HttpApi.start(t)
  const ids = new Set<string>()
  for (let i = 0; i < 5; i += 1) {
    const { body } = await api.expect(201, 'POST', '/v1/keys', { body: { name: `k${i}`, scopes: ['issue'] } })
    ids.add(String(body['id']))
  }
  const seen = new Set<string>()
  let cursor = ''
  do {
    const { body } = await api.expect(200, 'GET', `/v1/keys?limit=2${cursor && `&cursor=${cursor}`}`)
    for (const { id } of body['items'] as { id: string }[]) seen.add(id)
    cursor = String(body['nextCursor'] ?? '')
  } while (cursor !== '')
  for (const id of ids) assert.ok(seen.has(id), id)
})

const OWN_ID = 'bt0000000001'

function ownKey(letter: string): { readonly text: string; readonly body: object } {
  const text = `idg_${OWN_ID}_${letter.repeat(43)}`
  const sha256 = createHash('sha256').update(text).digest('hex')
  return {
    text,
    body: { name: 'BizTag shop/invoice', scopes: ['issue'], within: 'acme/shop/segment', sha256 },
  }
}

test('a key that its owner made is valid however often it is put, and for its tag only', async (t) => {
  const api = await HttpApi.withTags(t)
  const url = `/v1/keys/${OWN_ID}`
  const { text, body } = ownKey('a')
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/nodes', { key: text })
  const made = await api.expect(201, 'PUT', url, { body })
  assert.equal(made.headers['location'], url)
  assert.ok(!JSON.stringify(made.body).includes('sha256'))
  assert.deepEqual((await api.expect(200, 'PUT', url, { body })).body, made.body)
  assert.equal((await api.ids('segment', { key: text })).status, 200)
  await api.refuses('IDGEN_FORBIDDEN', 'POST', `${TAGS_URL}/snowflake/ids`, { key: text })
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/keys', { key: text })
  const actions = (await api.memory.audited()).filter(({ subject }) => subject === OWN_ID)
  assert.deepEqual(
    actions.map(({ action }) => action),
    ['key.create'],
    'a repeat writes nothing',
  )
})

test('another secret under the same id takes the place of the first, until the id is revoked for good', async (t) => {
  const api = await HttpApi.withTags(t)
  const url = `/v1/keys/${OWN_ID}`
  const [first, second] = [ownKey('a'), ownKey('b')]
  const made = await api.expect(201, 'PUT', url, { body: first.body })
  assert.equal((await api.ids('segment', { key: first.text })).status, 200)
  const replaced = await api.expect(200, 'PUT', url, { body: second.body })
  assert.deepEqual(replaced.body, made.body)
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/nodes', { key: first.text })
  assert.equal((await api.ids('segment', { key: second.text })).status, 200)
  await api.expect(204, 'DELETE', url)
  await api.refuses('IDGEN_KEY_REVOKED', 'PUT', url, { body: second.body })
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/nodes', { key: second.text })
})

test('a manager of a part puts no key beyond it, and replaces none that reaches further', async (t) => {
  const api = await HttpApi.withTags(t)
  const limited = { name: 'm', scopes: ['manage'], within: 'acme/shop' }
  const { body: manager } = await api.expect(201, 'POST', '/v1/keys', { body: limited })
  const key = String(manager['key'])
  const { body } = ownKey('a')
  await api.refuses('IDGEN_FORBIDDEN', 'PUT', `/v1/keys/${OWN_ID}`, {
    key,
    body: { ...body, within: 'acme' },
  })
  await api.refuses('IDGEN_FORBIDDEN', 'PUT', `/v1/keys/${OWN_ID}`, {
    key,
    body: { ...body, scopes: ['audit'] },
  })
  await api.expect(201, 'PUT', `/v1/keys/${OWN_ID}`, { key, body })
  await api.expect(201, 'PUT', '/v1/keys/bt0000000002', { body: { ...body, within: 'acme' } })
  await api.refuses('IDGEN_FORBIDDEN', 'PUT', '/v1/keys/bt0000000002', { key, body })
  for (const id of ['short', 'UPPERCASE0001', 'admin'])
    await api.refuses('IDGEN_REQUEST_INVALID', 'PUT', `/v1/keys/${id}`, { body })
  for (const sha256 of ['', 'x'.repeat(64), 'A'.repeat(64), undefined])
    await api.refuses('IDGEN_REQUEST_INVALID', 'PUT', `/v1/keys/${OWN_ID}`, { body: { ...body, sha256 } })
})

test('a key that is made for the object that declares a tag ends with its declaration', async (t) => {
  const api = await HttpApi.withTags(t)
  const declare = (uid: string, more: object = {}) => {
    const owner = { cluster: 'c', namespace: 'shop', name: uid, uid, createdAt: '2026-01-02T03:04:05Z' }
    return api.expect(200, 'PUT', `${TAGS_URL}/segment/declaration`, {
      body: { owner, generation: 1, spec: {}, ...more },
    })
  }
  const url = `/v1/keys/${OWN_ID}`
  const { text, body } = ownKey('a')
  const own = { ...body, declaredBy: 'u1' }
  await api.refuses('IDGEN_DECLARATION_STALE', 'PUT', url, { body: own })
  for (const wrong of [{ within: 'acme/shop' }, { declaredBy: '' }, { declaredBy: 7 }])
    await api.refuses('IDGEN_REQUEST_INVALID', 'PUT', url, { body: { ...own, ...wrong } })
  await declare('u1')
  const made = await api.expect(201, 'PUT', url, { body: own })
  assert.deepEqual([made.body['declaredBy'], made.body['revokedAt']], ['u1', null])
  await declare('u2', { takeOverFrom: 'u1' })
  assert.notEqual((await api.expect(200, 'GET', url)).body['revokedAt'], null)
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/nodes', { key: text })
  const audited = await api.memory.audited()
  assert.deepEqual(audited.find(({ subject }) => subject === OWN_ID)?.detail['declaredBy'], 'u1')
  const taken = audited.filter(({ action }) => action === 'tag.declare')
  assert.deepEqual(
    taken.map(({ detail }) => detail['endedKeys']),
    [[], [OWN_ID]],
  )
})

test('a key is rotated without a gap, and shows until when its secret before is valid', async (t) => {
  const api = await HttpApi.withTags(t)
  const { body: made } = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', scopes: ['issue'] } })
  const url = `/v1/keys/${String(made['id'])}`
  const { body: rotated } = await api.expect(200, 'POST', `${url}/rotate`)
  const { key: text, ...shown } = rotated
  assert.match(String(text), new RegExp(`^idg_${String(made['id'])}_[A-Za-z0-9]{43}$`))
  const until = new Date(api.memory.clock.nowMs() + 86_400_000).toISOString()
  const { key: _, ...before } = made
  assert.deepEqual(shown, { ...before, previousValidUntil: until })
  for (const key of [made['key'], text])
    assert.equal((await api.ids('segment', { key: String(key) })).status, 200)
  const { body: read, text: printed } = await api.expect(200, 'GET', url)
  assert.deepEqual(read, shown)
  assert.ok(!printed.includes(String(text).slice(-43)))
  await api.refuses('IDGEN_KEY_ROTATING', 'POST', `${url}/rotate`, { body: { keepPreviousSeconds: 0 } })
  await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${url}/rotate`, { body: { ends: 'all' } })
  const { body: again } = await api.expect(200, 'POST', `${url}/rotate`, {
    body: { keepPreviousSeconds: 0, ends: 'oldest' },
  })
  for (const key of [made['key'], text])
    await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/nodes', { key: String(key) })
  assert.equal((await api.ids('segment', { key: String(again['key']) })).status, 200)
  const audited = (await api.memory.audited()).filter(({ action }) => action === 'key.rotate')
  assert.deepEqual(audited[0]?.detail, {
    name: 'x',
    scopes: ['issue'],
    within: '',
    previousValidUntil: until,
  })
  assert.ok(!JSON.stringify(audited).includes(String(text).slice(-43)))
})

test('a new secret reaches its owner also where its last use cannot be read', async (t) => {
  const api = await HttpApi.withTags(t)
  const { body: made } = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', scopes: ['issue'] } })
  t.mock.method(MemoryKeyUseStore.prototype, 'lastUses', () => Promise.reject(new Error('away')))
  const { body } = await api.expect(200, 'POST', `/v1/keys/${String(made['id'])}/rotate`)
  assert.equal(body['lastUsedAt'], null)
  assert.equal((await api.ids('segment', { key: String(body['key']) })).status, 200)
})

test('nobody gains by rotating a key: neither a scope, nor a part, nor a key that was revoked', async (t) => {
  const api = await HttpApi.withTags(t)
  const make = async (body: object) =>
    (await api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', ...body } })).body
  const manager = String((await make({ scopes: ['manage'], within: 'acme' }))['key'])
  const issuer = String((await make({ scopes: ['issue'], within: 'acme' }))['key'])
  const rotate = (id: unknown) => `/v1/keys/${String(id)}/rotate`
  const { id: auditor } = await make({ scopes: ['audit'], within: 'acme' })
  const { id: wide } = await make({ scopes: ['issue'] })
  const { id: other } = await make({ scopes: ['issue'], within: 'other' })
  for (const id of [auditor, wide, other])
    await api.refuses('IDGEN_FORBIDDEN', 'POST', rotate(id), { key: manager })
  const { id: own } = await make({ scopes: ['issue'], within: 'acme/shop' })
  await api.refuses('IDGEN_FORBIDDEN', 'POST', rotate(own), { key: issuer })
  await api.refuses('IDGEN_FORBIDDEN', 'POST', rotate('aaaaaaaaaaaa'), { key: issuer })
  await api.expect(200, 'POST', rotate(own), { key: manager })
  await api.refuses('IDGEN_KEY_NOT_FOUND', 'POST', rotate('aaaaaaaaaaaa'))
  await api.expect(204, 'DELETE', `/v1/keys/${String(own)}`)
  await api.refuses('IDGEN_KEY_REVOKED', 'POST', rotate(own))
  for (const keepPreviousSeconds of [-1, 7_776_001, 1.5, '1d', null])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', rotate(wide), { body: { keepPreviousSeconds } })
})

test('a limited manager lists the keys of its part, with their last use', async (t) => {
  const api = await HttpApi.withTags(t)
  const make = async (scopes: readonly string[], within: string) =>
    (await api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', scopes, within } })).body
  const manager = await make(['manage'], 'acme')
  const user = await make(['issue'], 'acme/shop')
  await make(['issue'], 'acme2')
  await api.ids('segment', { key: String(user['key']) })
  const usedAt = new Date(api.memory.clock.nowMs()).toISOString()
  await api.memory.service.keyUsage.write()
  const { body } = await api.expect(200, 'GET', '/v1/keys', { key: String(manager['key']) })
  const seen = (body['items'] as { id: string; lastUsedAt: string | null }[]).map(({ id, lastUsedAt }) => [
    id,
    lastUsedAt,
  ])
  assert.deepEqual(
    seen.sort(),
    [
      [manager['id'], null],
      [user['id'], usedAt],
    ].sort(),
  )
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/v1/keys', { key: String(user['key']) })
})
