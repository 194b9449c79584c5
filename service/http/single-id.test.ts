import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
import { tagPath } from '../core/tag.ts'
import { NO_TRACER } from '../ports/tracer.ts'
import { ConnectionDigests } from './connection-digests.ts'
import { RequestAdmission } from './request-admission.ts'
import { SingleId } from './single-id.ts'

const IDS = `${TAGS_URL}/segment/ids`
const JSON_TYPE = { 'content-type': 'application/json' }

interface Asked {
  readonly url?: string
  readonly method?: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Told {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** A real server with SingleId before the router, and how often the router was needed. */
async function serve(t: TestContext, { encryptedOnly = false, isOver = (): boolean => false } = {}) {
  const api = await HttpApi.withTags(t)
  const counted = { routed: 0 }
  const { handle } = new SingleId(new LocalIssuer(api.memory.useCases, 'http'), {
    route: (incoming, response) => {
      counted.routed += 1
      api.app.routing(incoming, response)
    },
    digests: new ConnectionDigests(),
    admission: new RequestAdmission(api.memory.useCases),
    isOver,
    encryptedOnly,
    tracer: NO_TRACER,
    clock: api.memory.clock,
  })
  const server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(async () => {
    agent.destroy()
    server.close()
    await once(server, 'close')
  })
  const ask = async (asked: Asked): Promise<Told> => {
    const { url = IDS, method = 'POST', key = api.memory.keyText, headers = {}, body } = asked
    const authorization = key === '' ? {} : { authorization: `Bearer ${key}` }
    const call = request({
      port,
      host: '127.0.0.1',
      method,
      path: url,
      agent,
      headers: { ...authorization, ...headers },
    })
    call.end(body)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return { status: response.statusCode, headers: response.headers, text }
  }
  // The router looks the key up and loads the tags.
  for (const tag of ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'])
    await ask({ url: `${TAGS_URL}/${tag}/ids` })
  counted.routed = 0
  return { api, counted, ask, port }
}

/** What may differ between two answers is named instead: IDs with their length, and the trace. */
function shape({ status, headers, text }: Told): unknown {
  const { date: _, 'content-length': length, ...rest } = headers
  assert.equal(Number(length), text.length)
  const named = Object.entries(rest).map(([name, value]) => [name, HEX.test(String(value)) ? 'hex' : value])
  return {
    status,
    headers: Object.fromEntries(named) as unknown,
    text: text.replaceAll(/"[0-9a-f-]{36}"|"\d+"/g, 'one'),
  }
}
const HEX = /^(00-)?[0-9a-f]{32}(-[0-9a-f]{16}-0[01])?$/

test('answers what the router answers, without the router', async (t) => {
  const { counted, ask } = await serve(t)
  const calls: readonly Asked[] = [
    {},
    { url: `${TAGS_URL}/snowflake/ids` },
    { url: `${TAGS_URL}/uuid-v7/ids` },
    { url: `${TAGS_URL}/uuid-v4/ids` },
    { headers: JSON_TYPE, body: '' },
    { headers: JSON_TYPE, body: '{}' },
    { headers: JSON_TYPE, body: '{"count":1}' },
    { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{"count": 1, "as": "text"}' },
    { headers: JSON_TYPE, body: '{"count":2}' },
    { headers: JSON_TYPE, body: '{"count": 100, "as": "text"}' },
    { url: `${TAGS_URL}/snowflake/ids`, headers: JSON_TYPE, body: '{"count":3}' },
    { url: `${TAGS_URL}/uuid-v7/ids`, headers: JSON_TYPE, body: '{"count":3}' },
    { headers: { 'x-request-id': 'a-word', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } },
    { headers: { 'x-request-id': 'no word' } },
    { headers: { 'idgen-client-dc': '3' } },
  ]
  for (const call of calls) {
    const direct = await ask(call)
    assert.equal(counted.routed, 0, JSON.stringify(call))
    // An encoding that changes nothing, and that only the router looks at.
    const routed = await ask({ ...call, headers: { ...call.headers, 'content-encoding': 'identity' } })
    assert.equal(counted.routed, 1, JSON.stringify(call))
    assert.deepEqual(shape(direct), shape(routed))
    assert.equal(direct.status, 200)
    counted.routed = 0
  }
})

test('leaves everything else to the router, whole', async (t) => {
  const { counted, ask } = await serve(t)
  const calls: readonly [Asked, number, RegExp?][] = [
    [{ method: 'GET' }, 405],
    [{ url: `${IDS}?count=1` }, 400],
    [{ url: `${TAGS_URL}/segment%2e/ids` }, 404],
    [{ url: `${TAGS_URL}/nothing/ids` }, 404],
    [{ key: '' }, 401],
    [{ key: 'idg_wrong' }, 401],
    [{ headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
    [{ body: '{}' }, 415],
    [{ headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: '{}' }, 415],
    [{ headers: JSON_TYPE, body: '{"count":2,"as":"number"}' }, 200, /"ids":\[\d+,\d+\]/],
    [{ headers: JSON_TYPE, body: '{"count":2,"as":"runs"}' }, 200, /"runs":\[\["\d+",2\]\]/],
    [{ headers: JSON_TYPE, body: '{"count":10001}' }, 400, /IDGEN_COUNT_OUT_OF_RANGE/],
    [{ headers: JSON_TYPE, body: '{"count":1,"as":"number"}' }, 200, /"ids":\[\d+\]/],
    [{ headers: JSON_TYPE, body: '{"count":0}' }, 400, /IDGEN_COUNT_OUT_OF_RANGE/],
    [{ headers: JSON_TYPE, body: '{"count":' }, 400],
    [{ headers: JSON_TYPE, body: ` ${' '.repeat(100)}{}` }, 200],
    [{ headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, body: '{}' }, 200],
  ]
  for (const [call, status, text = /./] of calls) {
    counted.routed = 0
    const told = await ask(call)
    assert.equal(told.status, status, `${JSON.stringify(call)}: ${told.text}`)
    assert.match(told.text, text)
    assert.equal(counted.routed, 1, JSON.stringify(call))
  }
})

test('a call for more than there is in memory burns nothing: what was taken goes with it to the router', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.app.server.address() as AddressInfo
  const ask = async (count: number): Promise<readonly string[]> => {
    const authorization = `Bearer ${api.memory.keyText}`
    const headers = { ...JSON_TYPE, authorization, connection: 'close' }
    const call = request({ port, host: '127.0.0.1', method: 'POST', path: IDS, headers })
    call.end(JSON.stringify({ count }))
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return (JSON.parse(text) as { ids: readonly string[] }).ids
  }
  const given = new Set(await ask(1))
  const [path = ''] = Array.from(api.memory.useCases.directory.all(), ({ tag }) => tagPath(tag))
  const { buffer } = await api.memory.useCases.directory.resolve(path)
  let short = 0
  for (let call = 0; call < 5; call += 1) {
    if (buffer.left > 0 && buffer.left < 10_000) short += 1
    for (const id of await ask(10_000)) given.add(id)
  }
  assert.ok(short > 0, 'there was less in memory than asked for')
  assert.equal(given.size, 50_001)
  assert.equal(buffer.stats().issued, 50_001)
})

test('a body that comes later than its head is read by the router', async (t) => {
  const { api, counted, port } = await serve(t)
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  const head = `POST ${IDS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${api.memory.keyText}\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n`
  socket.write(head)
  while (counted.routed === 0) await new Promise((resolve) => setImmediate(resolve))
  socket.write('{"count":1}')
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  assert.match(text, /^HTTP\/1\.1 200 .*"ids":\["\d+"\]/s)
})

test('a key without the right to issue there, or one that was revoked, is refused by the router', async (t) => {
  const { api, counted, ask } = await serve(t)
  const made = (body: object) => api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', ...body } })
  const elsewhere = await made({ scopes: ['issue'], within: 'acme/other' })
  const reader = await made({ scopes: ['audit'] })
  const right = await made({ scopes: ['issue'], within: 'acme/shop' })
  for (const [{ body }, status] of [
    [elsewhere, 403],
    [reader, 403],
    [right, 200],
  ] as const)
    for (let call = 0; call < 2; call += 1)
      assert.equal((await ask({ key: String(body['key']) })).status, status)
  counted.routed = 0
  const key = String(right.body['key'])
  assert.equal((await ask({ key })).status, 200)
  assert.equal(counted.routed, 0)
  await api.expect(204, 'DELETE', `/v1/keys/${String(right.body['id'])}`)
  assert.equal((await ask({ key })).status, 401)
})

test('calls are counted for the tag, the key and the data centre of the client, once each', async (t) => {
  const { api, ask } = await serve(t)
  const { directory, traffic, ledger } = api.memory.useCases
  const served = directory.peek('acme/shop/segment')?.served.segment
  const counted: unknown[] = []
  t.mock.method(ledger, 'count', (...args: unknown[]) => void counted.push(args.slice(1, 4)))
  const requests = served?.requests ?? 0
  await ask({ headers: { 'idgen-client-dc': '5' } })
  await ask({ headers: JSON_TYPE, body: '{"count":1}' })
  await ask({ headers: JSON_TYPE, body: '{"count":7}' })
  assert.equal(served?.requests, requests + 3)
  assert.deepEqual(counted, [
    ['acme/shop/segment', 'ok', 1],
    ['acme/shop/segment', 'ok', 1],
    ['acme/shop/segment', 'ok', 7],
  ])
  const byDc: Record<string, number> = {}
  traffic.each((dc, count) => {
    byDc[dc] = count
  })
  assert.equal(byDc['5'], 1)
})

test('a deleted tag, a server that drains and a listener for encrypted calls only are for the router', async (t) => {
  const { api, counted, ask } = await serve(t)
  await ask({ url: `${TAGS_URL}/snowflake/ids` })
  await api.expect(204, 'DELETE', `${TAGS_URL}/snowflake`)
  assert.equal((await ask({ url: `${TAGS_URL}/snowflake/ids` })).status, 404)
  api.memory.useCases.generate.stop()
  assert.equal((await ask({})).status, 503)
  assert.equal(counted.routed, 2)
  const encrypted = await serve(t, { encryptedOnly: true })
  assert.equal((await encrypted.ask({})).status, 200)
  assert.equal(encrypted.counted.routed, 1)
})

test('says so when the connection is to end', async (t) => {
  const { ask, counted } = await serve(t, { isOver: () => true })
  const { headers } = await ask({})
  assert.equal(headers.connection, 'close')
  assert.equal(counted.routed, 0)
})
