import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import type { Compatibility } from './foreign-routes.ts'

const ADMIN_KEY = 'an-admin-key-that-is-long-enough-for-a-test'
const ALL: Compatibility = { leaf: true, leafKey: '', tinyid: true, group: 'acme/shop' }

async function serving(t: TestContext, change: Partial<Compatibility> = {}): Promise<HttpApi> {
  const environment = { IDGEN_AUTH_ADMIN_KEY: ADMIN_KEY }
  const api = await HttpApi.start(t, { environment }, { compatibility: { ...ALL, ...change } })
  await api.expect(201, 'POST', '/v1/workspaces', { body: { name: 'acme' } })
  await api.expect(201, 'POST', '/v1/workspaces/acme/groups', { body: { name: 'shop' } })
  for (const [name, algorithm] of [
    ['orders', 'segment'],
    ['flakes', 'snowflake'],
    ['uuids', 'uuid-v7'],
  ])
    await api.expect(201, 'POST', TAGS_URL, { body: { name, algorithm } })
  const written = { name: 'written', space: { format: { prefix: 'A' } } }
  await api.expect(201, 'POST', TAGS_URL, { body: written })
  return api
}

function tinyid(api: HttpApi, name: string, fields: Record<string, string>) {
  const query = new URLSearchParams({ token: api.memory.keyText, ...fields })
  return api.call('GET', `/tinyid/id/${name}?${query.toString()}`, { key: '' })
}

test('Leaf’s endpoints answer a bare number, of the kind that the path names', async (t) => {
  const api = await serving(t)
  const first = await api.call('GET', '/api/segment/get/orders')
  assert.deepEqual([first.status, first.text], [200, '1'])
  assert.equal(first.headers['content-type'], 'text/plain;charset=UTF-8')
  assert.equal(first.headers['cache-control'], 'no-store')
  assert.match((await api.call('GET', '/api/snowflake/get/flakes')).text, /^[1-9][0-9]{15,18}$/)
  const counts = await api.memory.issueCounts()
  assert.ok(counts.some(({ subject }) => subject === 'acme/shop/orders'))
})

test('a bare number is called what the caller would rather have, as by Spring, and a slash at the end is allowed', async (t) => {
  const api = await serving(t)
  for (const [accept, type] of [
    ['*/*', 'text/plain;charset=UTF-8'],
    ['text/plain, application/json, */*', 'text/plain;charset=UTF-8'],
    ['application/json;q=0.5, text/plain', 'text/plain;charset=UTF-8'],
    ['application/json, application/*+json', 'application/json;charset=UTF-8'],
    ['text/plain;q=0.5, application/json', 'application/json;charset=UTF-8'],
  ] as const) {
    const query = new URLSearchParams({ token: api.memory.keyText, bizType: 'orders' }).toString()
    for (const url of ['/api/segment/get/orders/', `/tinyid/id/nextIdSimple?${query}`]) {
      const answer = await api.call('GET', url, { headers: { accept } })
      assert.match(answer.text, /^\d+$/, url)
      assert.equal(answer.headers['content-type'], type, `${url} for ${accept}`)
    }
  }
})

test('what Leaf cannot answer is its own error, with ours in a header', async (t) => {
  const api = await serving(t)
  for (const [path, id, told] of [
    ['segment/get/none', -2, /^IDGEN_TAG_NOT_FOUND: /],
    ['segment/get/No%20Name', -2, /^IDGEN_NAME_INVALID: /],
    ['segment/get/flakes', -3, /gives segment only/],
    ['snowflake/get/orders', -3, /gives snowflake only/],
    ['segment/get/written', -3, /texts in a format/],
  ] as const) {
    const answer = await api.call('GET', `/api/${path}`)
    assert.equal(answer.status, 500, path)
    // Byte by byte what Leaf 86a6441 (Spring Boot 1.5.18) wrote on 28 November 2026, but for the time.
    assert.equal(
      answer.text.replace(/"timestamp":\d{13},/, '"timestamp":1795833698909,'),
      `{"timestamp":1795833698909,"status":500,"error":"Internal Server Error","exception":"com.sankuai.inf.leaf.server.exception.LeafServerException","message":"Result{id=${id}, status=EXCEPTION}","path":"/api/${path}"}`,
    )
    assert.equal(answer.headers['content-type'], 'application/json;charset=UTF-8')
    assert.match(answer.headers['x-idgen-error'] ?? '', told)
  }
})

test('callers of Leaf without a key use the one of the configuration, or are refused', async (t) => {
  const closed = await serving(t)
  await closed.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/api/segment/get/orders', { key: '' })
  await closed.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/api/segment/get/orders', { key: 'idg_wrong' })
  closed.memory.useCases.refusedKeys.write()
  const refusal = (await closed.memory.audited()).find(({ action }) => action === 'key.refuse')
  const first = { operation: 'GET /api/segment/get/:key', subject: 'acme/shop/orders' }
  assert.deepEqual(refusal?.detail['first'], first)
  const api = await serving(t, { leafKey: ADMIN_KEY })
  assert.equal((await api.call('GET', '/api/segment/get/orders', { key: '' })).text, '1')
  const actor = { actor: 'test', traceId: undefined }
  const limited = { name: 'x', scopes: ['issue'] as const, within: 'other', expiresAt: undefined }
  const { text: elsewhere } = await api.memory.useCases.keys.create(actor, limited)
  await api.refuses('IDGEN_FORBIDDEN', 'GET', '/api/segment/get/orders', { key: elsewhere })
})

