import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'

async function listening(
  t: TestContext,
  segments: ScriptedSegments,
): Promise<{ api: HttpApi; port: number }> {
  const api = await HttpApi.withTags(t, { outside: { segments } })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  return { api, port: (api.app.server.address() as AddressInfo).port }
}

/** A keep-alive connection, as bytes: what a client library makes of them would hide what is tested. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket.setEncoding('latin1')
}

async function answerOn(socket: Socket): Promise<string> {
  let text = ''
  while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0])
  return text
}

function ask(socket: Socket, key: string): void {
  socket.write(
    `POST ${TAGS_URL}/segment/ids HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 0\r\n\r\n`,
  )
}

test('a request in flight is answered while the server closes, and its connection ends', async (t) => {
  const segments = new ScriptedSegments()
  segments.mode = 'hold'
  const { api, port } = await listening(t, segments)
  const socket = await open(port)
  ask(socket, api.memory.keyText)
  while (segments.allocations === 0) await new Promise((resolve) => setImmediate(resolve))
  let closed = false
  const closing = api.app.close().then(() => {
    closed = true
  })
  while (api.app.server.listening) await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(open(port))
  assert.equal(closed, false)
  const ended = once(socket, 'end')
  segments.mode = 'answer'
  segments.release()
  const answer = await answerOn(socket)
  assert.match(answer, /^HTTP\/1\.1 200 /)
  assert.match(answer, /\r\nconnection: close\r\n/i)
  await Promise.all([ended, closing])
})

test('idle connections are closed with the server', async (t) => {
  const { api, port } = await listening(t, new ScriptedSegments())
  const idle = await open(port)
  ask(idle, api.memory.keyText)
  const answer = await answerOn(idle)
  assert.match(answer, /^HTTP\/1\.1 200 /)
  assert.match(answer, /\r\nconnection: keep-alive\r\n/i)
  const ended = once(idle.resume(), 'end')
  await Promise.all([api.app.close(), ended])
})

test('a connection on which nothing was ever asked is closed with the server', async (t) => {
  const { api, port } = await listening(t, new ScriptedSegments())
  const silent = await open(port)
  const closed = once(silent, 'close', { signal: AbortSignal.timeout(10_000) })
  const closing = api.app.close()
  try {
    await closed
  } finally {
    silent.destroy()
  }
  await closing
})

test('what is no HTTP is answered as a problem on the wire', async (t) => {
  const { port } = await listening(t, new ScriptedSegments())
  for (const [sent, status] of [
    ['NONSENSE\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 413],
    ['POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', 400],
  ] as const) {
    const socket = await open(port)
    const ended = once(socket, 'close')
    socket.write(sent)
    const answer = await answerOn(socket)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(answer, /application\/problem\+json/)
    await ended
  }
})

test('slow requests are cut off: every limit is set and looked after', async (t) => {
  const { api } = await listening(t, new ScriptedSegments())
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxRequestsPerSocket } = api.app.server
  assert.equal(headersTimeout, 10_000)
  assert.equal(requestTimeout, 30_000)
  assert.ok(keepAliveTimeout > 60_000)
  assert.ok((maxRequestsPerSocket ?? 0) > 0)
})
