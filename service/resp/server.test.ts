import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { command, RESP_LIMITS } from '../../test/fixtures/resp-desk.ts'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { RespServer, type RespServerOptions } from './server.ts'

const EVERYBODY = { keyId: 'anonymous', scopes: ['issue'], within: '' } as const

interface World {
  readonly server: RespServer
  readonly issuer: ScriptedIssuer
  readonly port: number
  /** A client, closed with the test. */
  readonly client: () => Promise<Client>
}

async function world(t: TestContext, options: Partial<RespServerOptions> = {}): Promise<World> {
  const issuer = new ScriptedIssuer().tag('w/g/t')
  issuer.callers.set('open', EVERYBODY)
  const server = new RespServer(issuer, {
    clock: new SystemClock(),
    limits: RESP_LIMITS,
    version: '1.2.3',
    listNodes: async (dc) => ({ dc, current: true, nodes: [] }),
    maxConnectionAgeMs: 0,
    onFault: (error) => assert.fail(String(error)),
    ...options,
  })
  const port = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => server.drain(0))
  const client = async (): Promise<Client> => {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return new Client(socket)
  }
  return { server, issuer, port, client }
}

/** Collects what a server answers. */
class Client {
  text = ''
  readonly closed: Promise<unknown>
  readonly socket: Socket
  #changed = Promise.withResolvers<void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1')
      this.#changed.resolve()
      this.#changed = Promise.withResolvers()
    })
    this.closed = once(socket, 'close')
    void this.closed.then(() => this.#changed.resolve())
  }

  /** Resolves once so many answers are there, or the connection is closed. */
  async answers(count: number): Promise<string[]> {
    while (this.#lines().length < count && !this.socket.closed) await this.#changed.promise
    return this.#lines()
  }

  #lines(): string[] {
    return this.text.split('\r\n').slice(0, -1)
  }
}

test('a client that closes its side at once still has its answers', async (t) => {
  const { client } = await world(t)
  const one = await client()
  one.socket.end(command('INCR', 'w/g/t').repeat(2))
  await one.closed
  assert.equal(one.text, ':1\r\n:2\r\n')
})

test('pipelines of many clients, cut by the network as it likes, give every number once', async (t) => {
  const { client } = await world(t)
  const clients = await Promise.all([client(), client(), client(), client()])
  // More than one read each.
  for (const { socket } of clients) socket.write(command('INCR', 'w/g/t').repeat(10_000))
  const answers = await Promise.all(clients.map((one) => one.answers(10_000)))
  for (const [i, lines] of answers.entries()) {
    const numbers = lines.map((line) => Number(line.slice(1)))
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      `client ${i} sees them ascend`,
    )
  }
  assert.equal(new Set(answers.flat()).size, 40_000)
})

test('one client too many is told so in the words that clients know, and a place that is left is given on', async (t) => {
  const { client, server } = await world(t, { limits: { ...RESP_LIMITS, maxConnections: 1 } })
  const first = await client()
  first.socket.write(command('PING'))
  assert.deepEqual(await first.answers(1), ['+PONG'])
  const second = await client()
  await second.closed
  assert.equal(second.text, '-ERR max number of clients reached\r\n')
  first.socket.end()
  await first.closed
  assert.deepEqual([server.counters.connections, server.counters.refused], [0, 1])
  const third = await client()
  third.socket.write(command('PING'))
  assert.deepEqual(await third.answers(1), ['+PONG'])
})

test('a client that says nothing is disconnected, one that waits for its IDs is not', async (t) => {
  const { client, issuer } = await world(t, { limits: { ...RESP_LIMITS, idleTimeout: 100 } })
  issuer.notInMemory = 1
  issuer.hold = true
  const [silent, waiting] = [await client(), await client()]
  waiting.socket.write(command('INCR', 'w/g/t'))
  await silent.closed
  await new Promise((resolve) => setTimeout(resolve, 300))
  issuer.release()
  assert.deepEqual(await waiting.answers(1), [':1'])
})

test('a drain takes no further client, answers what was sent, and ends with the last one', async (t) => {
  const { client, server, issuer, port } = await world(t)
  const [idle, busy] = [await client(), await client()]
  issuer.notInMemory = 1
  issuer.hold = true
  busy.socket.write(command('INCR', 'w/g/t').repeat(2))
  while (issuer.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const drained = server.drain(10_000)
  await idle.closed
  const late = connect(port, '127.0.0.1')
  await assert.rejects(once(late, 'connect'), { code: 'ECONNREFUSED' })
  issuer.release()
  await busy.closed
  assert.equal(busy.text, ':1\r\n:2\r\n')
  await drained
  assert.equal(server.counters.connections, 0)
})

test('a drain cuts off what does not end in time', async (t) => {
  const { client, server, issuer } = await world(t)
  issuer.notInMemory = 1
  issuer.hold = true
  const stuck = await client()
  stuck.socket.write(command('INCR', 'w/g/t'))
  while (issuer.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await server.drain(50)
  await stuck.closed
  assert.equal(stuck.text, '')
})

test('connections end for their age, between commands', async (t) => {
  const { client } = await world(t, { maxConnectionAgeMs: 100 })
  const one = await client()
  one.socket.write(command('INCR', 'w/g/t'))
  await one.closed
  assert.equal(one.text, ':1\r\n')
})

test('a client that does not read is not answered into memory without end', async (t) => {
  const { client, server, issuer } = await world(t, { limits: { ...RESP_LIMITS, stallTimeout: 300 } })
  issuer.tag('w/g/r', 'segment', 1n, 1)
  const one = await client()
  one.socket.pause()
  // 20,000 runs of one number each are 400 KB of answer: forty of them are more than the system holds on the way.
  one.socket.write(command('IDGEN.RUNS', 'w/g/r', '20000').repeat(40))
  while (server.counters.stalled === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(server.counters.bytesOut < 12e6, `${server.counters.bytesOut} bytes were written`)
  one.socket.destroy()
})

test('encrypted clients are served the same, and a new certificate counts for those that come after it', async (t) => {
  const certificates = new ScriptedCertificates(selfSigned('first'))
  const { port } = await world(t, { tls: { certificates, minVersion: 'TLSv1.3' } })
  const names: string[] = []
  for (const change of [false, true]) {
    if (change) certificates.change(selfSigned('second'))
    const socket = connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false })
    t.after(() => socket.destroy())
    await once(socket, 'secureConnect')
    names.push(String(socket.getPeerCertificate().subject.CN))
    const one = new Client(socket)
    socket.write(command('INCR', 'w/g/t').repeat(5000))
    const answers = await one.answers(5000)
    assert.equal(new Set(answers).size, 5000)
  }
  assert.deepEqual(names, ['first', 'second'])
})

test('a client that was still agreeing on its keys when the drain began ends with its next answers, too', {
  timeout: 30_000,
}, async (t) => {
  const certificates = new ScriptedCertificates(selfSigned('one'))
  const { port, server } = await world(t, { tls: { certificates, minVersion: 'TLSv1.3' } })
  const late = connect(port, '127.0.0.1')
  t.after(() => late.destroy())
  await once(late, 'connect')
  const early = connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false })
  t.after(() => early.destroy())
  await once(early, 'secureConnect')
  const first = new Client(early)
  early.write(command('PING'))
  await first.answers(1)
  const drained = server.drain(300_000)
  const secured = connectSecurely({ socket: late, rejectUnauthorized: false })
  await once(secured, 'secureConnect')
  const one = new Client(secured)
  secured.write(command('INCR', 'w/g/t'))
  await one.closed
  assert.equal(one.text, ':1\r\n')
  await drained
})
