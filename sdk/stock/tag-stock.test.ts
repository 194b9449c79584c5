import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdgenClientError } from '../core/client-error.ts'
import { type ClientWorld, clientWorld, TAG } from '../test-doubles/client-world.ts'
import { serviceError } from '../test-doubles/scripted-transport.ts'

function counts({ transport }: ClientWorld): number[] {
  return transport.requests.map(({ count }) => count)
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof IdgenClientError, String(error))
  return error.code
}

describe('how far ahead IDs are fetched', () => {
  test('a slow caller gets what he asks for, and nothing is fetched ahead', async () => {
    const world = clientWorld()
    const numbers = world.client.numbers(TAG)
    for (let minute = 0; minute < 5; minute += 1) {
      await numbers.next()
      await world.clock.advance(60_000)
    }
    assert.deepEqual(counts(world), [1, 1, 1, 1, 1])
  })

  test('blocks grow with the rate, up to the limit, and shrink when it falls', async () => {
    const world = clientWorld({ maxBlock: 500 })
    const numbers = world.client.numbers(TAG)
    for (let taken = 0; taken < 5000; taken += 1) await numbers.next()
    const growing = counts(world)
    assert.ok(growing.length < 40, `${growing.length} requests`)
    assert.equal(Math.max(...growing), 500)
    await world.clock.advance(60_000)
    for (let second = 0; second < 200; second += 1) {
      await numbers.next()
      await world.clock.advance(100)
    }
    assert.ok((counts(world).at(-1) ?? 0) <= 20, `${counts(world).at(-1)}`)
  })

  test('the next block is asked for when half of the last one is used, one request at a time', async () => {
    const world = clientWorld({ minBlock: 100 })
    const { client, clock, transport } = world
    const numbers = client.numbers(TAG)
    await numbers.prefetch(100)
    const asked = transport.requests.length
    transport.held = true
    for (let taken = 0; taken < 49; taken += 1) numbers.nextSync()
    await clock.settle()
    for (let taken = 49; taken < 100; taken += 1) {
      numbers.nextSync()
      await clock.settle()
    }
    assert.equal(transport.requests.length, asked + 1)
    assert.throws(
      () => numbers.nextSync(),
      (error) => codeOf(error) === 'IDGEN_CLIENT_EMPTY',
    )
    transport.release()
    await clock.settle()
    assert.equal(numbers.nextSync(), 101)
  })

  test('no more than one and a half blocks are ever in memory', async () => {
    const world = clientWorld({ maxBlock: 100 })
    const numbers = world.client.numbers(TAG)
    let most = 0
    for (let taken = 0; taken < 3000; taken += 1) {
      await numbers.next()
      if (taken % 7 === 0) await world.clock.settle()
      most = Math.max(most, numbers.available)
    }
    assert.ok(most <= 150, `${most}`)
  })

  test('what is to be kept is there from the beginning, and is renewed before it is too old', async () => {
    const { client, clock, transport } = clientWorld({ keep: 10, lifetimeMs: 3000 })
    const numbers = client.numbers(TAG)
    await clock.settle()
    assert.equal(numbers.available, 10)
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1000)
      assert.ok(numbers.available >= 5, `${numbers.available}`)
      numbers.nextSync()
    }
    assert.ok(transport.requests.length < 60, `${transport.requests.length} requests`)
  })

  test('tuning may differ between tags and may change', async () => {
    const world = clientWorld()
    await world.client.numbers(TAG, { minBlock: 7 }).next()
    world.client.numbers(TAG, { minBlock: 9 })
    await world.client.numbers(TAG).batch(7)
    await world.client.numbers('acme/shop/other').next()
    assert.deepEqual(counts(world).slice(0, 2), [7, 9])
    assert.equal(counts(world).at(-1), 1)
  })

  test('of texts no more are asked for than the transport can, however often that is tuned', async () => {
    const world = clientWorld()
    await world.client.texts(TAG, { minBlock: 5000 }).next()
    world.client.texts(TAG, { maxBlock: 5000, minBlock: 5000 })
    await world.client.texts(TAG).batch(4000)
    assert.equal(Math.max(...counts(world)), 1000)
  })

  test('a service with a lower limit is asked for less', async () => {
    const world = clientWorld({ minBlock: 1000 })
    const { client, transport } = world
    const refusal = serviceError('IDGEN_COUNT_OUT_OF_RANGE', false)
    transport.script.push(refusal, refusal, 'answer')
    assert.equal(await client.numbers(TAG).next(), 1)
    assert.deepEqual(counts(world), [1000, 500, 250])
  })
})

