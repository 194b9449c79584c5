// Runs beside others: what is too slow is far too slow, minutes where a second is right.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { exchanged } from '../fixtures/loopback-socket.ts'
import { assertCheap } from '../fixtures/processor-time.ts'
import { RespService } from '../fixtures/resp-service.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'

/** What people try who mean harm, against a real service; docs/abuse.md lists it with what else is tested where. */

interface Stage {
  readonly service: ServiceProcess
  readonly key: string
}

test('a real service stands what people try who mean harm', { timeout: 300_000 }, async (t) => {
  // What a client may have put into a line of the log stands there at this level.
  const { world, service } = await RespService.start(t, {
    IDGEN_SERVER_THREADS: '1',
    IDGEN_LOG_LEVEL: 'debug',
  })
  const on = { service, key: world.key }
  await t.test('a client that is slow on purpose is ended within seconds of its time', () =>
    endsSlowClients(on),
  )
  await t.test('counts that are none are refused, and spend nothing', () => refusesCounts(on))
  await t.test('line breaks and ways out of a folder lead nowhere', () => keepsPaths(on))
  await t.test('two readings of where a request ends are refused', () => refusesTwoReadings(on))
  await t.test('SQL in filters, names and cursors is text', () => takesSqlForText(on))
  await t.test('long inputs made to slow a pattern down are answered at once', () => readsLongInputs(on))
  await t.test('prototypes in JSON are refused, and nesting without end does no harm', () =>
    refusesPrototypes(on),
  )
  await t.test('whatever a client says, each line of the log is one entry of ours', () => keepsLogLines(on))
})

/** Status and body of one request. */
async function asked(
  { service, key }: Stage,
  path: string,
  { method = 'GET', body = '', headers = {} }: { method?: string; body?: string; headers?: object } = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${service.httpOrigin}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body !== '' && { body }),
  })
  return { status: response.status, text: await response.text() }
}

const IDS = '/v1/workspaces/demo/groups/load/tags/orders/ids'

async function endsSlowClients({ service }: Stage): Promise<void> {
  const slow = [
    { origin: service.httpOrigin, limitMs: 10_000, text: 'GET /livez HTTP/1.1\r\nhost: x\r\nx-a: ' },
    { origin: service.metricsOrigin, limitMs: 5000, text: 'GET /livez HTTP/1.1\r\nhost: x\r\nx-a: ' },
  ]
  const ended = await Promise.all(slow.map(({ origin, text }) => trickledMs(origin, text)))
  for (const [i, { limitMs }] of slow.entries()) {
    const tookMs = ended[i] ?? 0
    assert.ok(tookMs > limitMs - 1000 && tookMs < limitMs + 1000 + LATE_MS, `${tookMs} ms, not ${limitMs}`)
  }
  assert.equal((await fetch(`${service.httpOrigin}/livez`)).status, 200)
}

/** How long somebody is listened to who sends a byte of his headers at a time. */
async function trickledMs(origin: string, begun: string): Promise<number> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  const startMs = performance.now()
  socket.write(begun)
  socket.resume()
  const sending = setInterval(() => socket.write('y'), 500)
  await once(socket, 'close', { signal: AbortSignal.timeout(SLOWEST_MS) }).catch(() => undefined)
  clearInterval(sending)
  socket.destroy()
  return performance.now() - startMs
}

/** What a busy machine adds to a timer that looks once a second. */
const LATE_MS = 6000
const SLOWEST_MS = 30_000

async function refusesCounts(on: Stage): Promise<void> {
  const next = async (): Promise<number> =>
    Number((JSON.parse((await asked(on, IDS, { method: 'POST' })).text) as { ids: string[] }).ids[0])
  const before = await next()
  for (const count of [
    '1e9',
    '-1',
    '0',
    '1e400',
    '1.5',
    '"1;drop"',
    '"1"',
    'null',
    '[1]',
    '{}',
    'NaN',
    '01',
  ]) {
    const { status, text } = await asked(on, IDS, { method: 'POST', body: `{"count":${count}}` })
    assert.equal(status, 400, `${count}: ${text}`)
  }
  assert.equal(await next(), before + 1)
}