test('tinyid’s endpoints answer in the words of its server', async (t) => {
  const api = await serving(t)
  assert.equal((await tinyid(api, 'nextIdSimple', { bizType: 'orders' })).text, '1')
  assert.equal((await tinyid(api, 'nextIdSimple', { bizType: 'orders', batchSize: '3' })).text, '2,3,4')
  const list = await tinyid(api, 'nextId', { bizType: 'orders', batchSize: '2' })
  assert.equal(list.text, '{"data":[5,6],"code":200,"message":""}')
  const snowflakes = await tinyid(api, 'nextId', { bizType: 'flakes', batchSize: '2' })
  assert.match(snowflakes.text, /^\{"data":\[\d{16,19},\d{16,19}\],/)
  const form = new URLSearchParams({ bizType: 'orders', token: api.memory.keyText }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const posted = await api.call('POST', '/tinyid/id/nextIdSimple', { key: '', raw: form, headers })
  assert.equal(posted.text, '7')
  assert.equal((await tinyid(api, 'nextIdSimple', { bizType: 'orders', batchSize: '' })).text, '8')
})

test('a segment for tinyid is a run of the tag’s step that nobody else gets', async (t) => {
  const api = await serving(t)
  await tinyid(api, 'nextIdSimple', { bizType: 'orders' })
  const simple = await tinyid(api, 'nextSegmentIdSimple', { bizType: 'orders' })
  const [current = 0, loading = 0, max = 0, delta, remainder] = simple.text.split(',').map(Number)
  assert.deepEqual([max - current, loading - current, delta, remainder], [1000, 200, 1, 0])
  const json = await tinyid(api, 'nextSegmentId', { bizType: 'orders' })
  const data = json.body['data'] as Record<string, number>
  assert.equal((data['maxId'] ?? 0) - (data['currentId'] ?? 0), 1000)
  assert.ok((data['currentId'] ?? 0) >= max)
})

test('failures are tinyid’s: a code in an answer of status 200, or nothing', async (t) => {
  const api = await serving(t)
  const wrong = { token: 'nobody', bizType: 'orders' }
  assert.equal((await tinyid(api, 'nextId', wrong)).text, '{"data":null,"code":5,"message":"token is error"}')
  assert.equal((await tinyid(api, 'nextSegmentIdSimple', wrong)).text, '')
  for (const [fields, code] of [
    [{ bizType: 'none' }, 5],
    [{}, 5],
    [{ bizType: 'uuids' }, 6],
    [{ bizType: 'orders', batchSize: '0' }, 6],
  ] as const) {
    const answer = await tinyid(api, 'nextId', fields)
    assert.deepEqual([answer.status, answer.body['code']], [200, code])
    assert.match(answer.headers['x-idgen-error'] ?? '', /^IDGEN_/)
  }
  const odd = await tinyid(api, 'nextId', { bizType: 'orders', batchSize: 'many' })
  assert.equal(
    odd.body['message'],
    'batchSize must be a number from 1, not "many".',
    'in the words of the caller',
  )
  assert.equal((await tinyid(api, 'nextSegmentIdSimple', { bizType: 'flakes' })).text, '')
})

test('without the switches nothing of it is there', async (t) => {
  const api = await serving(t, { leaf: false, tinyid: false })
  assert.equal((await api.call('GET', '/api/segment/get/orders')).status, 404)
  assert.equal((await tinyid(api, 'nextIdSimple', { bizType: 'orders' })).status, 404)
})

test('all ways to one tag at once, ours and theirs, and no number twice', async (t) => {
  const api = await serving(t)
  const seen: number[] = []
  const ways = [
    async () => seen.push(Number((await api.call('GET', '/api/segment/get/orders')).text)),
    async () => {
      const { text } = await tinyid(api, 'nextIdSimple', { bizType: 'orders', batchSize: '5' })
      seen.push(...text.split(',').map(Number))
    },
    async () => {
      const { text } = await tinyid(api, 'nextSegmentIdSimple', { bizType: 'orders' })
      const [current = 0, , max = 0] = text.split(',').map(Number)
      for (let id = current + 1; id <= max; id += 1) seen.push(id)
    },
    async () => {
      const { body } = await api.expect(200, 'POST', `${TAGS_URL}/orders/ids`, { body: { count: 7 } })
      seen.push(...(body['ids'] as string[]).map(Number))
    },
  ]
  await Promise.all(
    Array.from({ length: 50 }, () => ways)
      .flat()
      .map((way) => way()),
  )
  assert.ok(seen.length >= 50 * (1 + 5 + 100 + 7))
  assert.equal(new Set(seen).size, seen.length)
})

test('no body of more than 4 KB is read for them, whatever it says it is, before a key is looked at', async (t) => {
  const api = await serving(t)
  for (const url of ['/api/segment/get/orders', '/tinyid/id/nextId', '/tinyid/id/nextSegmentIdSimple'])
    for (const [type, begin, end] of [
      ['application/json', '{"a":"', '"}'],
      ['application/x-www-form-urlencoded', 'a=', ''],
    ] as const) {
      const raw = (size: number): string => `${begin}${'x'.repeat(size - begin.length - end.length)}${end}`
      const call = { key: '', headers: { 'content-type': type } }
      await api.refuses('IDGEN_BODY_TOO_LARGE', 'POST', url, { ...call, raw: raw(4097) })
      assert.notEqual(
        (await api.call('POST', url, { ...call, raw: raw(4096) })).status,
        413,
        `${url} ${type}`,
      )
    }
})
