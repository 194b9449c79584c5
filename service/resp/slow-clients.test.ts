import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { command, RESP_LIMITS } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { until } from '../../test/fixtures/until.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdgenError } from '../core/errors.ts'
import { RespServer, type RespServerOptions } from './server.ts'
import { givesRights } from './unused-certificate.ts'

const SECOND_MS = 1000
const INCR = command('INCR', 'w/g/t')

/** Real sockets and a clock that stands still: what is sent has been read before the clock goes on. */
class SlowWorld {
  readonly clock = new MemoryClock()
  readonly issuer = new ScriptedIssuer().tag('w/g/t')
  readonly server: RespServer
  #port = 0
  #sent = 0

  private constructor(options: Partial<RespServerOptions>) {
    this.server = new RespServer(this.issuer, {
      clock: this.clock,
      limits: RESP_LIMITS,
      version: '1.2.3',
      maxConnectionAgeMs: 0,
      listNodes: async (dc) => ({ dc, current: true, nodes: [] }),
      onFault: (error) => assert.fail(String(error)),
      ...options,
    })
  }

  static async start(t: TestContext, options: Partial<RespServerOptions> = {}): Promise<SlowWorld> {
    const world = new SlowWorld(options)
    world.#port = await world.server.listen({ host: '127.0.0.1', port: 0 })
    t.after(async () => {
      const drained = world.server.drain(0)
      world.clock.advance(0)
      await drained
    })
    return world
  }

  async client(t: TestContext): Promise<SlowClient> {
    const before = this.server.counters.connections
    const socket = connect(this.#port, '127.0.0.1')
    t.after(() => socket.destroy())
    const client = new SlowClient(socket, (bytes) => this.#send(socket, bytes))
    await until('the server has it', () => this.server.counters.connections > before)
    return client
  }

  /** One that has shown its key. */
  async member(t: TestContext): Promise<SlowClient> {
    const client = await this.client(t)
    await client.send(command('AUTH', 'key'))
    await until('it is known', () => client.text === '+OK\r\n')
    client.text = ''
    return client
  }

  /** Sends one part after the other, a second apart, while the server lets it; how many seconds that was. */
  async dribble(client: SlowClient, parts: Iterable<string>): Promise<number> {
    let seconds = 0
    for (const part of parts) {
      await client.send(part)
      this.clock.advance(SECOND_MS)
      seconds += 1
      if (this.server.counters.late > 0 || client.isClosed()) break
    }
    return seconds
  }

  async #send(socket: Socket, bytes: string): Promise<void> {
    socket.write(bytes)
    this.#sent += bytes.length
    await until('it was read', () => this.server.counters.bytesIn === this.#sent || socket.closed)
  }
}

class SlowClient {
  text = ''
  readonly closed: Promise<unknown>
  /** Resolves when the server has read it, or the connection is over. */
  readonly send: (bytes: string) => Promise<void>
  readonly isClosed: () => boolean

  constructor(socket: Socket, send: (bytes: string) => Promise<void>) {
    this.send = send
    this.isClosed = () => socket.closed
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => (this.text += bytes.toString('latin1')))
    this.closed = once(socket, 'close')
  }
}

function* repeated(part: string, times = 100): Generator<string> {
  for (let i = 0; i < times; i += 1) yield part
}

describe('a command that comes byte by byte', () => {
  for (const [what, begin] of [
    ['on a line', 'INC'],
    ['as an array', '*2\r\n$256\r\n'],
    ['behind whole ones', `${INCR}*2\r\n$256\r\n`],
  ] as const)
    test(`${what} ends its connection after 10 s, however fresh its last byte is`, async (t) => {
      const world = await SlowWorld.start(t)
      const client = await world.member(t)
      await client.send(begin)
      const seconds = await world.dribble(client, repeated('x'))
      assert.ok(seconds >= 10 && seconds <= 12, `${seconds} s`)
      await client.closed
      assert.match(client.text, /-ERR Protocol error: the command did not come whole in time\r\n$/)
      await until('its place is free', () => world.server.counters.connections === 0)
    })

  test('in time is answered, and the next one has its own time', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    for (let i = 1; i <= 3; i += 1) {
      // 8 of 10 seconds, so that three of them are more than one may take.
      const parts = [...INCR.slice(0, 7).split(''), INCR.slice(7)]
      assert.equal(await world.dribble(client, parts), 8)
      await until('it is answered', () => client.text.endsWith(`:${i}\r\n`))
    }
  })

  test('and is a large one has the time that its bytes take on a slow line', async (t) => {
    const limits = { ...RESP_LIMITS, maxArguments: 128, maxArgumentBytes: 8192 }
    const world = await SlowWorld.start(t, { limits })
    const client = await world.member(t)
    const large = command('NOSUCH', ...Array.from({ length: 127 }, () => 'x'.repeat(8192)))
    const parts = Array.from({ length: Math.ceil(large.length / 16_384) }, (_, i) =>
      large.slice(i * 16_384, (i + 1) * 16_384),
    )
    assert.equal(await world.dribble(client, parts), 64)
    await until('it is answered', () => client.text.startsWith('-ERR unknown command'))
    // Half as fast it is not given the time: the bound is one of the bytes that came, not of those that were announced.
    const half = parts.flatMap((part) => [part.slice(0, 8192), part.slice(8192)])
    const seconds = await world.dribble(client, half)
    assert.ok(seconds >= 20 && seconds <= 23, `${seconds} s`)
    await client.closed
  })

  test('is not what a client sends that is at work, and whose reads end within a command each time', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    await client.send(INCR.slice(0, 9))
    const seconds = await world.dribble(client, repeated(INCR.slice(9) + INCR.slice(0, 9), 30))
    assert.deepEqual([seconds, world.server.counters.late], [30, 0])
    await until('all are answered', () => client.text.split('\r\n').length === 31)
  })