describe('a block is bound to process and time', () => {
  const cases: Record<string, (world: ClientWorld) => void> = {
    'the process is another one': ({ clock }) => {
      clock.processId += 1
    },
    'the machine slept or was restored': ({ clock }) => clock.sleep(10, 5000),
    'the wall clock went back': ({ clock }) => clock.sleep(10, -5000),
    'the monotonic clock began anew': ({ clock }) => clock.sleep(-900, 10),
    'the process was frozen for longer than a block lives': ({ clock }) => clock.sleep(30_001),
  }
  for (const [what, happens] of Object.entries(cases))
    test(`nothing is left when ${what}`, async () => {
      const world = clientWorld({ minBlock: 100 })
      const numbers = world.client.numbers(TAG)
      await numbers.next()
      await world.clock.settle()
      happens(world)
      assert.throws(
        () => numbers.nextSync(),
        (error) => codeOf(error) === 'IDGEN_CLIENT_EMPTY',
      )
      await world.clock.advance(2000)
      assert.ok((await numbers.next()) > 100)
    })

  test('within a turn of the event loop it is looked at every 256 IDs', async () => {
    const { client, clock } = clientWorld({ minBlock: 1000 })
    const numbers = client.numbers(TAG)
    await numbers.prefetch(1000)
    numbers.nextSync()
    clock.processId += 1
    let taken = 0
    assert.throws(() => {
      for (;;) {
        numbers.nextSync()
        taken += 1
      }
    })
    assert.ok(taken <= 256, `${taken} IDs`)
  })

  test('an answer counts from when it was asked for, so a slow one is burnt', async () => {
    const { client, clock, transport } = clientWorld({ lifetimeMs: 200 })
    const numbers = client.numbers(TAG)
    transport.held = true
    const waiting = numbers.next()
    await clock.advance(300)
    transport.release()
    assert.equal(await waiting, 2)
  })

  test('dropBlocks burns what is under way as well', async () => {
    const { client, clock, transport } = clientWorld()
    transport.held = true
    const waiting = client.numbers(TAG).next()
    await clock.settle()
    client.dropBlocks()
    transport.release()
    assert.equal(await waiting, 2)
  })

  test('dropBlocks burns all that is in memory', async () => {
    const { client, clock } = clientWorld({ minBlock: 10 })
    const numbers = client.numbers(TAG)
    await numbers.next()
    client.dropBlocks()
    assert.equal(numbers.available, 0)
    await clock.settle()
    assert.equal(await numbers.next(), 11)
  })

  test('a deleted tag is noticed at the latest when its block is too old', async () => {
    const { client, clock, transport } = clientWorld({ minBlock: 10, lifetimeMs: 1000 })
    const numbers = client.numbers(TAG)
    await numbers.next()
    transport.behaviours.set('test://a', serviceError('IDGEN_TAG_NOT_FOUND', false))
    assert.equal(await numbers.next(), 2)
    await clock.advance(1001)
    await assert.rejects(numbers.next(), (error) => codeOf(error) === 'IDGEN_TAG_NOT_FOUND')
  })
})

