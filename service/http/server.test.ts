import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'

const IDS = `${TAGS_URL}/segment/ids`
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

test('every answer carries the trace, the caller’s where it sent one', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const [method, url] of [
    ['POST', IDS],
    ['POST', `${IDS}/stream`],
    ['GET', TAGS_URL],
    ['GET', '/none'],
    ['PUT', IDS],
    ['GET', '/v1/ids/%zz'],
    ['GET', '/livez'],
    ['GET', '/openapi.json'],
  ] as const) {
    const made = await api.call(method, url)
    assert.match(made.headers['x-request-id'] ?? '', /^[0-9a-f]{32}$/, url)
    assert.equal(made.headers['traceparent'], undefined, url)
    const named = await api.call(method, url, { headers: { 'x-request-id': 'mine-1' } })
    assert.match(named.headers['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/, url)
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`
    const taken = await api.call(method, url, { headers: { traceparent, 'x-request-id': 'mine-1' } })
    assert.match(taken.headers['traceparent'] ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`), url)
    assert.equal(taken.headers['x-request-id'], 'mine-1')
  }
})

test('an invalid trace or request id is not echoed', async (t) => {
  const api = await HttpApi.withTags(t)
  const { headers } = await api.ids('segment', {
    headers: { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, 'x-request-id': 'a b' },
  })
  assert.ok(!headers['traceparent']?.includes('0'.repeat(32)))
  assert.match(headers['x-request-id'] ?? '', /^[0-9a-f]{32}$/)
})

test('what is not there is not found, whatever is asked of it', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const url of ['/', '/v1', '/v2/ids/1', `${IDS}/`, '/docs/none', '/docs/static/none.js'])
    for (const method of ['GET', 'POST', 'DELETE', 'PATCH'] as const)
      await api.refuses('IDGEN_ROUTE_NOT_FOUND', method, url, method === 'POST' ? { raw: '{' } : {})
})

test('a route says which methods it answers', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const [method, url, allow] of [
    ['GET', IDS, 'POST'],
    ['DELETE', IDS, 'POST'],
    ['OPTIONS', IDS, 'POST'],
    ['TRACE', IDS, 'POST'],
    ['POST', '/v1/ids/1', 'GET, HEAD'],
    ['DELETE', '/v1/workspaces', 'GET, HEAD, POST'],
    ['POST', '/v1/workspaces/acme', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['PATCH', '/v1/keys/x', 'DELETE, GET, HEAD, PUT'],
    ['POST', '/readyz', 'GET, HEAD'],
  ] as const) {
    const answer = await api.refuses('IDGEN_METHOD_NOT_ALLOWED', method, url, { key: '' })
    assert.equal(answer.headers['allow'], allow)
  }
})

test('a body that is too large or no JSON is refused', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.refuses('IDGEN_BODY_TOO_LARGE', 'POST', IDS, { raw: `{"x":"${'x'.repeat(65_536)}"}` })
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'x',
    'application/json2',
  ])
    await api.refuses('IDGEN_MEDIA_TYPE_UNSUPPORTED', 'POST', IDS, {
      raw: '{"count":1}',
      headers: { 'content-type': type },
    })
  await api.expect(200, 'POST', IDS, {
    raw: '{}',
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })
})

