import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type MemoryUseCases, memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { LiveTag } from './live-tag.ts'
import type { TagRequest } from './tag-request.ts'

const ACTOR = { actor: 'test', traceId: undefined }

interface World extends MemoryUseCases {
  readonly tag: LiveTag
  readonly store: ScriptedSegments
}

async function world(t: TestContext, request: TagRequest): Promise<World> {
  const store = new ScriptedSegments()
  const memory = await memoryUseCases({ outside: { segments: store } })
  t.after(() => memory.stop())
  const { catalog, directory } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 't' }, request)
  return { ...memory, store, tag: await directory.resolve('w/g/t') }
}

async function run({ useCases, tag }: World, count: number): Promise<[number, number]> {
  const batch = new IdBatch()
  await useCases.generate.takeRun(tag, count, batch)
  assert.equal(batch.runCount, 1)
  return [batch.runLo(0), batch.runLength(0)]
}

test('a run longer than a segment is had whole, and what lay in memory before it is left out', async (t) => {
  const here = await world(t, { step: { base: 100, max: 100 } })
  assert.deepEqual(await run(here, 10), [1, 10])
  assert.deepEqual(await run(here, 5000), [101, 5000])
  const { requests, ids } = here.tag.served.segment
  assert.deepEqual([requests, ids], [2, 5010])
})

test('a run that is in memory is had without a promise', async (t) => {
  const here = await world(t, { step: { base: 100, max: 100 } })
  await run(here, 10)
  const batch = new IdBatch()
  assert.equal(here.useCases.generate.tryTakeRun(here.tag, 90, batch), true)
  assert.equal(batch.runLo(0), 11)
  assert.equal(here.useCases.generate.tryTakeRun(here.tag, 1000, new IdBatch()), false)
})

test('many who wait for runs are all served, with numbers of their own', async (t) => {
  const here = await world(t, { step: { base: 100, max: 100 } })
  const runs = await Promise.all(Array.from({ length: 30 }, (_, i) => run(here, 150 + i)))
  runs.sort(([a], [b]) => a - b)
  for (const [i, [first]] of runs.entries()) {
    const [before, count] = runs[i - 1] ?? [0, 1]
    assert.ok(first >= before + count, `${first} follows ${before} × ${count}`)
  }
})

test('a store that fails refuses the run and leaves the tag where it is: numbers in memory still serve others', async (t) => {
  const here = await world(t, { step: { base: 100, max: 100 } })
  await run(here, 10)
  here.store.mode = 'fail'
  await assert.rejects(run(here, 500), { code: 'IDGEN_STORE_UNAVAILABLE', retryAfterMs: 1000 })
  assert.equal(here.tag.router.active.name, 'segment')
  const batch = new IdBatch()
  assert.equal(here.useCases.generate.tryTake(here.tag, 90, batch), true)
  assert.equal(batch.runLo(0), 11)
})

test('a store that does not answer is not waited for longer than the deadline', async (t) => {
  const here = await world(t, {})
  here.store.mode = 'hold'
  const refused = assert.rejects(run(here, 500), { code: 'IDGEN_SEGMENT_UNAVAILABLE' })
  await settle()
  here.clock.advance(2000)
  await refused
  here.store.release()
})

for (const [what, request, count, code] of [
  ['a tag of snowflakes has no such runs', { algorithm: 'snowflake' }, 5, 'IDGEN_REQUEST_INVALID'],
  ['a tag of UUIDs has no such runs', { algorithm: 'uuid-v7' }, 5, 'IDGEN_REQUEST_INVALID'],
  [
    'a run longer than a cell will never come',
    { step: { base: 100, max: 1000 }, space: { cellSize: 1000 } },
    1001,
    'IDGEN_COUNT_OUT_OF_RANGE',
  ],
] as const)
  test(`${what}, and nothing is spent`, async (t) => {
    const here = await world(t, request)
    await assert.rejects(run(here, count), { code })
    assert.throws(() => here.useCases.generate.tryTakeRun(here.tag, count, new IdBatch()), { code })
    assert.equal(here.store.allocations, 0)
  })

test('a tag that has degraded says to come back', async (t) => {
  const here = await world(t, { chain: ['segment', 'uuid-v7'] })
  here.store.mode = 'fail'
  await here.useCases.generate.take(here.tag, 1, new IdBatch())
  await assert.rejects(run(here, 5), { code: 'IDGEN_ALGORITHMS_EXHAUSTED', retryAfterMs: 1000 })
})

test('after the stop, and of a removed tag, there are none', async (t) => {
  const here = await world(t, {})
  await run(here, 5)
  await here.tag.retire(false)
  await assert.rejects(run(here, 5), { code: 'IDGEN_TAG_NOT_FOUND' })
  here.useCases.generate.stop()
  await assert.rejects(run(here, 5), { code: 'IDGEN_SHUTTING_DOWN' })
})