  test('has its time only once the one before it is answered', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    world.issuer.notInMemory = 1
    world.issuer.hold = true
    await client.send(INCR + INCR.slice(0, 9))
    await until('it waits', () => world.issuer.waiting === 1)
    world.clock.advance(60 * SECOND_MS)
    world.issuer.release()
    await until('it is answered', () => client.text === ':1\r\n')
    await client.send(INCR.slice(9))
    await until('so is the next', () => client.text === ':1\r\n:2\r\n')
  })
})

describe('a client without a key', () => {
  test('keeps its place for 10 s, whatever it sends', async (t) => {
    const world = await SlowWorld.start(t)
    const silent = await world.client(t)
    const busy = await world.client(t)
    const seconds = await world.dribble(busy, repeated('PING\r\n'))
    assert.ok(seconds >= 10 && seconds <= 12, `${seconds} s`)
    await Promise.all([silent.closed, busy.closed])
    assert.match(busy.text, /^(-NOAUTH [^\r]*\r\n)+$/)
    assert.equal(silent.text, '')
    assert.equal(world.server.counters.late, 2)
    await until('their places are free', () => world.server.counters.connections === 0)
  })

  test('with wrong ones keeps it no longer', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.client(t)
    const seconds = await world.dribble(client, repeated(command('AUTH', 'wrong')))
    assert.ok(seconds >= 10 && seconds <= 12, `${seconds} s`)
    await client.closed
  })

  test('is not turned out while it waits for us to say whether its key is right', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.client(t)
    world.clock.advance(8 * SECOND_MS)
    world.issuer.forgetful = true
    world.issuer.hold = true
    await client.send(command('AUTH', 'key'))
    await until('it waits', () => world.issuer.waiting === 1)
    world.clock.advance(60 * SECOND_MS)
    assert.equal(world.server.counters.late, 0)
    world.issuer.forgetful = false
    world.issuer.hold = false
    world.issuer.release()
    await until('its key is right', () => client.text === '+OK\r\n')
    await client.send(INCR)
    await until('it is answered', () => client.text === '+OK\r\n:1\r\n')
  })

  test('and whose key was wrong after a wait has the rest of its time', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.client(t)
    world.clock.advance(8 * SECOND_MS)
    world.issuer.hold = true
    world.issuer.forgetful = true
    await client.send(command('AUTH', 'wrong'))
    await until('it waits', () => world.issuer.waiting === 1)
    world.clock.advance(60 * SECOND_MS)
    world.issuer.hold = false
    world.issuer.release()
    await until('its key is wrong', () => client.text.endsWith('\r\n'))
    world.clock.advance(4 * SECOND_MS)
    await client.closed
    assert.equal(world.server.counters.late, 1)
  })

  test('is asked again once it has thrown its key away', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    world.clock.advance(60 * SECOND_MS)
    assert.equal(world.server.counters.late, 0)
    await client.send(command('RESET'))
    const seconds = await world.dribble(client, repeated('\r\n'))
    assert.ok(seconds >= 10 && seconds <= 12, `${seconds} s`)
    await client.closed
  })

  test('stays where none is needed', async (t) => {
    const world = await SlowWorld.start(t)
    world.issuer.callers.set('open', { keyId: 'anonymous', scopes: ['issue'], within: '' })
    const client = await world.client(t)
    world.clock.advance(60 * SECOND_MS)
    await client.send(INCR)
    await until('it is answered', () => client.text === ':1\r\n')
  })

  test('may have a certificate that gives rights, though it has not used it yet', async () => {
    const issuer = new ScriptedIssuer()
    assert.equal(await givesRights(issuer, 'key', 'a'), true)
    assert.equal(await givesRights(issuer, 'another', 'a'), false)
    const away = { authenticate: () => Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away')) }
    assert.equal(await givesRights(away, 'key', 'a'), true)
  })
})

