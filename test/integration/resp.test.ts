// Runs beside others: a stop takes less than a second, and is held to thirty.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import { until } from '../fixtures/until.ts'

/** Real processes, spoken to by ioredis: one `await` per ID, packed into pipelines by the library itself. */

const ORDERS = 'demo/load/orders'
const EVENTS = 'demo/load/events'

/** Asks for IDs until it is told to stop, many at once over one connection; what failed gave nothing. */
class RespLoad {
  readonly issued = new IssuedIds()
  errors = 0
  #stopping = false
  readonly #callers: Promise<void>[] = []

  add(redis: Redis, callers: number): void {
    for (let i = 0; i < callers; i += 1) this.#callers.push(this.#ask(redis, i))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#callers)
  }

  async #ask(redis: Redis, caller: number): Promise<void> {
    for (let round = caller; !this.#stopping; round += 1)
      try {
        await this.#one(redis, round % 10)
      } catch {
        this.errors += 1
        await pause(20)
      }
  }

  async #one(redis: Redis, kind: number): Promise<void> {
    const { issued } = this
    if (kind === 0) {
      const runs = (await redis.call('IDGEN.RUNS', EVENTS, 50)) as [string, number][]
      for (const [first, count] of runs) issued.run(EVENTS, first, count, 'resp')
    } else if (kind === 1) {
      const last = Number(await redis.incrby(ORDERS, 700))
      issued.run(ORDERS, String(last - 699), 700, 'resp')
    } else if (kind < 4) issued.text(EVENTS, String(await redis.call('IDGEN.NEXT', EVENTS)), 'resp')
    else issued.text(ORDERS, String(await redis.incr(ORDERS)), 'resp')
  }
}

test('callers that each await their own ID share pipelines, and none is given twice', async (t) => {
  const { world, service } = await RespService.start(t)
  const clients = Array.from({ length: 4 }, () => world.redis(service, { enableAutoPipelining: true }))
  const numbers = await Promise.all(
    clients.map((redis) => Promise.all(Array.from({ length: 5000 }, () => redis.incr(ORDERS)))),
  )
  for (const own of numbers)
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
    )
  assertNoneTwice(numbers.flat(), 20_000)
  const uuid = String(await clients[0]?.call('IDGEN.NEXT', 'demo/load/uuids'))
  assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
  const of = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(metrics)?.[1])
  const labels = String.raw`\{tag="demo/load/orders",algorithm="segment"\}`
  assert.equal(of(`idgen_generate_requests_total${labels}`), 20_000)
  assert.equal(of(`idgen_ids_issued_total${labels}`), 20_000)
  assert.equal(of('idgen_resp_connections'), 4)
  assert.ok(of('idgen_resp_commands_total') > 20_000)
})

test('a client that says where it runs is counted there and told the nodes, whichever thread answers', async (t) => {
  const { world, service } = await RespService.start(t, {
    IDGEN_SERVER_THREADS: '2',
    IDGEN_SERVER_ADVERTISE_RESP: 'redis://ids.example:6399',
  })
  const asked = Array.from({ length: 8 }, async () => {
    const redis = world.redis(service)
    await redis.incr(ORDERS)
    assert.equal(await redis.call('IDGEN.DC', '3'), 'OK')
    await Promise.all([redis.incr(ORDERS), redis.incrby(ORDERS, 10), redis.call('IDGEN.NEXT', EVENTS)])
    const told = fields(await redis.call('IDGEN.NODES'))
    assert.deepEqual([told.get('dc'), told.get('current')], [3, 1])
    const [node, ...others] = (told.get('nodes') as unknown[]).map(fields)
    assert.deepEqual([node?.get('dc'), node?.get('resp'), others], [0, 'redis://ids.example:6399', []])
    assert.match(String(node?.get('node')), new RegExp(`/${service.pid}$`))
    await assert.rejects(redis.call('IDGEN.NODES', '8'), /IDGEN_REQUEST_INVALID/)
  })
  await Promise.all(asked)
  const served = async (clientDc: string): Promise<number> => {
    const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
    const line = new RegExp(
      `^idgen_dc_requests_total\\{client_dc="${clientDc}",server_dc="0"\\} (\\d+)$`,
      'm',
    )
    return Number(line.exec(metrics)?.[1] ?? 0)
  }
  await until('all is counted', async () => (await served('3')) + (await served('unknown')) >= 32)
  assert.deepEqual([await served('3'), await served('unknown')], [24, 8])
})

