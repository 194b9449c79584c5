import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { ConnectionEvents } from './connection.ts'
import { CyclicRequests } from './cyclic-requests.ts'
import type { LoadTarget } from './load-plan.ts'
import { RespAnswers } from './resp-answers.ts'
import { openSocket, type SocketProtocol } from './socket-connection.ts'

const NO_EVENTS: ConnectionEvents = {
  received: () => undefined,
  numbers: () => undefined,
  uuid: () => undefined,
  text: () => undefined,
  answered: () => undefined,
  refused: () => undefined,
  settled: () => undefined,
  lost: () => undefined,
}

function protocol(): SocketProtocol {
  return {
    requests: new CyclicRequests(['INCR a'], 1),
    reader: new RespAnswers(1),
    greeting: '*2\r\n$4\r\nAUTH\r\n$3\r\nkey\r\n',
    endsBehindAnswers: true,
  }
}

/** A server that does so with every log-in. */
async function listening(t: TestContext, onLogin: (socket: Socket) => void): Promise<LoadTarget> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => onLogin(socket))
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { protocol: 'resp', host: '127.0.0.1', port: address.port, tls: undefined }
}

test('a log-in that is never answered ends the attempt to connect', { timeout: 10_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const target = await listening(t, () => t.mock.timers.tick(5000))
  await assert.rejects(openSocket(target, protocol(), NO_EVENTS), /no answer to the log-in within 5000 ms/)
})

test('a connection whose log-in is refused is closed', { timeout: 10_000 }, async (t) => {
  let closed: Promise<unknown> = Promise.reject(new Error('no log-in came'))
  closed.catch(() => undefined)
  const target = await listening(t, (socket) => {
    closed = once(socket, 'close')
    socket.write('-WRONGPASS IDGEN_UNAUTHENTICATED This key is not known.\r\n')
  })
  await assert.rejects(openSocket(target, protocol(), NO_EVENTS), /WRONGPASS/)
  await closed
})

/** How a connection is told of, on which two requests were sent, when the server does so once both have come. */
async function endOf(
  t: TestContext,
  end: (socket: Socket) => void,
  spoken: Partial<SocketProtocol> = {},
): Promise<boolean> {
  const target = await listening(t, (socket) => {
    if ('greeting' in spoken) return end(socket)
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (bytes === 2 * 'INCR a'.length) end(socket)
    })
    socket.write('+OK\r\n')
  })
  const lost = Promise.withResolvers<boolean>()
  const events = { ...NO_EVENTS, lost: (_code: string, _text: string, again: boolean) => lost.resolve(again) }
  const connection = await openSocket(target, { ...protocol(), ...spoken }, events)
  t.after(() => connection.close())
  connection.ask(0, 2)
  return lost.promise
}

test('an end right behind an answer is orderly: what is not answered was not done', async (t) => {
  assert.equal(await endOf(t, (socket) => socket.end(':1\r\n')), true)
})

test('an answer to the log-in is none to a request: an end right behind it is no orderly one', async (t) => {
  assert.equal(await endOf(t, (socket) => socket.end()), false)
})

test('an end before any answer, in the middle of one, or by force is none', async (t) => {
  assert.equal(await endOf(t, (socket) => socket.end(), { greeting: undefined }), false)
  assert.equal(await endOf(t, (socket) => socket.end(':1\r\n:')), false)
  const reset = (socket: Socket): void => void socket.write(':1\r\n', () => socket.resetAndDestroy())
  assert.equal(await endOf(t, reset), false)
})

test('of a protocol that has a word for its end, an end without it is none', async (t) => {
  assert.equal(await endOf(t, (socket) => socket.end(':1\r\n'), { endsBehindAnswers: false }), false)
})
