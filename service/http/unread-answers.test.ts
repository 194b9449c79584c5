import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectSecurely } from 'node:tls'
import { fastify } from 'fastify'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { until } from '../../test/fixtures/until.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { closeGracefully } from './graceful-close.ts'
import { createSecureServer } from './secure-server.ts'
import { UnreadAnswers } from './unread-answers.ts'

const OWN = selfSigned('first')
/** More than the system takes for two sockets, as far as it lets them grow. */
const LARGE = Buffer.alloc(64 * 2 ** 20, 'x')

/** A client reads so much at a time: five of them leave much unread, and each makes room for more. */
const PART_BYTES = 4 * 2 ** 20

/** What the system has not taken of it yet, and what it has. */
function handleOf(socket: Socket): { readonly waiting: number; readonly taken: number } {
  const { _handle: handle } = socket as unknown as {
    readonly _handle: { readonly writeQueueSize: number; readonly bytesWritten: number }
  }
  return { waiting: handle.writeQueueSize, taken: handle.bytesWritten - handle.writeQueueSize }
}

/** A client that asked for much, and reads nothing of it until it is told to. */
async function unread(t: TestContext, encrypted: boolean) {
  const clock = new MemoryClock()
  const app = fastify()
  const secure = encrypted ? createSecureServer(new ScriptedCertificates(OWN), 'TLSv1.3') : undefined
  closeGracefully(app, { secure, clock, isOver: () => false })
  app.get('/', async () => LARGE)
  app.get('/small', async () => 'small')
  await app.listen({ host: '127.0.0.1', port: 0 })
  secure?.on('request', (request, response) => app.routing(request, response)).listen(0, '127.0.0.1')
  const server: Server = secure ?? app.server
  await until('it listens', () => server.listening)
  const accepted = once(server, 'connection')
  const to = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' }
  const clients: Socket[] = []
  const connectOnce = async (): Promise<Socket> => {
    const client = encrypted
      ? connectSecurely({ ...to, servername: 'localhost', ca: [OWN.cert] })
      : connect(to)
    clients.push(client.on('error', () => undefined))
    await once(client, encrypted ? 'secureConnect' : 'connect')
    return client
  }
  t.after(async () => {
    for (const client of clients) client.destroy()
    await app.close()
  })
  const client = await connectOnce()
  client.pause()
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const [socket] = (await accepted) as [Socket]
  await until('some of the answer waits', () => handleOf(socket).waiting > 0)
  return { app, clock, client, socket, connectOnce }
}

for (const encrypted of [false, true]) {
  const how = encrypted ? ', encrypted too' : ''

  test(`a client that reads nothing of its answer is cut off after half a minute${how}`, async (t) => {
    const { clock, socket } = await unread(t, encrypted)
    // The first look, after 5 s, sees that it waits.
    clock.advance(34_999)
    assert.equal(socket.destroyed, false)
    clock.advance(1)
    assert.equal(socket.destroyed, true)
  })

  test(`a client that reads slowly is answered for as long as it reads at all${how}`, async (t) => {
    const { clock, client, socket } = await unread(t, encrypted)
    let read = 0
    let most = 0
    client.on('data', (bytes: Buffer) => {
      read += bytes.length
      if (read >= most) client.pause()
    })
    for (let i = 0; i < 5; i += 1) {
      const { taken } = handleOf(socket)
      clock.advance(25_000)
      most += PART_BYTES
      client.resume()
      await until('the system took more', () => handleOf(socket).taken > taken)
    }
    assert.equal(socket.destroyed, false)
    most = Number.POSITIVE_INFINITY
    client.resume()
    await until('it has all', () => read > LARGE.length)
    // It is owed nothing now, and may be silent.
    clock.advance(60_000)
    assert.equal(socket.destroyed, false)
  })

  test(`a client that reads nothing of its answer does not hold a stop${how}`, async (t) => {
    const { app, clock, socket } = await unread(t, encrypted)
    let closed = false
    const closing = app.close().then(() => (closed = true))
    let passedMs = 0
    await until('it is cut off', () => {
      if (socket.destroyed) return true
      clock.advance(100)
      passedMs += 100
      return false
    })
    assert.ok(passedMs >= 5000, `after ${passedMs} ms`)
    await until('the close has ended', () => closed)
    await closing
  })

  test(`a connection that rests is closed without a word while another one reads its answer${how}`, async (t) => {
    const { app, client, connectOnce } = await unread(t, encrypted)
    const resting = await connectOnce()
    resting.write('GET /small HTTP/1.1\r\nhost: x\r\n\r\n')
    let text = ''
    resting.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    await until('it is answered', () => text.endsWith('small'))
    text = ''
    const ended = once(resting, 'close')
    const closing = app.close()
    await ended
    assert.deepEqual([text, client.destroyed], ['', false])
    client.resume()
    await closing
  })

  test(`a client that reads its answer during a stop gets all of it${how}`, async (t) => {
    const { app, client } = await unread(t, encrypted)
    let closed = false
    const closing = app.close().then(() => (closed = true))
    // Longer than the close takes that waits for nobody; if it is not, nothing is shown and nothing fails.
    await pause(1000)
    let read = 0
    client.on('data', (bytes: Buffer) => (read += bytes.length)).resume()
    await until('the close has ended', () => closed)
    await closing
    await until('all has come', () => read > LARGE.length || client.destroyed)
    assert.ok(read > LARGE.length, `${read} bytes`)
  })
}

/** As far as UnreadAnswers looks at one. */
class AcceptedSocket {
  _handle: { bytesWritten: number; writeQueueSize: number } | null = { bytesWritten: 0, writeQueueSize: 0 }
  destroyed = false

  destroy(): void {
    this.destroyed = true
  }
}

test('looks go on while somebody is connected, and cost nobody anything who reads', () => {
  const clock = new MemoryClock()
  const accepted = new Set<Socket>()
  const answers = new UnreadAnswers(clock, accepted)
  assert.equal(clock.pending, 0)
  const [reader, gone, stalled] = [new AcceptedSocket(), new AcceptedSocket(), new AcceptedSocket()]
  gone._handle = null
  for (const socket of [reader, gone, stalled]) {
    accepted.add(socket as unknown as Socket)
    answers.begin()
  }
  assert.equal(clock.pending, 1)
  stalled._handle = { bytesWritten: 1000, writeQueueSize: 600 }
  for (let second = 0; second < 100; second += 1) {
    // As much waits as before, of other bytes.
    reader._handle = { bytesWritten: 1000 * second, writeQueueSize: 600 }
    // What is given to a stalled one is nothing that it takes.
    stalled._handle = { bytesWritten: 1000 + second, writeQueueSize: 600 + second }
    clock.advance(1000)
  }
  assert.deepEqual([reader.destroyed, gone.destroyed, stalled.destroyed], [false, false, true])
  accepted.clear()
  clock.advance(5000)
  assert.equal(clock.pending, 0)
  answers.begin()
  answers.stop()
  assert.equal(clock.pending, 0)
})
