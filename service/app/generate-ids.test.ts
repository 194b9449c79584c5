import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveTagOptions } from '../../test/fixtures/live-tag-options.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { AlgorithmName } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { RouterEvent } from '../core/router.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../core/snowflake-layout.ts'
import { DEFAULT_SPACE } from '../core/tag.ts'
import { UuidV4 } from '../core/uuid-v4.ts'
import { UuidV7 } from '../core/uuid-v7.ts'
import { GenerateIds } from './generate-ids.ts'
import { LiveTag } from './live-tag.ts'

const LAYOUT = snowflakeLayout(DEFAULT_EPOCH_MS)

function world(chain: readonly AlgorithmName[], step = 10) {
  const clock = new MemoryClock()
  const store = new ScriptedSegments()
  const snowflake = new Snowflake({ layout: LAYOUT, seed: 1 })
  let next = 0
  const fill = (bytes: Uint8Array): void => {
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = next++ % 251
  }
  const at = new Date(0)
  const tag = new LiveTag(
    {
      id: 1,
      generation: 'test',
      workspace: 'w',
      group: 'g',
      name: 't',
      displayName: '',
      chain,
      step: { base: step, min: step, max: step },
      space: DEFAULT_SPACE,
      version: 1,
      createdAt: at,
      updatedAt: at,
    },
    liveTagOptions({
      store,
      clock,
      snowflake,
      shared: { snowflake, 'uuid-v7': new UuidV7(fill), 'uuid-v4': new UuidV4(fill) },
    }),
  )
  const events: RouterEvent[] = []
  const generate = new GenerateIds({
    clock,
    deadlineMs: 2000,
    maxWaiting: 200,
    onRouterEvent: (_tag, event) => events.push(event),
    extendTime: () => Promise.resolve(),
    refillUuids: () => {},
  })
  return { clock, store, snowflake, tag, generate, events }
}

function numbers(batch: IdBatch): number[] {
  const out: number[] = []
  for (let run = 0; run < batch.runCount; run += 1)
    for (let i = 0; i < batch.runLength(run); i += 1)
      out.push(batch.runHi(run) * 2 ** 32 + batch.runLo(run) + i)
  return out
}

async function refusal(promise: Promise<unknown>): Promise<IdgenError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof IdgenError, 'it must be refused with an IdgenError')
  return thrown
}

test('a hundred callers on an empty segment share one allocation and are all served, no number twice', async () => {
  const { generate, tag, store } = world(['segment'], 1000)
  store.mode = 'hold'
  const batches = Array.from({ length: 100 }, () => new IdBatch())
  const served = Promise.all(batches.map((batch) => generate.take(tag, 1, batch)))
  await settle()
  assert.equal(store.allocations, 1)
  store.mode = 'answer'
  store.release()
  await served
  assert.equal(new Set(batches.flatMap(numbers)).size, 100)
})

test('IDs in memory are handed out without a promise', async () => {
  const { generate, tag } = world(['segment'])
  await generate.take(tag, 1, new IdBatch())
  const batch = new IdBatch()
  assert.equal(generate.tryTake(tag, 3, batch), true)
  assert.deepEqual(numbers(batch), [2, 3, 4])
  assert.equal(batch.algorithm, 'segment')
  assert.equal(batch.degraded, false)
})

