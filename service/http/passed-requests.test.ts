import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import { certificateText } from '../ports/certificate-text.ts'
import { CERTIFICATE_MARK } from '../sockets/client-certificate.ts'
import { type PassedAnswer, type PassedRequest, PassedRequests } from './passed-requests.ts'

const LEAF = { leaf: true, leafKey: '', tinyid: false, group: 'acme/shop' }

async function world(
  t: Parameters<typeof HttpApi.start>[0],
  environment: Record<string, string> = {},
  outside: NonNullable<Parameters<typeof HttpApi.start>[1]>['outside'] = {},
) {
  const passed = new PassedRequests()
  const api = await HttpApi.start(
    t,
    { environment, outside },
    { passed, redirectTo: () => 8443, compatibility: LEAF },
  )
  const ask = async (request: Partial<PassedRequest>) => {
    const answer = await passed.answer({
      method: 'GET',
      url: '/v1/workspaces',
      headers: { authorization: `Bearer ${api.memory.keyText}`, host: 'ids.example' },
      body: undefined,
      peer: '192.0.2.1',
      certificate: undefined,
      encrypted: true,
      ...request,
    })
    assert.ok('status' in answer, JSON.stringify(answer))
    return answer
  }
  return { api, passed, ask }
}

test('a request is answered as if its connection had come here', async (t) => {
  const { ask } = await world(t)
  const body = new TextEncoder().encode('{"name":"acme"}')
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
  assert.equal((await ask({ method: 'POST', body, headers })).status, 401)
  const listed = await ask({})
  assert.equal(listed.status, 200)
  assert.match(textOf(listed), /"items":\[\]/)
})

test('who comes without encryption is sent to where it is, by the host that was asked', async (t) => {
  const { ask } = await world(t)
  const { status, headers } = await ask({ encrypted: false })
  assert.equal(status, 308)
  assert.equal(headers['location'], 'https://ids.example:8443/v1/workspaces')
  assert.equal((await ask({ encrypted: false, headers: {} })).status, 400)
})

test('the URL reaches the router as it was written', async (t) => {
  const { ask } = await world(t)
  const answer = await ask({ url: '//a/../b' })
  assert.equal(answer.status, 404)
  assert.match(textOf(answer), /There is nothing at \\"\/\/a\/..\/b\\"/)
})

test('the rate limit counts the address of the client, and each request once', async (t) => {
  const { ask } = await world(t, { IDGEN_LIMITS_PER_ADDRESS: '1' })
  const statuses = async (peer: string) => [(await ask({ peer })).status, (await ask({ peer })).status]
  assert.deepEqual(await statuses('192.0.2.1'), [200, 429])
  assert.deepEqual(await statuses('192.0.2.2'), [200, 429])
})

test('what the thread has counted does not count again, and no client can say so', async (t) => {
  const { api, ask } = await world(t, { IDGEN_LIMITS_PER_ADDRESS: '1' })
  for (const url of ['/v1/workspaces', '/v1/workspaces', '/nothing', '/ui'])
    assert.notEqual((await ask({ counted: true, url })).status, 429, url)
  const headers = { authorization: `Bearer ${api.memory.keyText}`, counted: 'true', 'x-counted': 'true' }
  assert.equal((await ask({ headers })).status, 200)
  assert.equal((await ask({ headers })).status, 429)
  assert.equal((await ask({ encrypted: false })).status, 429)
})

test('a certificate speaks for its client where no key does, on the routes that look at certificates', async (t) => {
  const { ask } = await world(t, {
    IDGEN_AUTH_CLIENTS: 'ops CN:ops.example issue,manage',
    // Not read here.
    IDGEN_SERVER_HTTPS_CERT: 'tls.crt',
    IDGEN_SERVER_HTTPS_KEY: 'tls.key',
    IDGEN_SERVER_HTTPS_CLIENT_CA: 'clients.crt',
  })
  const shown = { names: ['CN:ops.example'], endMs: Date.now() * 2 }
  const certificate = certificateText(CERTIFICATE_MARK, shown)
  const status = async (headers: Record<string, string>, url = '/v1/workspaces', method = 'GET') =>
    (await ask({ certificate, headers, url, method })).status
  assert.equal(await status({}), 200)
  // No key for this route, as it would be none on a connection of the main thread.
  assert.equal(await status({ authorization: 'Basic eDp5' }), 200)
  assert.equal(await status({ authorization: 'Basic eDp5' }, '/openapi.json'), 401)
  // An empty key is a key.
  for (const headers of [{ authorization: 'Bearer' }, { authorization: 'Bearer ' }, { 'x-api-key': '' }])
    assert.equal(await status(headers), 401, JSON.stringify(headers))
  assert.equal(await status({}, '/api/segment/get/orders'), 401)
  const ids = `${TAGS_URL}/orders/ids`
  assert.equal(await status({}, ids, 'POST'), 404)
  const driven = await ask({
    certificate,
    headers: { 'sec-fetch-site': 'cross-site' },
    url: ids,
    method: 'POST',
  })
  assert.equal(driven.status, 401)
  assert.match(textOf(driven), /another site .*Sec-Fetch-Site: cross-site/)
})

test('a body that the thread did not read is refused by its length', async (t) => {
  const { api, ask } = await world(t)
  const { status, headers } = await ask({
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.memory.keyText}`,
      'content-type': 'application/json',
      'content-length': '9999999',
    },
  })
  assert.equal(status, 413)
  assert.equal(headers['connection'], 'close')
})

test('once the API is closed there is a refusal, and no exception', async (t) => {
  const { api, passed } = await world(t)
  await api.app.close()
  const answer = await passed.answer({
    method: 'GET',
    url: '/livez',
    headers: {},
    peer: '',
    certificate: undefined,
    encrypted: true,
  })
  assert.ok('refused' in answer)
})

function textOf({ body }: PassedAnswer): string {
  return new TextDecoder().decode(body)
}

test('an export ends after ten thousand records, as the answer is one message, and says where it goes on', async (t) => {
  const record = { at: new Date(0), actor: 'a', action: 'b', subject: 'c', result: 'ok', detail: {} }
  const more = { workspace: undefined, traceId: undefined }
  const auditQuery = {
    find: async (_filter: object, _after: unknown, _order: string, limit: number) =>
      Array.from({ length: limit }, (_, id) => ({ ...record, ...more, id })),
  }
  const { ask } = await world(t, {}, { auditQuery })
  const lines = textOf(await ask({ url: '/v1/audit/export?limit=50000' }))
    .trim()
    .split('\n')
  assert.equal(lines.length, 10_001)
  assert.match(lines.at(-1) ?? '', /^\{"nextCursor":/)
})
