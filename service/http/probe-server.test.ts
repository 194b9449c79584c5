import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:https'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import type { StatusReport } from '../app/instance-status.ts'
import type { ReadinessReport } from '../app/readiness.ts'
import { ProbePlaces } from './probe-places.ts'
import { createProbeServer, type ProbeServerOptions } from './probe-server.ts'

const STATUS: StatusReport = {
  state: 'troubled',
  summary: 'IDs are served, and something needs a look.',
  instance: 'a/1',
  version: '1.2.3',
  dataCentre: 2,
  ports: { http: 8080, metrics: 9464 },
  nowMs: 0,
  upMs: 100_000_000,
  findings: [
    { verdict: 'warning', what: 'tag <b>', found: "served by 'x'", todo: 'Wait & see.' },
    { verdict: 'ok', what: 'database', found: 'answers' },
  ],
}
const READY: ReadinessReport = { ready: true, draining: false, degraded: [] }

/** More than the system takes from us for a client that does not read. */
const UNREAD = 'x'.repeat(32 * 1024 * 1024)

async function probes(t: TestContext, options: Partial<ProbeServerOptions>): Promise<string> {
  const server = createProbeServer({
    places: new ProbePlaces(),
    readiness: { report: () => READY },
    status: { read: () => STATUS },
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'idgen_up 1\n' }),
    ...options,
  })
  const port = await server.listen('127.0.0.1', 0)
  t.after(() => server.close())
  return `http${options.tls === undefined ? '' : 's'}://127.0.0.1:${port}`
}

test('the metrics port answers metrics and both probes', async (t) => {
  const origin = await probes(t, {})
  const metrics = await fetch(`${origin}/metrics`)
  assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4')
  assert.equal(await metrics.text(), 'idgen_up 1\n')
  assert.equal((await fetch(`${origin}/livez`)).status, 200)
  const ready = await fetch(`${origin}/readyz?verbose`)
  assert.equal(ready.status, 200)
  assert.deepEqual(await ready.json(), READY)
})

test('metrics are asked for as OpenMetrics by those alone who name it', async (t) => {
  const asked: boolean[] = []
  const metrics = async (open: boolean) => {
    asked.push(open)
    return { contentType: 'text/plain', text: '' }
  }
  const origin = await probes(t, { metrics })
  // As Prometheus does.
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1'
  await fetch(`${origin}/metrics`, { headers: { accept } })
  await fetch(`${origin}/metrics`, { headers: { accept: '*/*' } })
  assert.deepEqual(asked, [true, false])
})

test('a server that is not ready says so and why', async (t) => {
  const report = { ready: false, draining: true, degraded: [{ what: 'database', why: 'away' }] }
  const origin = await probes(t, { readiness: { report: () => report } })
  const answer = await fetch(`${origin}/readyz`)
  assert.equal(answer.status, 503)
  assert.deepEqual(await answer.json(), report)
})

test('other paths and methods are refused', async (t) => {
  const origin = await probes(t, {})
  assert.equal((await fetch(`${origin}/`)).status, 404)
  const posted = await fetch(`${origin}/metrics`, { method: 'POST' })
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET, HEAD')
  assert.equal((await fetch(`${origin}/livez`, { method: 'HEAD' })).status, 200)
})

test('metrics that cannot be read are a 500 without the reason', async (t) => {
  const metrics = (): Promise<never> => Promise.reject(new Error('secret host name'))
  const origin = await probes(t, { metrics })
  const answer = await fetch(`${origin}/metrics`)
  assert.equal(answer.status, 500)
  assert.ok(!(await answer.text()).includes('secret'))
})

