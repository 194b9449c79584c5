import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdgenClientError } from './core/client-error.ts'
import type { NumberIds } from './ids/number-ids.ts'
import { clientWorld, TAG } from './test-doubles/client-world.ts'
import { serviceError } from './test-doubles/scripted-transport.ts'

function withCode(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof IdgenClientError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  }
}

describe('forms of IDs', () => {
  test('numbers, bigints and decimals of one tag come from one block, none twice', async () => {
    const { client } = clientWorld({ minBlock: 10 })
    const numbers = client.numbers(TAG)
    assert.equal(await numbers.next(), 1)
    assert.equal(client.bigints(TAG).nextSync(), 2n)
    assert.equal(client.decimals(TAG).nextSync(), '3')
    assert.equal(numbers.nextSync(), 4)
    assert.deepEqual(await numbers.batch(3), [5, 6, 7])
    assert.deepEqual(numbers.origin, { algorithm: 'segment', degraded: false })
  })

  test('values above 2^53 are refused as numbers, are not spent by that, and are whole as bigint and text', async () => {
    const { client, transport } = clientWorld({ minBlock: 10 })
    transport.nextValue = 2n ** 53n + 1n
    const numbers = client.numbers(TAG)
    await assert.rejects(numbers.next(), withCode('IDGEN_NUMBER_UNSAFE'))
    assert.throws(() => numbers.nextSync(), withCode('IDGEN_NUMBER_UNSAFE'))
    assert.throws(() => numbers.takeSync(new Float64Array(2)), withCode('IDGEN_NUMBER_UNSAFE'))
    await assert.rejects(numbers.batch(2), withCode('IDGEN_NUMBER_UNSAFE'))
    assert.equal(client.bigints(TAG).nextSync(), 9007199254740993n)
    assert.equal(client.decimals(TAG).nextSync(), '9007199254740994')
  })

  test('a tag that recovered issues numbers again a second later, not when its block ends', async () => {
    const { client, clock, transport } = clientWorld({ minBlock: 100 })
    const numbers = client.numbers(TAG)
    transport.nextValue = 2n ** 60n
    await assert.rejects(numbers.next(), withCode('IDGEN_NUMBER_UNSAFE'))
    const degraded = transport.requests.length
    for (let tenth = 0; tenth < 100; tenth += 1) {
      await clock.advance(100)
      assert.throws(() => numbers.nextSync(), withCode('IDGEN_NUMBER_UNSAFE'))
    }
    const looks = transport.requests.slice(degraded)
    assert.ok(looks.length >= 9 && looks.length <= 12, `${looks.length} looks in ten seconds`)
    assert.ok(looks.every(({ count }) => count === 1))

    transport.nextValue = 7n
    await clock.advance(1000)
    assert.throws(() => numbers.nextSync(), withCode('IDGEN_NUMBER_UNSAFE'))
    await clock.settle()
    assert.equal(numbers.nextSync(), 7)
    assert.deepEqual(await numbers.batch(3), [8, 9, 10])
  })

  test('numbers pass over a degraded block that has others behind it, in every call', async () => {
    const degraded = (at: bigint) => ({
      runs: [{ first: 2n ** 60n + at, count: 4 }],
      texts: [],
      algorithm: 'snowflake',
      degraded: true,
    })
    const calls: ((numbers: NumberIds) => Promise<number | undefined>)[] = [
      (numbers) => numbers.next(),
      async (numbers) => numbers.nextSync(),
      async (numbers) => (await numbers.batch(2))[0],
      async (numbers) => {
        const target = new Float64Array(2)
        await numbers.take(target)
        return target[0]
      },
    ]
    for (const call of calls) {
      const { client, transport } = clientWorld({ minBlock: 4 })
      const numbers = client.numbers(TAG)
      transport.script.push(degraded(0n))
      await numbers.prefetch(4)
      await numbers.prefetch(8)
      assert.equal(await call(numbers), 1)
    }
  })

  test('takeSync over safe and unsafe values takes all or nothing', async () => {
    const { client, transport } = clientWorld({ minBlock: 6 })
    const numbers = client.numbers(TAG)
    const runs = [
      { first: 5n, count: 2 },
      { first: 2n ** 60n, count: 4 },
    ]
    transport.script.push({ runs, texts: [], algorithm: 'snowflake', degraded: true })
    await numbers.prefetch(6)
    const target = new Float64Array(3)
    assert.throws(() => numbers.takeSync(target), withCode('IDGEN_NUMBER_UNSAFE'))
    assert.deepEqual([...target], [0, 0, 0])
    assert.ok(numbers.available >= 6)
    await numbers.prefetch(12)
    numbers.takeSync(target)
    assert.deepEqual([...target], [5, 6, 1], 'those between are burnt')
    assert.equal(numbers.nextSync(), 2)
  })

  test('takeSync asks for more where unsafe values stand before too few safe ones', async () => {
    const { client, transport } = clientWorld({ minBlock: 5 })
    const numbers = client.numbers(TAG)
    const runs = [{ first: 2n ** 60n, count: 5 }]
    transport.script.push({ runs, texts: [], algorithm: 'snowflake', degraded: true })
    await numbers.prefetch(5)
    await numbers.prefetch(6)
    const target = new Float64Array(numbers.available - 4)
    assert.throws(() => numbers.takeSync(target), withCode('IDGEN_CLIENT_EMPTY'))
    await numbers.prefetch(target.length)
    numbers.takeSync(target)
    assert.deepEqual(
      [...target],
      Array.from(target, (_, i) => i + 1),
    )
  })

  test('the last safe value is a number still', async () => {
    const { client, transport } = clientWorld({ minBlock: 2 })
    transport.nextValue = 2n ** 53n - 2n
    assert.deepEqual(await client.numbers(TAG).batch(2), [2 ** 53 - 2, 2 ** 53 - 1])
  })

  test('typed arrays are filled over the ends of runs', async () => {
    const { client, transport } = clientWorld()
    transport.nextValue = 2n ** 60n
    transport.runMax = 3
    const ids = client.bigints(TAG)
    await ids.prefetch(10)
    const taken = new BigUint64Array(8)
    ids.takeSync(taken)
    assert.deepEqual(
      [...taken],
      Array.from({ length: 8 }, (_, i) => 2n ** 60n + BigInt(i)),
    )
    assert.equal(ids.nextSync(), 2n ** 60n + 8n)
    assert.equal(ids.available, 1)
    const waited = new BigUint64Array(5)
    await ids.take(waited)
    assert.equal(waited[0], 2n ** 60n + 9n)
    assert.equal(waited[4], 2n ** 60n + 13n)
  })

  test('a typed array is filled over the carry into the upper half', async () => {
    for (const nextValue of [2n ** 32n - 2n, 2n ** 62n + 2n ** 33n - 2n]) {
      const { client, transport } = clientWorld()
      transport.nextValue = nextValue
      const taken = new BigUint64Array(new ArrayBuffer(48), 8, 5)
      await client.bigints(TAG).take(taken)
      assert.deepEqual(
        [...taken],
        Array.from({ length: 5 }, (_, i) => nextValue + BigInt(i)),
      )
    }
  })

  test('UUIDs come as text, and numbers are refused where UUIDs are wanted', async () => {
    const { client, transport } = clientWorld({ minBlock: 4 })
    assert.match(await client.uuids(TAG).next(), /^01984f0e-5b6a-7c3f-8f6e-0{11}1$/)
    transport.script.push({ runs: [], texts: ['4', '5'], algorithm: 'segment', degraded: true })
    const other = client.uuids('acme/shop/other', { minBlock: 2 })
    await assert.rejects(other.next(), withCode('IDGEN_CLIENT_WRONG_KIND'))
    assert.throws(() => other.nextSync(), withCode('IDGEN_CLIENT_WRONG_KIND'))
    await assert.rejects(other.next(), withCode('IDGEN_CLIENT_WRONG_KIND'))
    await assert.rejects(other.batch(2), withCode('IDGEN_CLIENT_WRONG_KIND'))
    assert.equal(client.texts('acme/shop/other').nextSync(), '4')
  })

  test('what a format writes is no UUID, also where it is as long as one', async () => {
    const { client, transport } = clientWorld({ minBlock: 2 })
    const texts = ['INV-20261127-00000000000000000000001', '01984f0e-5b6a-0001-0000-000000000001']
    assert.deepEqual(new Set(texts.map(({ length }) => length)), new Set([36]))
    transport.script.push({ runs: [], texts, algorithm: 'segment', degraded: false })
    await assert.rejects(client.uuids(TAG).next(), withCode('IDGEN_CLIENT_WRONG_KIND'))
    assert.equal(client.texts(TAG).nextSync(), texts[0])
    await assert.rejects(client.uuids(TAG).next(), withCode('IDGEN_CLIENT_WRONG_KIND'))
  })

  test('an iterator goes on without an end', async () => {
    const { client } = clientWorld()
    const seen: number[] = []
    for await (const id of client.numbers(TAG)) {
      seen.push(id)
      if (seen.length === 5) break
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5])
  })

  test('a batch may be larger than what is ever in memory', async () => {
    const { client, transport } = clientWorld({ maxBlock: 100 })
    const ids = await client.numbers(TAG).batch(1050)
    assert.deepEqual(
      ids,
      Array.from({ length: 1050 }, (_, i) => i + 1),
    )
    assert.ok(transport.requests.every(({ count }) => count <= 100))
  })
})

