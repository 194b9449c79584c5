import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { EndedSpan } from '../../core/ended-span.ts'
import { MemoryClock } from '../memory/memory-clock.ts'
import { spanUpload } from './span-upload.ts'

const SPAN: EndedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentId: undefined,
  name: 'größer',
  kind: 'server',
  startMs: 1_700_000_000_123.25,
  durationMs: 1.5,
  facts: {},
  fault: undefined,
}
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'

/** Whole requests, as bytes; `answer` is called for each with the number of requests before it. */
async function receiver(t: TestContext, answer: (socket: Socket, before: number) => void) {
  const requests: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    let text = ''
    socket
      .on('error', () => undefined)
      .on('data', (part: Buffer) => {
        text += part.toString('latin1')
        const [head = '', body] = text.split('\r\n\r\n')
        if (body === undefined || body.length < Number(/content-length: (\d+)/.exec(head)?.[1])) return
        requests.push(text)
        text = ''
        answer(socket, requests.length - 1)
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { requests, sockets, port: (server.address() as AddressInfo).port }
}

function uploadTo(port: number, authorization = '') {
  const clock = new MemoryClock()
  const send = spanUpload({
    exporter: 'otlp',
    endpoint: `http://127.0.0.1:${port}/v1/traces?key=k`,
    authorization,
    service: { version: '1.2.3', instance: 'a/1', dc: 2 },
    clock,
  })
  return { clock, send: () => send([SPAN]) }
}

test('batches go over one connection, with what was configured', async (t) => {
  const { requests, sockets, port } = await receiver(t, (socket) => socket.write(OK))
  const { send } = uploadTo(port, 'Bearer abc\n')
  for (let i = 0; i < 3; i += 1) assert.deepEqual(await send(), { kind: 'taken', rejected: 0 })
  assert.equal(sockets.length, 1)
  const [head = '', body = ''] = (requests[2] ?? '').split('\r\n\r\n')
  assert.match(head, /^POST \/v1\/traces\?key=k HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/)
  assert.match(head, /\r\nauthorization: Bearer abc\r\n/)
  assert.match(Buffer.from(body, 'latin1').toString('utf8'), /"name":"größer"/)
})

test('a connection that the collector ended between two batches is replaced', async (t) => {
  const { sockets, requests, port } = await receiver(t, (socket) => socket.write(OK))
  const { send } = uploadTo(port)
  await send()
  sockets[0]?.destroy()
  assert.equal((await send()).kind, 'taken')
  assert.deepEqual([sockets.length, requests.length], [2, 2])
})

test('a connection that the collector ends while the batch is on its way is replaced once', async (t) => {
  const { sockets, port } = await receiver(t, (socket, before) => {
    if (before === 0) socket.write(OK)
    else socket.destroy()
  })
  const { send } = uploadTo(port)
  await send()
  assert.equal((await send()).kind, 'later')
  assert.equal(sockets.length, 2)
})

test('an answer that ends in the middle is not asked for again at once', async (t) => {
  const { sockets, port } = await receiver(t, (socket, before) => {
    if (before === 0) socket.write(OK)
    else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{')
  })
  const { send } = uploadTo(port)
  await send()
  assert.equal((await send()).kind, 'later')
  assert.equal(sockets.length, 1)
})

test('what the collector says decides whether it gets the batch again', async (t) => {
  const answers = [
    'HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy',
    'HTTP/1.1 400 Bad\r\ncontent-length: 3\r\n\r\nbad',
    'HTTP/1.1 302 Found\r\nlocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{"partialSuccess":{"rejectedSpans":"1"}} ',
    'nonsense\r\n\r\n',
  ]
  const { port } = await receiver(t, (socket, before) => socket.write(answers[before] ?? ''))
  const { send } = uploadTo(port)
  const at = `http://127.0.0.1:${port}`
  assert.deepEqual(await send(), { kind: 'later', why: `${at} answered 503: busy`, afterMs: 7000 })
  assert.deepEqual(await send(), { kind: 'refused', why: `${at} answered 400: bad` })
  assert.deepEqual(await send(), { kind: 'refused', why: `${at} answered 302: ` })
  assert.deepEqual(await send(), { kind: 'taken', rejected: 1 })
  assert.equal((await send()).kind, 'later')
})

test('a collector that repeats the authorization does not bring it into the log', async (t) => {
  const text = `${'x'.repeat(180)} Bearer abc-def; token abc-def`
  const { port } = await receiver(t, (socket) =>
    socket.write(`HTTP/1.1 401 No\r\ncontent-length: ${text.length}\r\n\r\n${text}`),
  )
  for (const [authorization, shown] of [
    ['Bearer abc-def\n', /x …; token …$/],
    ['abc-def', /x Bearer …; tok/],
  ] as const) {
    const sent = await uploadTo(port, authorization).send()
    assert.ok(sent.kind === 'refused')
    assert.match(sent.why, shown)
  }
})

test('a collector that takes a batch and says nothing is waited for ten seconds', async (t) => {
  const asked = Promise.withResolvers<void>()
  const { sockets, port } = await receiver(t, (socket, before) => {
    if (before === 0) socket.write(OK)
    else asked.resolve()
  })
  const { send, clock } = uploadTo(port)
  await send()
  const sent = send()
  await asked.promise
  clock.advance(10_000)
  const { kind, why } = (await sent) as { kind: string; why: string }
  assert.deepEqual([kind, why], ['later', `http://127.0.0.1:${port}: no answer within 10 s`])
  assert.equal(sockets.length, 1)
})

test('where nobody listens the batch is to be sent later, and neither path nor query is told', async () => {
  // Not one that was just free: another program may have it by now.
  const sent = await uploadTo(1).send()
  assert.equal(sent.kind, 'later')
  assert.match(sent.why, /ECONNREFUSED/)
  assert.doesNotMatch(sent.why, /key=|traces/)
})

test('an authorization that no header can hold is refused', async () => {
  assert.equal((await uploadTo(1, 'Bearer a\r\nx: y').send()).kind, 'refused')
})
