import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { RespCaller, type RespTarget } from '../e2e/ask-resp.ts'
import { type Lane, respKept, respNew } from '../e2e/probe-lanes.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import { until } from '../fixtures/until.ts'

/** What the prober of test/e2e sees over the Redis protocol, here of processes without a cluster. */

const TAGS = ['demo/load/orders', 'demo/load/events'] as const
type Aim = { -readonly [K in keyof RespTarget]: RespTarget[K] }

function aimAt(port: number, key = ''): Aim {
  return { host: '127.0.0.1', port, key, integerTags: ['demo/load/orders'] }
}

/** Several lanes of both kinds, some busier than others. */
class Lanes {
  readonly issued = new IssuedIds()
  readonly failures: string[] = []
  readonly #running: Promise<void>[]
  #stopping = false

  constructor(target: RespTarget) {
    const lanes = PERIODS_MS.flatMap((ms) => [
      this.#run(`kept ${ms}`, respKept(target), ms),
      this.#run(`new ${ms}`, respNew(target), ms),
    ])
    this.#running = lanes
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#running)
  }

  async #run(name: string, lane: Lane, periodMs: number): Promise<void> {
    for (let turn = 0; !this.#stopping; turn += 1) {
      const tag = TAGS[turn % 2] ?? TAGS[0]
      const take = (ids: readonly string[]): void => {
        for (const id of ids) this.issued.text(tag, id, name)
      }
      const talk = { take, pause: () => pause(1), ended: () => this.#stopping }
      await lane.ask(tag, talk).catch((thrown: unknown) => this.failures.push(`${name}: ${String(thrown)}`))
      await pause(periodMs)
    }
    lane.close()
  }
}

/** Longer than the system takes from a last answer to the end of the connection: a question in between is lost. */
const PERIODS_MS = [20, 40, 100, 120]

test('connections that end for their age fail no question of a caller that asks once', async (t) => {
  const { world, service } = await RespService.start(t, { IDGEN_SERVER_MAX_CONNECTION_AGE: '200ms' })
  const lanes = new Lanes(aimAt(portOf(service), world.key))
  const asked = (kind: string): number =>
    [...lanes.issued.perSource].reduce((sum, [name, ids]) => sum + (name.startsWith(kind) ? ids : 0), 0)
  const connections = async (): Promise<number> => {
    const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
    return Number(/^idgen_resp_connections_total (.*)$/m.exec(metrics)?.[1])
  }
  await until('kept connections ended', async () => {
    // Asked first: a connection that is made in between counts too early, and is made up for.
    const fresh = asked('new')
    return (await connections()) - fresh > 5 * PERIODS_MS.length
  })
  await lanes.stop()
  assert.deepEqual(lanes.failures, [])
  lanes.issued.verify()
  const kept = (await connections()) - asked('new')
  assert.ok(kept > 2 * PERIODS_MS.length, `kept callers made ${kept} connections`)
  assert.ok(kept < asked('kept'), `${kept} connections for ${asked('kept')} questions`)
})

test('a server that stops fails no question, once new connections go to another one', async (t) => {
  const { world, service } = await RespService.start(t)
  const other = await world.another()
  const target = aimAt(portOf(service), world.key)
  const lanes = new Lanes(target)
  await pause(500)
  // As the cluster does while a pod drains.
  target.port = portOf(other)
  await pause(200)
  assert.equal(await service.stop('SIGTERM'), 0)
  const before = lanes.issued.total
  await until('the other one answers', () => lanes.issued.total > before + 50)
  await lanes.stop()
  assert.deepEqual(lanes.failures, [])
  lanes.issued.verify()
})

test('a killed server, an unknown tag and a wrong key are told by their codes', async (t) => {
  const { world, service } = await RespService.start(t)
  const target = aimAt(portOf(service), world.key)
  const caller = new RespCaller(target)
  assert.equal((await caller.one('demo/load/orders')).length, 1)
  await assert.rejects(caller.one('demo/load/none'), { code: 'IDGEN_TAG_NOT_FOUND' })
  assert.equal((await caller.one('demo/load/events')).length, 1)
  await assert.rejects(new RespCaller({ ...target, key: 'idg_x' }).one(TAGS[0]), {
    code: 'IDGEN_UNAUTHENTICATED',
  })
  await service.stop('SIGKILL')
  await assert.rejects(caller.one('demo/load/orders'), { code: 'ECONNREFUSED' })
})

test('a question without an answer is a failure, an end between questions is none', async (t) => {
  const scripts: ((socket: Socket) => void)[] = [
    (socket) => socket.write('+OK\r\n:1\r\n'),
    (socket) => socket.end(),
    (socket) => socket.end('+OK\r\n:2\r\n'),
    (socket) => socket.end('+OK\r\n:3\r\n:4\r\n'),
  ]
  const server = await scripted(t, scripts)
  const caller = new RespCaller(aimAt(server))
  const ask = (): Promise<readonly string[]> => caller.one('demo/load/orders')
  assert.deepEqual(await ask(), ['1'])
  await assert.rejects(ask(), { code: 'cut off' })
  assert.deepEqual(await ask(), ['2'])
  await pause(200)
  assert.deepEqual(await ask(), ['3'], 'over a new connection')
  await pause(200)
  await assert.rejects(ask(), { code: 'unasked' })
  caller.close()
})

/** A server that does the next of `scripts` whenever bytes come, over whichever connection. */
async function scripted(t: TestContext, scripts: ((socket: Socket) => void)[]): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => scripts.shift()?.(socket))
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
