import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Transport } from '../ports/transport.ts'
import { type ClientWorld, clientWorld, TAG } from '../test-doubles/client-world.ts'
import { ScriptedTransport, serviceError } from '../test-doubles/scripted-transport.ts'

/** Takes IDs for a while, one every 100 ms, and says which endpoints were asked for more than a probe. */
async function asked({ client, clock, transport }: ClientWorld, rounds: number): Promise<Set<string>> {
  const numbers = client.numbers(TAG)
  const from = transport.requests.length
  for (let round = 0; round < rounds; round += 1) {
    const waiting = numbers.next()
    await clock.advance(100)
    await waiting
  }
  return new Set(transport.requests.slice(from).map(({ endpoint }) => endpoint))
}

const NODES = [
  { url: 'test://own-1', dc: 1 },
  { url: 'test://own-2', dc: 1 },
  { url: 'test://far', dc: 2 },
]

describe('several endpoints', () => {
  test('another one is asked at once when one fails, and the one that failed rests', async () => {
    const { client, clock, transport } = clientWorld({ endpoints: ['test://a', 'test://b'] })
    clock.chance = 0
    transport.behaviours.set('test://a', 'unreachable')
    const waiting = client.numbers(TAG).next()
    await clock.settle()
    assert.equal(await waiting, 1)
    assert.deepEqual(
      transport.requests.map(({ endpoint }) => endpoint),
      ['test://a', 'test://b'],
    )
    await client.numbers('acme/shop/other').next()
    assert.equal(transport.requests.at(-1)?.endpoint, 'test://b')
  })

  test('one that failed is tried by one request after its rest, however many tags wait for it', async () => {
    const { client, clock, transport } = clientWorld({ deadlineMs: 20_000, attemptMs: 2000 })
    transport.behaviours.set('test://a', 'unreachable')
    const first = client.numbers(TAG).next()
    await clock.settle()
    const waiting = Array.from({ length: 200 }, (_, tag) => client.numbers(`acme/shop/t${tag}`).next())
    await clock.settle()
    assert.equal(transport.requests.length, 1)

    transport.behaviours.set('test://a', 'hang')
    await clock.advance(1900)
    assert.equal(transport.requests.length, 2, 'the trial is not answered yet')
    transport.behaviours.set('test://a', 'unreachable')
    await clock.advance(4000)
    assert.ok(transport.requests.length < 12, `${transport.requests.length} requests`)

    transport.behaviours.clear()
    await clock.advance(2100)
    assert.equal((await Promise.all([first, ...waiting])).length, 201)
  })

  test('those who wait go on as soon as the trial is answered', async () => {
    const { client, clock, transport } = clientWorld({ deadlineMs: 20_000, attemptMs: 10_000 })
    transport.script.push('unreachable')
    transport.held = true
    const first = client.numbers(TAG).next()
    await clock.advance(60)
    const other = client.numbers('acme/shop/other').next()
    await clock.settle()
    assert.equal(transport.requests.length, 2)
    transport.release()
    assert.equal((await Promise.all([first, other])).length, 2)
  })

  test('a refusal of one tag ends a trial as well', async () => {
    const { client, clock, transport } = clientWorld({ deadlineMs: 20_000, attemptMs: 10_000 })
    transport.script.push('unreachable', serviceError('IDGEN_SEGMENT_UNAVAILABLE', true, 15_000))
    const first = client.numbers(TAG).next()
    await clock.advance(60)
    assert.equal(await client.numbers('acme/shop/other').next(), 1)
    await clock.advance(16_600)
    assert.equal(await first, 2)
  })

  test('what one endpoint cannot give for a tag is asked of another, and other tags stay', async () => {
    const { client, clock, transport } = clientWorld({ endpoints: ['test://a', 'test://b'] })
    clock.chance = 0
    transport.behaviours.set('test://a', serviceError('IDGEN_SEGMENT_UNAVAILABLE', true))
    const waiting = client.numbers(TAG).next()
    await clock.advance(100)
    assert.equal(await waiting, 1)
    transport.behaviours.clear()
    await client.numbers('acme/shop/other').next()
    assert.equal(transport.requests.at(-1)?.endpoint, 'test://a')
  })

  test('chance decides between those that answer', async () => {
    const world = clientWorld({ endpoints: ['test://a', 'test://b'], aheadMs: 1 })
    world.clock.chance = 0.1
    assert.deepEqual(await asked(world, 5), new Set(['test://a']))
    world.clock.chance = 0.9
    await world.clock.advance(60_000)
    assert.deepEqual(await asked(world, 5), new Set(['test://b']))
  })
})