test('silent connections that take every place go for the probe that comes', async (t) => {
  const places = new ProbePlaces(3)
  const origin = await probes(t, { places })
  const ended: number[] = []
  const silent: Socket[] = []
  for (let i = 0; i < 3; i += 1) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.once('close', () => ended.push(i))
    await once(socket, 'connect')
    silent.push(socket)
  }
  assert.equal((await fetch(`${origin}/livez`)).status, 200)
  if (ended.length === 0) await once(silent[0] ?? assert.fail(), 'close')
  assert.deepEqual(ended, [0])
  assert.equal(places.ended, 1)
})

test('scrapes that are asked for and not read go for the probe that comes', async (t) => {
  const metrics = async () => ({ contentType: 'text/plain', text: UNREAD })
  const origin = await probes(t, { places: new ProbePlaces(2), metrics })
  for (let i = 0; i < 2; i += 1) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(socket, 'readable')
  }
  assert.equal((await fetch(`${origin}/livez`)).status, 200)
})

test('half a request does not hold the close, nor does one whose answer nobody reads', {
  timeout: 60_000,
}, async (t) => {
  const metrics = async () => ({ contentType: 'text/plain', text: UNREAD })
  const server = createProbeServer({
    places: new ProbePlaces(),
    readiness: { report: () => READY },
    status: { read: () => STATUS },
    metrics,
    closeMs: 1,
  })
  const port = await server.listen('127.0.0.1', 0)
  for (const sent of [
    'GET /livez HTTP/1.1\r\nho',
    'GET /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n',
  ]) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    socket.write(sent)
    if (sent.includes('length')) await once(socket, 'readable')
  }
  await server.close()
})

test('a scrape that is under way is not ended for silent connections', async (t) => {
  let scraped: () => void = () => assert.fail('nobody asks')
  const asked = Promise.withResolvers<void>()
  const metrics = async () => {
    asked.resolve()
    await new Promise<void>((resolve) => (scraped = resolve))
    return { contentType: 'text/plain', text: 'idgen_up 1\n' }
  }
  const origin = await probes(t, { places: new ProbePlaces(2), metrics })
  const scrape = fetch(`${origin}/metrics`)
  await asked.promise
  for (let i = 0; i < 4; i += 1) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined)
    t.after(() => socket.destroy())
    await once(socket, 'connect')
  }
  assert.equal((await fetch(`${origin}/livez`)).status, 200)
  scraped()
  assert.equal((await scrape).status, 200)
})

test('a port that is taken rejects the start', async (t) => {
  const origin = await probes(t, {})
  const second = createProbeServer({
    places: new ProbePlaces(),
    readiness: { report: () => READY },
    status: { read: () => STATUS },
    metrics: () => Promise.reject(new Error()),
  })
  await assert.rejects(second.listen('127.0.0.1', Number(new URL(origin).port)), { code: 'EADDRINUSE' })
})

test('status is a page for a browser and JSON for a program', async (t) => {
  const origin = await probes(t, {})
  const program = await fetch(`${origin}/status`)
  assert.deepEqual(await program.json(), STATUS)
  const browser = await fetch(`${origin}/status`, { headers: { accept: 'text/html,*/*;q=0.8' } })
  assert.equal(browser.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(
    browser.headers.get('content-security-policy') ?? '',
    /^default-src 'none'; style-src 'sha256-/,
  )
  const page = await browser.text()
  assert.match(page, /<h1 class="troubled">IDs are served, and something needs a look\.<\/h1>/)
  assert.match(page, /tag &#60;b&#62;<\/th><td>served by &#39;x&#39;<br><strong>Wait &#38; see\.<\/strong>/)
  assert.match(page, /<dd>27 h 46 min<\/dd>/)
  assert.doesNotMatch(page, /<script|<b>/)
})

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')

/** One that shows the first certificate. */
function encryption() {
  const certificates = new ScriptedCertificates(FIRST)
  return { certificates, tls: { certificates, minVersion: 'TLSv1.3' } as const }
}

async function handshake(origin: string, more: object = {}): Promise<TLSSocket> {
  const ca = [FIRST.cert, SECOND.cert]
  const socket = connectTls({ port: Number(new URL(origin).port), host: '127.0.0.1', ca, ...more })
  await once(socket, 'secureConnect')
  return socket
}

/** The status of one answer. */
function asked(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, ca: [FIRST.cert, SECOND.cert] }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    }).on('error', reject)
  })
}

