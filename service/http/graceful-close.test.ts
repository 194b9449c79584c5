import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { fastify } from 'fastify'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { until } from '../../test/fixtures/until.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { closeGracefully } from './graceful-close.ts'
import { createSecureServer } from './secure-server.ts'

const OWN = selfSigned('first')

/** A server that gives a request a millisecond to arrive, once it closes. */
async function closing(t: TestContext, encrypted: boolean) {
  const app = fastify()
  const secure = encrypted ? createSecureServer(new ScriptedCertificates(OWN), 'TLSv1.3') : undefined
  closeGracefully(app, { secure, clock: new MemoryClock(), isOver: () => false, wholeRequestMs: 1 })
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<string>()
  app.get('/slow', () => {
    asked.resolve()
    return answer.promise
  })
  app.post('/', async () => 'whole')
  await app.listen({ host: '127.0.0.1', port: 0 })
  secure?.on('request', (request, response) => app.routing(request, response)).listen(0, '127.0.0.1')
  const server: Server = secure ?? app.server
  await until('it listens', () => server.listening)
  t.after(() => server.closeAllConnections())
  const accepted: Socket[] = []
  server.on(encrypted ? 'secureConnection' : 'connection', (socket: Socket) => accepted.push(socket))
  const { port } = server.address() as AddressInfo
  const open = async (): Promise<Socket> => {
    const to = { port, host: '127.0.0.1' }
    const socket = encrypted
      ? connectSecurely({ ...to, servername: 'localhost', ca: [OWN.cert] })
      : connect(to)
    await once(socket, encrypted ? 'secureConnect' : 'connect')
    return socket.setEncoding('latin1')
  }
  /** Its bytes go to an encrypted listener as they are. */
  const openBare = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  return { app, server, open, openBare, accepted, asked: asked.promise, answer: answer.resolve }
}

/** Until the server ends it. */
async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const part of socket) text += String(part)
  return text
}

const HALF_HEADERS = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-ty'
const HALF_BODY =
  'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"co'

for (const encrypted of [false, true])
  test(`a half-sent request does not hold the close, one that is being answered is waited for${encrypted ? ', encrypted too' : ''}`, {
    timeout: 60_000,
  }, async (t) => {
    const { app, open, accepted, asked, answer } = await closing(t, encrypted)
    const slow = await open()
    slow.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await asked
    const halves = [await open(), await open()]
    halves[0]?.write(HALF_HEADERS)
    halves[1]?.write(HALF_BODY)
    await until('the halves were read', () => accepted.every(({ bytesRead }) => bytesRead > 0))
    const refused = Promise.all(halves.map(textOf))
    const closed = app.close()
    for (const text of await refused) {
      assert.match(text, /^HTTP\/1\.1 503 /)
      assert.match(text, /IDGEN_SHUTTING_DOWN/)
    }
    const answered = textOf(slow)
    answer('late')
    assert.match(await answered, /^HTTP\/1\.1 200 [^]*late$/)
    await closed
  })

for (const encrypted of [false, true])
  test(`a connection on which nothing was asked does not hold the close${encrypted ? ', encrypted too' : ''}`, {
    timeout: 60_000,
  }, async (t) => {
    const { app, open, accepted } = await closing(t, encrypted)
    const silent = await open()
    await until('it was accepted', () => accepted.length === 1)
    const ended = once(silent, 'close')
    silent.resume()
    await app.close()
    await ended
  })

test('half a handshake does not hold the close', { timeout: 60_000 }, async (t) => {
  const { app, server, openBare } = await closing(t, true)
  const reached = Promise.withResolvers<Socket>()
  server.on('connection', reached.resolve)
  const socket = await openBare()
  // Begins a ClientHello of 512 bytes, and brings none of them.
  socket.write(Buffer.from([22, 3, 1, 2, 0]))
  const below = await reached.promise
  await until('it was read', () => below.bytesRead > 0)
  const ended = once(socket, 'close')
  socket.resume()
  await app.close()
  await ended
})
