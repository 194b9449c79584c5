import assert from 'node:assert/strict'
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { grpc } from '../grpc.ts'
import type { Transport } from '../ports/transport.ts'

const UNIMPLEMENTED = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }
const REQUEST = { path: 'a/b/c', count: 1, form: 'runs' as const }

function open(t: TestContext): Transport {
  const transport = grpc()({ key: 'key', dc: undefined, ca: undefined })
  t.after(() => transport.close())
  return transport
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `grpc://127.0.0.1:${address.port}`
}

/** A server of gRPC that answers every call but those that `keeps` is true of. */
async function answering(
  t: TestContext,
  keeps: (stream: ServerHttp2Stream, sessions: readonly ServerHttp2Session[]) => boolean,
): Promise<{ readonly url: string; readonly sessions: readonly ServerHttp2Session[] }> {
  const sessions: ServerHttp2Session[] = []
  const server = createHttp2Server()
  server.on('session', (session) => sessions.push(session))
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    if (!keeps(stream, sessions)) stream.respond(UNIMPLEMENTED, { endStream: true })
  })
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { url: await listening(server), sessions }
}

/** Resolves when the condition holds; the test's own limit ends it otherwise. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a gRPC connection on which nothing is answered', { timeout: 10_000 }, () => {
  test('is not used again once a call on it had no answer in time', async (t) => {
    const dead = new Set<unknown>()
    let unanswered = 0
    const { url, sessions } = await answering(t, (stream) => {
      const isDead = dead.has(stream.session)
      if (isDead) unanswered += 1
      return isDead
    })
    const never = new AbortController().signal
    const transport = open(t)
    // Another client of the same process must not keep the connection for this one.
    for (const each of [open(t), transport])
      await assert.rejects(each.issue(url, REQUEST, never), /status 12/)
    for (const session of sessions) dead.add(session)

    const controller = new AbortController()
    const late = transport.issue(url, REQUEST, controller.signal)
    await until(() => unanswered > 0)
    controller.abort()
    await assert.rejects(late)
    await assert.rejects(transport.issue(url, REQUEST, never), /status 12/)
  })

  test('and that is not even made is given up after ten seconds, not with every call', async (t) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      sockets.push(socket)
    })
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const url = await listening(server)
    t.mock.timers.enable({ apis: ['Date'] })
    const transport = open(t)
    const inVain = async (): Promise<void> => {
      const controller = new AbortController()
      const issued = transport.issue(url, REQUEST, controller.signal)
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      await assert.rejects(issued)
    }
    await inVain()
    await inVain()
    await inVain()
    await until(() => sockets.length > 0)
    t.mock.timers.tick(10_000)
    assert.equal(sockets.length, 1)
    await inVain()
    await inVain()
    await until(() => sockets.length > 1)
    assert.equal(sockets.length, 2)
  })
})

describe('a gRPC server that leaves', { timeout: 10_000 }, () => {
  test('gets no further call, and those under way are still answered', async (t) => {
    const waiting: ServerHttp2Stream[] = []
    const { url, sessions } = await answering(
      t,
      (stream, all) => all.length === 1 && waiting.push(stream) > 0,
    )
    const never = new AbortController().signal
    const transport = open(t)
    let isAnswered = false
    const early = transport.issue(url, REQUEST, never).finally(() => (isAnswered = true))
    await until(() => waiting.length === 1)
    sessions[0]?.goaway()
    // The first call after it may still meet the old connection; what matters is that a next one does not.
    await until(() => {
      void transport.issue(url, REQUEST, never).catch(() => undefined)
      return sessions.length === 2
    })
    assert.equal(isAnswered, false)
    for (const stream of waiting) stream.respond(UNIMPLEMENTED, { endStream: true })
    await assert.rejects(early, /status 12/)
  })

  test('and one that cannot be reached is told with the reason', async (t) => {
    const server = createHttp2Server()
    const url = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    await assert.rejects(open(t).issue(url, REQUEST, new AbortController().signal), /ECONNREFUSED/)
  })
})