describe('data centres', () => {
  test('the nodes of the own data centre are learnt and preferred', async () => {
    const world = clientWorld({ dc: 1 })
    world.transport.listed = NODES
    await world.client.numbers(TAG).next()
    await world.clock.advance(60_000)
    world.clock.chance = 0.9
    assert.deepEqual(await asked(world, 3), new Set(['test://own-2']))
    world.clock.chance = 0
    assert.deepEqual(await asked(world, 30), new Set(['test://own-1']))
  })

  test('the own one is left when none answers for 2 s, probed, and returned to', async () => {
    const world = clientWorld({ dc: 1, attemptMs: 500, deadlineMs: 10_000 })
    const { client, clock, transport, warnings } = world
    transport.listed = NODES
    await asked(world, 20)
    await clock.advance(60_000)
    for (const url of ['test://own-1', 'test://own-2']) transport.behaviours.set(url, 'hang')
    const from = transport.requests.length
    const waiting = client.numbers(TAG).next()
    await clock.advance(1900)
    assert.ok(
      transport.requests.slice(from).every(({ endpoint }) => endpoint.startsWith('test://own')),
      'not before 2 s',
    )
    await clock.advance(1200)
    await waiting
    assert.equal(transport.requests.at(-1)?.endpoint.startsWith('test://own'), false)
    const away = await asked(world, 100)
    assert.ok(away.has('test://a'), 'the configured address, of no known data centre, comes before others')
    assert.ok(away.has('test://own-2') || away.has('test://own-1'), 'the own one is probed')
    const probes = transport.requests
      .slice(from)
      .filter(({ endpoint }) => endpoint.startsWith('test://own')).length
    assert.ok(probes < 15, `${probes} requests to what does not answer in 10 s`)
    transport.behaviours.clear()
    await asked(world, 60)
    await clock.advance(60_000)
    assert.deepEqual(await asked(world, 3), new Set(['test://own-2']))
    assert.deepEqual(
      warnings.map(({ code }) => code).filter((code) => code !== 'IDGEN_CLIENT_TIMEOUT'),
      [],
    )
  })

  test('a limit that is kept to does not lead to another data centre', async () => {
    const world = clientWorld({ dc: 1, deadlineMs: 10_000 })
    const { client, clock, transport } = world
    transport.listed = NODES
    await asked(world, 20)
    for (const url of ['test://own-1', 'test://own-2'])
      transport.behaviours.set(url, serviceError('IDGEN_RATE_LIMITED', true))
    const from = transport.requests.length
    const refused = assert.rejects(client.numbers('acme/shop/other').next(), {
      code: 'IDGEN_CLIENT_DEADLINE',
    })
    await clock.advance(10_000)
    await refused
    const endpoints = transport.requests.slice(from).map(({ endpoint }) => endpoint)
    assert.ok(endpoints.length > 5)
    assert.ok(endpoints.every((endpoint) => endpoint.startsWith('test://own')))
  })

  test('an address where something else than idgen answers rests, and the others serve', async () => {
    const { client, clock, transport } = clientWorld({ endpoints: ['test://a', 'test://b'] })
    clock.chance = 0
    transport.behaviours.set('test://a', serviceError('IDGEN_CLIENT_ANSWER_INVALID', false))
    const numbers = client.numbers(TAG)
    await assert.rejects(numbers.next(), { code: 'IDGEN_CLIENT_ANSWER_INVALID' })
    assert.equal(await numbers.next(), 1)
    assert.equal(transport.requests.at(-1)?.endpoint, 'test://b')
  })

  test('the last list stays when nobody answers, and is renewed after half a minute', async () => {
    const world = clientWorld({ dc: 1 })
    world.transport.listed = NODES
    await asked(world, 3)
    assert.equal(world.transport.nodesAsked, 1)
    world.transport.listed = undefined
    await world.clock.advance(60_000)
    await asked(world, 3)
    assert.equal(world.transport.nodesAsked, 2)
    assert.deepEqual(await asked(world, 20), new Set(['test://own-2']))
  })

  test('without a data centre nobody is asked for nodes', async () => {
    const world = clientWorld()
    await asked(world, 3)
    assert.equal(world.transport.nodesAsked, 0)
  })

  test('where the configured addresses have TLS no node without it is asked, or the key would go in clear text', async () => {
    const asked: string[] = []
    const transport = new ScriptedTransport()
    const secure: Transport = {
      schemes: ['https', 'http'],
      textsMax: 10,
      issue: (endpoint, request, signal) => {
        asked.push(endpoint)
        return transport.issue(endpoint, request, signal)
      },
      nodes: () =>
        Promise.resolve([
          { url: 'http://own-clear', dc: 1 },
          { url: 'https://own', dc: 1 },
        ]),
      close: () => undefined,
    }
    for (const [endpoints, expected] of [
      ['https://a', 'https://own'],
      ['http://a', 'http://own-clear'],
    ] as const) {
      const { client, clock } = clientWorld({ endpoints, dc: 1, transport: () => secure })
      clock.chance = 0
      await client.numbers(TAG).next()
      await clock.settle()
      await client.numbers('acme/shop/other').next()
      assert.equal(asked.at(-1), expected)
    }
  })

  test('an address of another protocol, or none at all, is left out', async () => {
    const world = clientWorld({ dc: 1 })
    world.transport.listed = [
      { url: 'ftp://own', dc: 1 },
      { url: 'nonsense', dc: 1 },
    ]
    await asked(world, 3)
    assert.deepEqual(await asked(world, 20), new Set(['test://a']))
  })
})
