import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { ConnectionPlaces } from '../sockets/connection-places.ts'
import { encodeFields } from './hpack-encoder.ts'
import { Http2Server, type Http2ServerOptions } from './server.ts'
import type { Stream, StreamHandler } from './stream.ts'

const HEAD = encodeFields([[':status', '200']])
const TRAILERS = encodeFields([['x-end', 'yes']])

/** Answers with the bytes that came, as they come. */
function echoing(stream: Stream): StreamHandler {
  const end = (): void => stream.end(TRAILERS)
  stream.respond(HEAD)
  return {
    data(bytes, isLast) {
      if (!stream.write(bytes)) stream.pause()
      if (isLast) end()
    },
    ended: end,
    drained: () => stream.resume(),
    gone() {},
  }
}

async function listening(t: TestContext, options: Partial<Http2ServerOptions> = {}): Promise<number> {
  const server = new Http2Server({
    clock: new SystemClock(),
    open: echoing,
    maxHeldBytes: 1_000_000,
    maxConnectionAgeMs: 0,
    onFault: (error) => assert.fail(String(error)),
    ...options,
  })
  t.after(() => server.drain(0))
  return server.listen({ host: '127.0.0.1', port: 0 })
}

async function connected(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

test('bodies of any length come back whole from streams side by side, whatever the windows', async (t) => {
  const port = await listening(t)
  const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 1000 } })
  t.after(() => session.destroy())
  const lengths = [0, 1, 999, 16_384, 70_000, 300_000]
  const answers = lengths.map(async (length, i) => {
    const stream = session.request({ ':method': 'POST', ':path': `/${i}` })
    const trailers = once(stream, 'trailers') as Promise<[Record<string, unknown>]>
    stream.end(Buffer.alloc(length, i + 1))
    let [bytes, isRight] = [0, true]
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      isRight &&= chunk.every((byte) => byte === i + 1)
    }
    assert.ok(isRight)
    assert.equal((await trailers)[0]['x-end'], 'yes')
    return bytes
  })
  assert.deepEqual(await Promise.all(answers), lengths)
})

test('a client of HTTP/1.1 reads what this port is, and nothing else', async (t) => {
  const socket = await connected(t, await listening(t))
  // It asks once a server that speaks first would have spoken.
  await new Promise((resolve) => setImmediate(resolve))
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'end')
  assert.match(text, /^HTTP\/1\.1 400 [\s\S]*gRPC/)
})

test('one connection too many is closed, and those that were there go on', async (t) => {
  const port = await listening(t, { places: ConnectionPlaces.upTo(1, 'grpc') })
  const first = await connected(t, port)
  const second = connect(port, '127.0.0.1')
  t.after(() => second.destroy())
  second.on('error', () => undefined)
  second.resume()
  await new Promise((resolve) => second.once('close', resolve))
  first.write('GET / HTTP/1.1\r\n\r\n')
  const [answer] = (await once(first, 'data')) as [Buffer]
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 400/)
})

test('connections that never agree on keys count against the limit of an encrypted server', async (t) => {
  const certificates = new ScriptedCertificates(selfSigned('idgen'))
  const port = await listening(t, {
    places: ConnectionPlaces.upTo(2, 'grpc'),
    tls: { certificates, minVersion: 'TLSv1.3' },
  })
  const silent = [await connected(t, port), await connected(t, port)]
  const further = await connected(t, port)
  further.resume()
  await once(further, 'close', { signal: AbortSignal.timeout(5000) })
  assert.ok(silent.every(({ destroyed }) => !destroyed))
})