test('deep nesting is refused without harm', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const raw of [
    '['.repeat(60_000),
    `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
    '{"a":'.repeat(10_000),
  ])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', IDS, { raw })
})

test('a malformed percent-encoding is refused', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const url of [
    '/v1/ids/%',
    '/v1/ids/%zz',
    '/v1/ids/%c3%28',
    `/v1/workspaces/%/groups/shop/tags/segment/ids`,
  ])
    await api.refuses('IDGEN_REQUEST_INVALID', url.endsWith('/ids') ? 'POST' : 'GET', url)
  await api.refuses('IDGEN_REQUEST_INVALID', 'GET', `/v1/ids/${'9'.repeat(201)}`)
})

test('line breaks in values end in no header', async (t) => {
  const api = await HttpApi.withTags(t)
  const evil = 'a%0d%0aset-cookie:%20x=1'
  for (const [method, url] of [
    ['GET', `/v1/ids/${evil}`],
    ['GET', `/v1/workspaces/${evil}`],
    ['GET', `/v1/keys/${evil}`],
    ['POST', `${TAGS_URL}/${evil}/ids`],
    ['GET', `/${evil}`],
    ['GET', `${TAGS_URL}?cursor=${evil}`],
  ] as const) {
    const answer = await api.call(method, url)
    assert.ok(answer.status >= 400 && answer.status < 500)
    assert.equal(answer.headers['set-cookie'], undefined)
  }
  await api.refuses('IDGEN_NAME_INVALID', 'POST', TAGS_URL, { body: { name: 'a\r\nset-cookie: x=1' } })
})

test('IDs of every kind are decoded', async (t) => {
  const api = await HttpApi.withTags(t)
  const nowMs = api.memory.clock.nowMs()
  const one = async (tag: string): Promise<string> => ((await api.ids(tag)).body['ids'] as string[])[0] ?? ''
  const segment = await one('segment')
  assert.deepEqual((await api.expect(200, 'GET', `/v1/ids/${segment}`)).body, {
    kind: 'segment',
    id: segment,
  })
  const snowflake = await one('snowflake')
  const { body } = await api.expect(200, 'GET', `/v1/ids/${snowflake}`)
  assert.equal(body['kind'], 'snowflake')
  assert.equal(body['id'], snowflake)
  assert.equal(body['dc'], 0)
  assert.equal(body['worker'], api.memory.service.workerIds.held[0])
  assert.equal(Date.parse(String(body['time'])), body['timeMs'])
  assert.ok(Math.abs(Number(body['timeMs']) - nowMs) < 60_000)
  const v7 = await one('uuid-v7')
  const decoded = (await api.expect(200, 'GET', `/v1/ids/${v7.toUpperCase()}`)).body
  assert.deepEqual(
    { ...decoded, timeMs: undefined, time: undefined },
    { kind: 'uuid', id: v7, version: 7, timeMs: undefined, time: undefined },
  )
  assert.ok(Math.abs(Number(decoded['timeMs']) - nowMs) < 60_000)
  const v4 = await one('uuid-v4')
  assert.deepEqual((await api.expect(200, 'GET', `/v1/ids/${v4}`)).body, { kind: 'uuid', id: v4, version: 4 })
})

test('what is no ID is refused with what was given', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const id of [
    'x',
    '-1',
    '1.5',
    '0x10',
    '1e3',
    '007',
    '9223372036854775808',
    '99999999999999999999',
    '%20',
    'true',
  ])
    await api.refuses('IDGEN_ID_MALFORMED', 'GET', `/v1/ids/${id}`)
})

test('a degraded answer names the algorithm that gave it', async (t) => {
  const segments = new ScriptedSegments()
  segments.mode = 'fail'
  const api = await HttpApi.withTags(t, { outside: { segments } })
  for (let call = 0; call < 2; call += 1) {
    const { body, status } = await api.ids('segment', { body: { count: 3 } })
    assert.equal(status, 200)
    assert.equal((body['ids'] as string[]).length, 3)
    assert.equal(body['algorithm'], 'snowflake')
    assert.equal(body['degraded'], true)
  }
  await api.refuses('IDGEN_NUMBER_UNSAFE', 'POST', IDS, { body: { as: 'number' } })
  // The probe is open to strangers: that something is in trouble, and not which tag.
  const ready = await api.expect(200, 'GET', '/readyz', { key: '' })
  assert.deepEqual(ready.body, { ready: true, draining: false, degraded: true })
  assert.deepEqual(api.memory.useCases.readiness.report().degraded, [
    { what: 'tag acme/shop/segment', why: 'served by snowflake' },
  ])
})

test('a numeric tag that has degraded to UUIDs has no runs until it recovers', async (t) => {
  const segments = new ScriptedSegments()
  const api = await HttpApi.withTags(t, { outside: { segments } })
  await api.expect(201, 'POST', TAGS_URL, { body: { name: 'mixed', chain: ['segment', 'uuid-v7'] } })
  segments.mode = 'fail'
  const url = `${TAGS_URL}/mixed/ids`
  // The first call finds out while it waits, the second knows before anything is spent.
  for (let call = 0; call < 2; call += 1) {
    const answer = await api.refuses('IDGEN_ALGORITHMS_EXHAUSTED', 'POST', url, { body: { as: 'runs' } })
    assert.equal(answer.headers['retry-after'], '1')
  }
  assert.equal((await api.expect(200, 'POST', url)).body['algorithm'], 'uuid-v7')
})

test('a tag that must stay numeric answers 503 with Retry-After at its end', async (t) => {
  const segments = new ScriptedSegments()
  segments.mode = 'fail'
  const api = await HttpApi.withTags(t, { outside: { segments } })
  await api.expect(200, 'PATCH', `${TAGS_URL}/segment`, { body: { chain: ['segment'] } })
  const answer = await api.call('POST', IDS)
  assert.equal(answer.status, 503)
  assertProblem(answer, answer.body['code'] as 'IDGEN_STORE_UNAVAILABLE')
  assert.equal(answer.headers['retry-after'], '1')
  assert.equal(answer.body['retryable'], true)
})

test('a fault inside is told without its cause, and logged with it under the trace', async (t) => {
  const cause = new Error('password=hunter2 at db.internal:5432')
  const api = await HttpApi.withTags(t)
  t.mock.method(api.memory.useCases.catalog, 'tag', () => Promise.reject(cause))
  const answer = await api.refuses('IDGEN_INTERNAL', 'GET', `${TAGS_URL}/segment`)
  assert.ok(!answer.text.includes('hunter2'))
  const line = api.memory.log.lines.find(({ level }) => level === 'error')
  assert.equal(line?.fields['traceId'], answer.body['traceId'])
  assert.ok(line !== undefined)
  assert.equal((line.fields['err'] as Error).cause, cause)
})

test('changes are logged with who made them and their trace; IDs are not', async (t) => {
  const api = await HttpApi.withTags(t)
  const { headers } = await api.expect(200, 'PATCH', `${TAGS_URL}/segment`, {
    body: { displayName: 'other' },
  })
  await api.ids('segment')
  const changes = api.memory.log.lines.filter(({ text }) => text === 'changed')
  assert.equal(changes.length, 1 + 6 + 1, 'a key, workspace, group and four tags, and the last')
  const last = changes.at(-1)
  assert.equal(last?.fields['action'], 'tag.update')
  assert.equal(last?.fields['subject'], 'acme/shop/segment')
  assert.ok(headers['x-request-id'] === last?.fields['traceId'])
  assert.match(String(last?.fields['actor']), /^[a-z0-9]{12}$/)
})

test('the probes are open, and say when the server drains', async (t) => {
  const api = await HttpApi.start(t)
  assert.deepEqual((await api.expect(200, 'GET', '/livez', { key: '' })).body, { live: true })
  const ready = await api.expect(200, 'GET', '/readyz', { key: '' })
  assert.deepEqual(ready.body, { ready: true, draining: false, degraded: false })
  const walks = t.mock.method(api.memory.useCases.directory, 'all')
  for (let asked = 0; asked < 20; asked += 1) await api.expect(200, 'GET', '/readyz', { key: '' })
  assert.equal(walks.mock.callCount(), 0, 'a stranger has no tag looked at for each answer')
  api.memory.useCases.readiness.drain()
  const draining = await api.expect(503, 'GET', '/readyz', { key: '' })
  assert.deepEqual(draining.body, { ready: false, draining: true, degraded: false })
  await api.expect(200, 'GET', '/livez', { key: '' })
})

test('a server that stopped issuing says so, and when to try again', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.expect(200, 'POST', IDS)
  api.memory.useCases.generate.stop()
  const answer = await api.refuses('IDGEN_SHUTTING_DOWN', 'POST', IDS)
  assert.equal(answer.headers['retry-after'], '1')
})

test('the documents need a key unless they are opened, and a browser asks for it as a password', async (t) => {
  const api = await HttpApi.start(t)
  const basic = (password: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`any:${password}`).toString('base64')}`,
  })
  const pages = ['/openapi.json', '/docs', '/docs/static/swagger-ui.css', '/docs/json', '/status']
  for (const url of pages) {
    const refused = await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', url, { key: '' })
    assert.match(refused.headers['www-authenticate'] ?? '', /, Basic realm=/)
    await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', url, { key: '', headers: basic('x') })
    await api.expect(200, 'GET', url)
    await api.expect(200, 'GET', url, { key: '', headers: basic(api.memory.keyText) })
  }
  // Browsers send it by themselves, also where another site made them: nothing that changes something takes it.
  const headers = basic(api.memory.keyText)
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/workspaces', { key: '', headers })
})

test('the documentation is served from here alone', async (t) => {
  const api = await HttpApi.start(t, {}, { openDocuments: true })
  const page = await api.expect(200, 'GET', '/docs', { key: '' })
  assert.match(page.headers['content-security-policy'] ?? '', /default-src 'self'/)
  const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
  assert.ok(links.length >= 5)
  for (const link of links) {
    assert.ok(link.startsWith('/docs/'), link)
    await api.expect(200, 'GET', link, { key: '' })
  }
  await api.refuses('IDGEN_ROUTE_NOT_FOUND', 'GET', '/docs/static/..%2f..%2fpackage.json')
})

test('a body in another character set or compressed is refused, not misread', async (t) => {
  const api = await HttpApi.withTags(t)
  const url = `${TAGS_URL}/segment/ids`
  for (const headers of [
    { 'content-encoding': 'gzip' },
    { 'content-type': 'application/json; charset=utf-16' },
  ])
    await api.refuses('IDGEN_MEDIA_TYPE_UNSUPPORTED', 'POST', url, { body: { count: 1 }, headers })
  const plain = { 'content-encoding': 'identity', 'content-type': 'application/json; charset=UTF-8' }
  await api.expect(200, 'POST', url, { body: { count: 1 }, headers: plain })
})