describe('half a command', () => {
  test('holds up the end of an old connection for 5 s', async (t) => {
    const world = await SlowWorld.start(t, { maxConnectionAgeMs: 60 * SECOND_MS })
    const client = await world.member(t)
    // It is old after 66 s at the latest.
    world.clock.advance(53 * SECOND_MS)
    const seconds = await world.dribble(client, inTime())
    await client.closed
    // 13 s until it is old at the latest, 5 s more, and 2 s in which its client may not have noticed.
    assert.ok(seconds <= 20, `${seconds} s`)
    assert.equal(world.server.counters.late, 0)
  })

  test('holds up a stop for 5 s, byte by byte too, and is not answered', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    const idle = await world.member(t)
    await client.send('INC')
    const drained = world.server.drain(30 * SECOND_MS)
    world.clock.advance(SECOND_MS)
    await idle.closed
    await until('the idle one is gone', () => world.server.counters.connections === 1)
    world.clock.advance(3 * SECOND_MS)
    await client.send('R')
    assert.equal(world.server.counters.connections, 1)
    world.clock.advance(SECOND_MS)
    await client.closed
    await drained
    assert.equal(client.text, '')
  })

  test('that is whole by then is answered', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    await client.send(INCR.slice(0, 9))
    const drained = world.server.drain(30 * SECOND_MS)
    world.clock.advance(4 * SECOND_MS)
    await client.send(INCR.slice(9))
    await drained
    await client.closed
    assert.equal(client.text, ':1\r\n')
  })

  test('holds up a stop no longer than that may take', async (t) => {
    const world = await SlowWorld.start(t)
    const client = await world.member(t)
    await client.send('INC')
    const drained = world.server.drain(2 * SECOND_MS)
    world.clock.advance(2 * SECOND_MS)
    await drained
    await client.closed
  })
})

/** Commands that are whole within 3 s each, and reads that always end within one. */
function* inTime(): Generator<string> {
  yield INCR.slice(0, 5)
  for (let i = 0; i < 30; i += 1) {
    yield INCR.slice(5, 9)
    yield INCR.slice(9) + INCR.slice(0, 5)
  }
}