describe('when something goes wrong', () => {
  test('what failed is tried again until the caller may not wait any longer', async () => {
    const { client, clock, transport } = clientWorld({ deadlineMs: 3000 })
    const numbers = client.numbers(TAG)
    transport.behaviours.set('test://a', 'unreachable')
    const waiting = numbers.next()
    await clock.advance(1000)
    transport.behaviours.clear()
    await clock.advance(1000)
    assert.equal(await waiting, 1)

    transport.behaviours.set('test://a', 'unreachable')
    const late = assert.rejects(numbers.batch(1000), (error) => {
      assert.equal(codeOf(error), 'IDGEN_CLIENT_DEADLINE')
      assert.match(String(error), /ECONNREFUSED/)
      return true
    })
    const before = transport.requests.length
    await clock.advance(3000)
    await late
    assert.ok(transport.requests.length - before < 12, 'rests grow')
  })

  test('IDs in memory go on while the service is away, and the end of the outage is noticed', async () => {
    const { client, clock, transport, warnings } = clientWorld({ minBlock: 100 })
    const numbers = client.numbers(TAG)
    await numbers.prefetch(100)
    transport.behaviours.set('test://a', 'unreachable')
    for (let i = 1; i <= 100; i += 1) {
      assert.equal(numbers.nextSync(), i)
      await clock.advance(10)
    }
    assert.ok(warnings.length > 0)
    assert.equal(codeOf(warnings[0]), 'IDGEN_CLIENT_UNREACHABLE')
    transport.behaviours.clear()
    const waiting = numbers.next()
    await clock.advance(2100)
    assert.equal(await waiting, 101)
  })

  test('a request without an answer in time is burnt, however late it comes', async () => {
    const { client, clock, transport } = clientWorld({ attemptMs: 100 })
    const numbers = client.numbers(TAG)
    transport.held = true
    const waiting = numbers.next()
    await clock.advance(150)
    transport.release()
    await clock.advance(500)
    assert.equal(await waiting, 2, 'the ID 1 was in the answer that came too late')
  })

  test('an onWarning that throws, or rejects, ends nothing', async (t) => {
    const told: string[] = []
    t.mock.method(process, 'emitWarning', (text: string) => told.push(text))
    const failing: (() => unknown)[] = [
      () => {
        throw new Error('a logger without a disk')
      },
      () => Promise.reject(new Error('a logger without a disk')),
    ]
    for (const onWarning of failing) {
      const { client, clock, transport } = clientWorld({ onWarning })
      transport.behaviours.set('test://a', 'unreachable')
      const numbers = client.numbers(TAG, { keep: 10 })
      await clock.advance(5000)
      transport.behaviours.clear()
      await clock.advance(5000)
      assert.equal(await numbers.next(), 1)
      client.close()
    }
    assert.equal(told.length, 2, 'each client says it once')
    assert.match(told[0] ?? '', /onWarning.*a logger without a disk/)
  })

  test('an answer that came before is thrown away', async () => {
    const { client, clock, transport, warnings } = clientWorld()
    const numbers = client.numbers(TAG)
    const answer = { runs: [{ first: 500n, count: 1 }], texts: [], algorithm: 'segment', degraded: false }
    transport.script.push(answer)
    assert.equal(await numbers.next(), 500)
    transport.script.push(answer)
    const waiting = numbers.next()
    await clock.advance(1000)
    assert.equal(await waiting, 1)
    assert.deepEqual(warnings, [])
  })

  test('an answer with another number of IDs than was asked for is thrown away', async () => {
    const { client, transport } = clientWorld()
    const numbers = client.numbers(TAG)
    transport.script.push({
      runs: [{ first: 5n, count: 3 }],
      texts: [],
      algorithm: 'segment',
      degraded: false,
    })
    await assert.rejects(numbers.next(), (error) => codeOf(error) === 'IDGEN_CLIENT_ANSWER_INVALID')
  })

  test('what does not come in time is asked for in smaller blocks, which grow again', async () => {
    const world = clientWorld({ minBlock: 1000, attemptMs: 100, deadlineMs: 60_000 })
    const { client, clock, transport } = world
    transport.script.push('hang', 'hang', serviceError('IDGEN_DEADLINE_EXCEEDED', true))
    const numbers = client.numbers(TAG)
    const waiting = numbers.batch(300)
    await clock.advance(5000)
    await waiting
    assert.deepEqual(counts(world).slice(0, 5), [1000, 500, 250, 125, 250])
    await numbers.batch(2000)
    assert.ok(counts(world).some((count) => count >= 1000))
  })

  test('Retry-After is kept to', async () => {
    const { client, clock, transport } = clientWorld()
    transport.script.push(serviceError('IDGEN_SEGMENT_UNAVAILABLE', true, 1000))
    const waiting = client.numbers(TAG).next()
    await clock.advance(990)
    assert.equal(transport.requests.length, 1)
    await clock.advance(120)
    assert.equal(await waiting, 1)
  })

  test('all tags together repeat no more than the budget', async () => {
    const { client, clock, transport } = clientWorld({ retriesPerSecond: 1, deadlineMs: 2000 })
    transport.behaviours.set('test://a', serviceError('IDGEN_SEGMENT_UNAVAILABLE', true))
    const calls = Array.from({ length: 100 }, (_, i) => client.numbers(`acme/shop/t${i}`).next())
    const ended = Promise.allSettled(calls)
    await clock.advance(2000)
    await ended
    assert.ok(transport.requests.length <= 100 + 25 + 2, `${transport.requests.length} requests`)
  })

  for (const [what, code, retryable] of [
    ['a tag that cannot be had', 'IDGEN_SEGMENT_UNAVAILABLE', true],
    ['a tag that does not exist', 'IDGEN_TAG_NOT_FOUND', false],
    ['an address where something else than idgen answers', 'IDGEN_CLIENT_ANSWER_INVALID', false],
  ] as const)
    test(`${what} is not asked again at once by those who do not wait`, async () => {
      const { client, clock, transport } = clientWorld()
      transport.behaviours.set('test://a', serviceError(code, retryable))
      const numbers = client.numbers(TAG)
      for (let i = 0; i < 100; i += 1) {
        assert.throws(() => numbers.nextSync())
        await clock.advance(10)
      }
      assert.ok(transport.requests.length < 12, `${transport.requests.length} requests`)
    })
})