async function keepsPaths({ service, key }: Stage): Promise<void> {
  const paths = [
    '/../../../../etc/passwd',
    '/docs/static/..%2f..%2f..%2fpackage.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/ui/assets/..%2f..%2fmain.ts',
    '/v1/workspaces/..%2f..%2fkeys',
    '/v1/workspaces/demo%2fgroups%2fload',
    '/v1/workspaces/demo%00',
    '/v1/workspaces/%0d%0aset-cookie:%20a=b',
    '/v1/workspaces/demo%250d%250a',
    '/readyz%0d%0ax-injected:%20yes',
  ]
  for (const path of paths) {
    const request = `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`
    const [head = '', body = ''] = (await exchanged(service.httpOrigin, request)).split('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 (?:40\d|303) /, path)
    assert.doesNotMatch(head, /^(?:set-cookie: a=b|x-injected)/im, path)
    assert.doesNotMatch(body, /root:|"name": ?"idgen"|import /, path)
  }
}

async function refusesTwoReadings({ service }: Stage): Promise<void> {
  const smuggled = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'
  for (const ends of [
    `content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `content-length: 0\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`,
    `transfer-encoding: xchunked\r\n\r\n${smuggled}`,
    `content-length: +5\r\n\r\nhello${smuggled}`,
    `x-a: b\r\n content-length: 5\r\n\r\n${smuggled}`,
  ]) {
    const answer = await exchanged(service.httpOrigin, `POST ${IDS} HTTP/1.1\r\nhost: x\r\n${ends}`)
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, ends)
    assert.doesNotMatch(answer, /"live":true/, ends)
  }
}

async function takesSqlForText(on: Stage): Promise<void> {
  const attempts = [
    "' OR 1=1 --",
    "'; DROP TABLE tags; --",
    '\\',
    '%',
    "a' UNION SELECT hash FROM api_keys --",
  ]
  for (const attempt of attempts) {
    const value = encodeURIComponent(attempt)
    for (const filter of ['actor', 'action', 'subject', 'traceId', 'result'])
      assert.deepEqual(JSON.parse((await asked(on, `/v1/audit?${filter}=${value}`)).text), { items: [] })
    assert.equal((await asked(on, `/v1/workspaces/${value}/groups`)).status, 400)
    assert.equal((await asked(on, `/v1/keys?cursor=${value}`)).status, 400)
    assert.equal((await asked(on, `/v1/audit?from=${value}`)).status, 400)
    assert.deepEqual(JSON.parse((await asked(on, `/v1/declarations?cluster=${value}`)).text), { items: [] })
  }
  assert.equal((await asked(on, IDS, { method: 'POST' })).status, 200)
}

async function readsLongInputs(on: Stage): Promise<void> {
  for (const part of ['a', 'a-', 'a.', '0', ' ', '"', '/', ',', '1,', 'for=', ';', '\\"']) {
    const long = part.repeat(Math.floor(14_000 / part.length))
    for (const header of [
      'authorization',
      'if-match',
      'traceparent',
      'tracestate',
      'x-forwarded-for',
      'content-type',
    ])
      await assertCheap(on.service, `${header} of ${part}`, () =>
        asked(on, '/v1/workspaces/demo', {
          method: 'PATCH',
          body: '{}',
          headers: { [header]: `${long}!` },
        }),
      )
    const name = JSON.stringify(`${part.repeat(Math.floor(200_000 / part.length))}!`)
    const { status } = await assertCheap(on.service, `a body of ${part}`, () =>
      asked(on, '/v1/keys', {
        method: 'POST',
        body: `{"name":"x","scopes":["issue"],"within":${name},"expiresAt":${name}}`,
      }),
    )
    assert.equal(status, 400)
  }
}

async function refusesPrototypes(on: Stage): Promise<void> {
  for (const body of ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}'])
    assert.equal((await asked(on, '/v1/workspaces', { method: 'POST', body })).status, 400)
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const body = `{"name":${open.repeat(100_000)}1${close.repeat(100_000)}}`
    assert.equal((await asked(on, '/v1/workspaces', { method: 'POST', body })).status, 400)
  }
  assert.equal((await asked(on, '/v1/workspaces/demo')).status, 200)
}

async function keepsLogLines({ service, key }: Stage): Promise<void> {
  const evil = '{"level":"error","msg":"forged"}'
  const escape = '\u001b[31m'
  const breaks = encodeURIComponent(`\n${evil}\r\n${escape}`)
  await exchanged(
    service.httpOrigin,
    `POST /v1/workspaces/${breaks} HTTP/1.1\r\nhost: x\r\nx-request-id: ${evil}\r\nuser-agent: ${escape}\r\nconnection: close\r\n\r\n`,
  )
  await exchanged(service.httpOrigin, `GET /\n${evil}\n HTTP/1.1\r\n\r\n`)
  await exchanged(
    `http://127.0.0.1:${service.respPort}`,
    `AUTH ${evil}\r\nCLIENT SETNAME ${escape}\r\n\n${evil}\r\nQUIT\r\n`,
  )
  const inName = `/v1/workspaces/demo/groups/load/tags/${encodeURIComponent(`\n${evil}\r${escape}`)}/ids`
  assert.equal((await asked({ service, key }, inName, { method: 'POST' })).status, 400)
  await asked({ service, key }, '/v1/workspaces', {
    method: 'POST',
    body: JSON.stringify({ name: 'logged', displayName: `${evil}` }),
  })
  // Lines come in their order, so all that were to come are there with the last one.
  const told = (event: string, text: string) =>
    service.log.some((line) => line['event'] === event && Object.values(line).join('\n').includes(text))
  await until('the line of the last request', () => told('management.changed', 'logged'))
  assert.ok(told('http.refused', encodeURIComponent(evil)), 'an address that was refused is in the log')
  assert.ok(
    told('http.refused', JSON.stringify(evil).slice(1, -1)),
    'so is a name that is none, as it was sent',
  )
  for (const line of service.log) {
    assert.equal(line['text'], undefined, 'it wrote what is no entry')
    assert.notEqual(line['msg'], 'forged')
    assert.ok(!JSON.stringify(line).includes('\u001b'))
  }
}