describe('what is not there', () => {
  test('nextSync says what to do when nothing is in memory, and asks for more', async () => {
    const { client, clock } = clientWorld()
    const numbers = client.numbers(TAG)
    assert.throws(() => numbers.nextSync(), withCode('IDGEN_CLIENT_EMPTY'))
    await clock.settle()
    assert.equal(numbers.nextSync(), 1)
  })

  test('every form has an ID at once after a look, and says so when there is none', async () => {
    const { client, clock } = clientWorld({ minBlock: 5 })
    const numeric = [client.numbers(TAG), client.bigints(TAG), client.decimals(TAG)]
    for (const ids of [...numeric, client.uuids('acme/shop/sessions')]) {
      client.dropBlocks()
      assert.throws(() => ids.nextSync(), withCode('IDGEN_CLIENT_EMPTY'))
      await clock.settle()
      const first = ids.nextSync()
      assert.notEqual(ids.nextSync(), first)
    }
  })

  test('a Float64Array that has to wait is filled', async () => {
    const { client } = clientWorld({ maxBlock: 4 })
    const target = new Float64Array(10)
    await client.numbers(TAG).take(target)
    assert.deepEqual([...target], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('takeSync fills the array or takes nothing', async () => {
    const { client } = clientWorld()
    const numbers = client.numbers(TAG)
    await numbers.prefetch(5)
    assert.throws(() => numbers.takeSync(new Float64Array(6)), withCode('IDGEN_CLIENT_EMPTY'))
    assert.equal(numbers.available, 5)
    const taken = new Float64Array(5)
    numbers.takeSync(taken)
    assert.deepEqual([...taken], [1, 2, 3, 4, 5])
  })

  test('a call that may not wait any longer ends, and the ID stays for the next', async () => {
    const { client, clock, transport } = clientWorld()
    transport.held = true
    const numbers = client.numbers(TAG)
    const late = assert.rejects(numbers.next({ deadlineMs: 50 }), withCode('IDGEN_CLIENT_DEADLINE'))
    await clock.advance(50)
    await late
    transport.release()
    await clock.settle()
    assert.equal(numbers.nextSync(), 1)
  })

  test('a loop over IDs with a signal ends with its reason', async () => {
    const { client } = clientWorld()
    const controller = new AbortController()
    const reason = new Error('enough')
    const seen: number[] = []
    await assert.rejects(async () => {
      for await (const id of client.numbers(TAG).each({ signal: controller.signal })) {
        seen.push(id)
        if (seen.length === 3) controller.abort(reason)
      }
    }, reason)
    assert.equal(new Set(seen).size, 3)
  })

  test('a call that is aborted throws the reason of its signal', async () => {
    const { client, clock, transport } = clientWorld()
    transport.held = true
    const controller = new AbortController()
    const reason = new Error('the request went away')
    const aborted = assert.rejects(client.numbers(TAG).next({ signal: controller.signal }), reason)
    await clock.settle()
    controller.abort(reason)
    await aborted
    assert.deepEqual(clock.timers.holding, 0)
    await assert.rejects(client.numbers(TAG).next({ signal: AbortSignal.abort(reason) }), reason)
  })

  test('more calls than may wait are refused', async () => {
    const { client, clock, transport } = clientWorld({ maxWaiting: 2 })
    transport.held = true
    const numbers = client.numbers(TAG)
    const waiting = [numbers.next(), numbers.next()]
    await assert.rejects(numbers.next(), withCode('IDGEN_CLIENT_OVERLOADED'))
    transport.release()
    await clock.settle()
    assert.deepEqual(await Promise.all(waiting), [1, 2])
  })

  test('many who wait are served by one request, in their order', async () => {
    const { client, transport } = clientWorld()
    const numbers = client.numbers(TAG)
    const ids = await Promise.all(Array.from({ length: 50 }, () => numbers.next()))
    assert.deepEqual(
      ids,
      Array.from({ length: 50 }, (_, i) => i + 1),
    )
    assert.equal(transport.requests[0]?.count, 50)
  })

  test('an error that no retry mends reaches every caller as it is, and is asked for once', async () => {
    const { client, transport } = clientWorld()
    transport.behaviours.set('test://a', serviceError('IDGEN_TAG_NOT_FOUND', false))
    const numbers = client.numbers(TAG)
    const calls = await Promise.allSettled([numbers.next(), numbers.next()])
    for (const call of calls)
      assert.equal((call as { reason: IdgenClientError }).reason.code, 'IDGEN_TAG_NOT_FOUND')
    assert.equal(transport.requests.length, 1)
  })
})

describe('the end', () => {
  test('close fails calls that wait, ends timers and connections, and refuses what comes after', async () => {
    const { client, clock, transport } = clientWorld({ keep: 5 })
    transport.held = true
    const numbers = client.numbers(TAG)
    const waiting = assert.rejects(numbers.next(), withCode('IDGEN_CLIENT_CLOSED'))
    await clock.settle()
    client.close()
    client.close()
    await waiting
    assert.deepEqual(clock.timers, { holding: 0, loose: 0 })
    assert.equal(transport.closed, true)
    assert.throws(() => numbers.nextSync(), withCode('IDGEN_CLIENT_CLOSED'))
    await assert.rejects(numbers.next(), withCode('IDGEN_CLIENT_CLOSED'))
    assert.throws(() => client.numbers(TAG), withCode('IDGEN_CLIENT_CLOSED'))
    transport.release()
    await clock.settle()
    assert.equal(numbers.available, 0, 'an answer that was under way is burnt')
  })

  test('close ends the rest before another try as well', async () => {
    const { client, clock, transport } = clientWorld()
    transport.behaviours.set('test://a', serviceError('IDGEN_SEGMENT_UNAVAILABLE', true))
    const waiting = assert.rejects(client.numbers(TAG).next(), withCode('IDGEN_CLIENT_CLOSED'))
    await clock.settle()
    assert.deepEqual(clock.timers, { holding: 1, loose: 1 })
    client.close()
    await waiting
    assert.deepEqual(clock.timers, { holding: 0, loose: 0 })
  })

  test('nothing but a call that waits keeps the process alive', async () => {
    const { client, clock, transport } = clientWorld({ keep: 5 })
    transport.held = true
    const numbers = client.numbers(TAG)
    await clock.settle()
    assert.equal(clock.timers.holding, 0)
    const waiting = numbers.next()
    await clock.settle()
    assert.equal(clock.timers.holding, 1)
    transport.release()
    await waiting
    assert.equal(clock.timers.holding, 0)
  })

  test('a client holds no more tags than its limit', () => {
    const { client } = clientWorld()
    for (let tag = 0; tag < 10_000; tag += 1) client.numbers(`acme/shop/t${tag}`)
    assert.throws(() => client.numbers('acme/shop/one-more'), withCode('IDGEN_CLIENT_OPTION_INVALID'))
    client.numbers('acme/shop/t9999')
  })
})