test('a batch larger than the step is served from several grants, in order', async () => {
  const { generate, tag } = world(['segment'], 7)
  const batch = new IdBatch()
  await generate.take(tag, 50, batch)
  assert.deepEqual(
    numbers(batch),
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
})

test('when the store fails the tag degrades, says so once, and comes back by itself', async () => {
  const { generate, tag, store, snowflake, clock, events } = world(['segment', 'snowflake'])
  const now = clock.nowMs()
  snowflake.install({ dc: 0, worker: 1, fromMs: now, untilMs: now + 60_000 })
  store.mode = 'fail'
  const batches = Array.from({ length: 20 }, () => new IdBatch())
  await Promise.all(batches.map((batch) => generate.take(tag, 2, batch)))
  for (const batch of batches) {
    assert.equal(batch.algorithm, 'snowflake')
    assert.equal(batch.degraded, true)
    for (const value of numbers(batch))
      assert.ok(value >= 2 ** 53, 'a snowflake value lies above all segment values')
  }
  assert.deepEqual(
    events.map(({ kind, from, to }) => `${kind} ${from} ${to}`),
    ['degraded segment snowflake'],
  )
  store.mode = 'answer'
  clock.advance(5000)
  tag.refiller.preload(clock.nowMs())
  await settle()
  assert.equal(tag.router.probe(clock.nowMs())?.to, 'segment')
  const batch = new IdBatch()
  await generate.take(tag, 1, batch)
  assert.deepEqual([batch.algorithm, batch.degraded], ['segment', false])
})

test('a store that does not answer within the deadline degrades too, and its late grant is used, not lost', async () => {
  const { generate, tag, store, clock } = world(['segment', 'uuid-v7'])
  store.mode = 'hold'
  const batch = new IdBatch()
  const taken = generate.take(tag, 1, batch)
  await settle()
  clock.advance(1001)
  await taken
  assert.equal(batch.algorithm, 'uuid-v7')
  store.mode = 'answer'
  store.release()
  await settle()
  assert.equal(tag.buffer.stats().granted, 10)
})

test('a batch never mixes two algorithms when the router moves while it waits', async () => {
  const { generate, tag, store, snowflake, clock } = world(['segment', 'snowflake'], 10)
  const now = clock.nowMs()
  snowflake.install({ dc: 0, worker: 1, fromMs: now, untilMs: now + 60_000 })
  await generate.take(tag, 5, new IdBatch())
  store.mode = 'fail'
  const batches = [new IdBatch(), new IdBatch(), new IdBatch()]
  await Promise.all(batches.map((batch) => generate.take(tag, 30, batch)))
  for (const batch of batches) {
    const sides = new Set(numbers(batch).map((value) => value >= 2 ** 53))
    assert.equal(sides.size, 1)
    assert.equal(batch.count, 30)
  }
})

test('a tag deleted while callers wait ends them with TAG_NOT_FOUND and issues nothing more', async () => {
  const { generate, tag, store } = world(['segment'])
  store.mode = 'hold'
  const waiting = refusal(generate.take(tag, 1, new IdBatch()))
  await settle()
  const retired = tag.retire(false)
  store.mode = 'answer'
  store.release()
  await retired
  assert.equal((await waiting).code, 'IDGEN_TAG_NOT_FOUND')
  assert.equal(generate.tryTake(tag, 1, new IdBatch()), false)
})

test('at the end of the chain the answer is 503 with Retry-After and every reason', async () => {
  const { generate, tag, store } = world(['segment', 'snowflake'])
  store.mode = 'fail'
  const error = await refusal(generate.take(tag, 1, new IdBatch()))
  assert.equal(error.code, 'IDGEN_ALGORITHMS_EXHAUSTED')
  assert.equal(error.row.http, 503)
  assert.ok(error.retryAfterMs !== undefined)
  assert.match(error.message, /segment: .*database.*snowflake: .*worker id/)
})

test('a chain of one answers its own error', async () => {
  const { generate, tag, store } = world(['segment'])
  store.mode = 'fail'
  assert.equal((await refusal(generate.take(tag, 1, new IdBatch()))).code, 'IDGEN_STORE_UNAVAILABLE')
})

test('more waiting requests than allowed are refused at once', async () => {
  const { generate, tag, store } = world(['segment'], 1000)
  store.mode = 'hold'
  const waiting = Array.from({ length: 200 }, () => generate.take(tag, 1, new IdBatch()))
  const error = await refusal(generate.take(tag, 1, new IdBatch()))
  assert.equal(error.code, 'IDGEN_OVERLOADED')
  store.mode = 'answer'
  store.release()
  await Promise.all(waiting)
  assert.equal(generate.waiting, 0)
})

test('changed limits count for the next request', async () => {
  const { generate, tag } = world(['segment'])
  generate.configure({ deadlineMs: 2000, maxWaiting: 0 })
  assert.equal((await refusal(generate.take(tag, 1, new IdBatch()))).code, 'IDGEN_OVERLOADED')
})

test('after stop nothing is issued, also not from memory', async () => {
  const { generate, tag } = world(['segment'])
  await generate.take(tag, 1, new IdBatch())
  generate.stop()
  assert.equal(generate.tryTake(tag, 1, new IdBatch()), false)
  assert.equal((await refusal(generate.take(tag, 1, new IdBatch()))).code, 'IDGEN_SHUTTING_DOWN')
})

test('a segment still on its way at a clean stop is waited for and returned whole, never issued', async () => {
  const { generate, tag, store } = world(['segment'])
  store.mode = 'hold'
  const waiting = refusal(generate.take(tag, 1, new IdBatch()))
  await settle()
  const retired = tag.retire(true)
  await settle()
  assert.deepEqual(store.returned, [])
  store.mode = 'answer'
  store.release()
  await retired
  assert.equal((await waiting).code, 'IDGEN_TAG_NOT_FOUND')
  assert.deepEqual(store.returned, [{ lo: 1, hi: 11 }])
  assert.equal(tag.buffer.stats().issued, 0)
})

test('after a stop no allocation begins, and a refused return ends all returning', async () => {
  const { generate, tag, store, clock } = world(['segment'])
  await generate.take(tag, 3, new IdBatch())
  let asked = 0
  store.giveBack = () => {
    asked += 1
    return Promise.resolve(false)
  }
  await tag.refiller.stop()
  await tag.refiller.giveBack([
    { lo: 21, hi: 31 },
    { lo: 4, hi: 11 },
  ])
  assert.equal(asked, 1)
  tag.refiller.preload(clock.nowMs())
  await settle()
  assert.equal(store.allocations, 1)
})

test('a removed tag issues nothing, whatever its algorithm', async () => {
  const { generate, tag } = world(['uuid-v4'])
  assert.equal(generate.tryTake(tag, 1, new IdBatch()), true)
  await tag.retire(true)
  assert.equal(generate.tryTake(tag, 1, new IdBatch()), false)
})

test('a wait that never ends is ended by the deadline', async () => {
  const { generate, tag, snowflake, clock } = world(['snowflake'])
  const now = clock.nowMs()
  snowflake.install({ dc: 0, worker: 1, fromMs: now, untilMs: now + 60_000 })
  // More than the borrow limit allows, and the wall clock stands still while monotonic time passes.
  const waiting = refusal(generate.take(tag, 5_000_000, new IdBatch()))
  for (let round = 0; round < 2100; round += 1) {
    clock.advance(1)
    clock.step(-1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal((await waiting).code, 'IDGEN_DEADLINE_EXCEEDED')
})

test('a clean stop returns the unused end of the segment in use', async () => {
  const { generate, tag, store } = world(['segment'])
  await generate.take(tag, 3, new IdBatch())
  await tag.retire(true)
  assert.deepEqual(store.returned, [{ lo: 4, hi: 11 }])
})
