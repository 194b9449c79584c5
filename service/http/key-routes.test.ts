import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../../test/fixtures/http-api.ts'

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
    expiresAt: null,
    revokedAt: null,
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