/** All that comes until the connection ends, however it does. */
function said(socket: Socket): Promise<string> {
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (data) => (text += String(data)))
  return new Promise((resolve) => socket.once('close', () => resolve(text)))
}

test('with certificates it answers over TLS 1.3 alone', async (t) => {
  const origin = await probes(t, { tls: encryption().tls })
  for (const path of ['/metrics', '/livez', '/readyz', '/status'])
    assert.equal(await asked(`${origin}${path}`), 200, path)
  const socket = await handshake(origin)
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  socket.destroy()
  await assert.rejects(handshake(origin, { maxVersion: 'TLSv1.2' }), /protocol version/)
})

test('who comes without TLS where it is spoken is told so', async (t) => {
  const origin = await probes(t, { tls: encryption().tls })
  const plain = connect(Number(new URL(origin).port), '127.0.0.1')
  plain.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n')
  const text = await said(plain)
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/)
  assert.match(text, /this port speaks TLS \(server\.metrics\.tls\): ask for https:\/\//)
  assert.doesNotMatch(text, /idgen_up/)
  const stranger = connect(Number(new URL(origin).port), '127.0.0.1')
  stranger.write('nothing that anybody knows\r\n')
  assert.doesNotMatch(await said(stranger), /idgen_up|HTTP/)
  assert.equal(await asked(`${origin}/livez`), 200)
})

test('a new certificate counts for new connections, and breaks none', async (t) => {
  const { certificates, tls } = encryption()
  const origin = await probes(t, { tls })
  const before = await handshake(origin)
  assert.equal(before.getPeerCertificate().subject.CN, 'first')
  certificates.change(SECOND)
  const after = await handshake(origin)
  assert.equal(after.getPeerCertificate().subject.CN, 'second')
  after.destroy()
  await assert.rejects(handshake(origin, { maxVersion: 'TLSv1.2' }), /protocol version/)
  before.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n')
  assert.match(await said(before), /^HTTP\/1\.1 200 OK\r\n[^]*idgen_up 1\n$/)
})

test('over TLS, too, silent connections go for the probe that comes, and what is asked stays', async (t) => {
  const scrape = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const metrics = async () => {
    begun.resolve()
    await scrape.promise
    return { contentType: 'text/plain', text: 'idgen_up 1\n' }
  }
  const origin = await probes(t, { places: new ProbePlaces(3), metrics, tls: encryption().tls })
  const scraped = asked(`${origin}/metrics`)
  await begun.promise
  const port = Number(new URL(origin).port)
  // One that agreed on keys and asks nothing, and some that do not even begin.
  const closed = said(await handshake(origin))
  for (let i = 0; i < 3; i += 1) {
    const silent = connect(port, '127.0.0.1').on('error', () => undefined)
    t.after(() => silent.destroy())
    await once(silent, 'connect')
  }
  assert.equal(await asked(`${origin}/livez`), 200)
  assert.equal(await closed, '')
  scrape.resolve()
  assert.equal(await scraped, 200)
})

test('a handshake that was never begun does not hold the close', { timeout: 60_000 }, async (t) => {
  const server = createProbeServer({
    places: new ProbePlaces(),
    readiness: { report: () => READY },
    status: { read: () => STATUS },
    metrics: () => Promise.reject(new Error()),
    tls: encryption().tls,
  })
  const port = await server.listen('127.0.0.1', 0)
  const silent = connect(port, '127.0.0.1').on('error', () => undefined)
  t.after(() => silent.destroy())
  await once(silent, 'connect')
  await asked(`https://127.0.0.1:${port}/livez`)
  await server.close()
})