/** Names and values in turn, as version 2 of the protocol has a map. */
function fields(reply: unknown): Map<unknown, unknown> {
  const list = reply as readonly unknown[]
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]] as const] : [])))
}

test('kills and reconnects: clients go on by themselves, and no ID is given twice', async (t) => {
  const { world, service } = await RespService.start(t)
  const load = new RespLoad()
  let [first, second] = [service, await world.another()]
  const ports = [portOf(first), portOf(second)]
  for (const one of [first, second])
    for (let i = 0; i < 2; i += 1)
      load.add(world.redis(one, { enableAutoPipelining: true, retryStrategy: () => 50 }), 20)
  await pause(700)
  await first.stop('SIGKILL')
  first = await world.another(ports[0])
  await pause(700)
  await second.stop('SIGKILL')
  second = await world.another(ports[1])
  await until('ten thousand IDs', () => load.issued.total > 10_000)
  await load.stop()
  load.issued.verify()
})

test('a stop under load answers what it received, ends in time and gives no ID twice', async (t) => {
  const { world, service } = await RespService.start(t)
  const other = await world.another()
  const load = new RespLoad()
  // Tries as long as it takes until another process listens on the port.
  const patient = { enableAutoPipelining: true, retryStrategy: () => 50, maxRetriesPerRequest: null }
  for (let i = 0; i < 4; i += 1) load.add(world.redis(service, patient), 20)
  load.add(world.redis(other, { enableAutoPipelining: true }), 20)
  await pause(500)
  const from = performance.now()
  assert.equal(await service.stop('SIGTERM'), 0)
  assert.ok(performance.now() - from < 30_000)
  await world.another(portOf(service))
  await pause(500)
  await load.stop()
  load.issued.verify()
  assert.equal(load.errors, 0, 'ioredis sends again what was on its way when the connection ended')
})

test('connections that end for their age fail no call', async (t) => {
  const { world, service } = await RespService.start(t, { IDGEN_SERVER_MAX_CONNECTION_AGE: '200ms' })
  const load = new RespLoad()
  for (let i = 0; i < 3; i += 1)
    load.add(world.redis(service, { enableAutoPipelining: true, retryStrategy: () => 1 }), 10)
  await until('connections ended for their age', async () => {
    const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
    return Number(/^idgen_resp_connections_total (.*)$/m.exec(metrics)?.[1]) > 12
  })
  await load.stop()
  load.issued.verify()
  assert.equal(load.errors, 0)
})

test('a key that is revoked and a tag that is deleted stop working on connections that are open', async (t) => {
  const { world, service } = await RespService.start(t)
  const made = (await world.http(service, 'POST', '/v1/keys', { name: 'x', scopes: ['issue'] })) as {
    id: string
    key: string
  }
  const redis = world.redis(service, { password: made.key })
  assert.ok((await redis.incr(ORDERS)) > 0)
  await world.http(service, 'DELETE', '/v1/workspaces/demo/groups/load/tags/orders')
  await refusedSoon(t, () => redis.incr(ORDERS), /ERR IDGEN_TAG_NOT_FOUND/)
  assert.match(String(await redis.call('IDGEN.NEXT', EVENTS)), /^\d+$/)
  await world.http(service, 'DELETE', `/v1/keys/${made.id}`)
  await refusedSoon(t, () => redis.call('IDGEN.NEXT', EVENTS), /NOAUTH IDGEN_UNAUTHENTICATED/)
})

/** Within the 2 s in which a change is to be known. */
async function refusedSoon(t: TestContext, call: () => Promise<unknown>, reason: RegExp): Promise<void> {
  let last: unknown
  for (let tries = 0; tries < 40; tries += 1) {
    last = await call().catch((error: unknown) => String(error))
    if (typeof last === 'string' && reason.test(last)) return
    await pause(50)
  }
  t.diagnostic(`the last answer was ${String(last)}`)
  assert.fail(`it was not refused with ${reason}`)
}
