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
