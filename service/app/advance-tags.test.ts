import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { BlockWorld } from '../../test/fixtures/block-world.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { IdgenError } from '../core/errors.ts'
import { DEFAULT_STEP } from '../core/tag.ts'
import { type AdvancedTag, AdvanceTags } from './advance-tags.ts'
import { AuditTrail } from './audit-trail.ts'
import { SegmentAllocator } from './segment-allocator.ts'

const ACTOR = { actor: 'cli', traceId: undefined }

async function opened() {
  const clock = new MemoryClock()
  const memory = new MemoryCatalog(clock)
  const catalog = new MemoryCatalogStore(memory)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const allocator = new SegmentAllocator({ ledger: new MemorySegmentLedger(memory) })
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  const newTag = (name: string, space = { startAt: 0, cellSize: 1_000_000, dcCount: 2 }) =>
    catalog.createTag({
      workspace: 'w',
      group: 'g',
      name,
      displayName: '',
      chain: ['segment'],
      step: DEFAULT_STEP,
      space,
    })
  return { allocator, newTag, sink, audit, tags: new AdvanceTags({ catalog, allocator, audit }) }
}

test('nothing below the number is granted any more, in any data centre, and it is audited', async () => {
  const { tags, newTag, allocator, sink, audit } = await opened()
  const tag = await newTag('t')
  const done: AdvancedTag[] = []
  await tags.advance(ACTOR, 'w/g/t', { to: 500_000 }, (each) => done.push(each))
  assert.deepEqual(done, [
    { path: 'w/g/t', dc: 0, nextValue: 500_000 },
    { path: 'w/g/t', dc: 1, nextValue: 1_000_000 },
  ])
  assert.equal((await allocator.allocate(tag.id, 0, 10)).lo, 500_000)
  await audit.flush()
  assert.equal(sink.records.filter(({ action }) => action === 'tag.advance').length, 2)
})

test('blocks that lie in Redis below the number are used by nobody any more', async () => {
  const world = new BlockWorld()
  const list = await world.newTag()
  await world.newExchange().putAside(list, await world.newStore().allocate(list.tagId, 0, 1000), 100)
  const [first, again] = [world.newProcess(), world.newProcess()]
  assert.ok((await first.allocate(list.tagId, 0, 100, list.generation)).lo < 500_000)
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock: world.clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  const catalog = new MemoryCatalogStore(world.catalog)
  const coordinator = new MemoryCoordinator(world.etcd)
  const tags = new AdvanceTags({ catalog, allocator: world.newStore(), audit, coordinator })
  await tags.advance(ACTOR, 'w/g/t', { to: 500_000 }, () => {})
  assert.equal((await again.allocate(list.tagId, 0, 100, list.generation)).lo, 500_000)
  assert.deepEqual(world.etcd.list('/blocks/').entries, [])
})

test('it never lowers what was reached', async () => {
  const { tags, newTag, allocator } = await opened()
  const tag = await newTag('t')
  await allocator.allocate(tag.id, 0, 5000)
  await tags.advance(ACTOR, 'w/g/t', { to: 10 }, () => {})
  assert.equal((await allocator.allocate(tag.id, 0, 1)).lo, 5000)
})

test('all tags leave out as many numbers as asked', async () => {
  const { tags, newTag, allocator } = await opened()
  const made = [await newTag('a'), await newTag('b')]
  for (const tag of made) await allocator.allocate(tag.id, 0, 10)
  await tags.advanceAll(ACTOR, { by: 90 }, () => {})
  for (const tag of made) assert.equal((await allocator.allocate(tag.id, 0, 1)).lo, 100)
})

test('a tag without room above keeps nobody else from being advanced, and is named at the end', async () => {
  const { tags, newTag, allocator } = await opened()
  // Two whole cells: the second ends at 2^53, the first a thousand numbers below.
  const full = await newTag('full', { startAt: 2 ** 53 - 2000, cellSize: 1000, dcCount: 2 })
  const other = await newTag('other', { startAt: 2 ** 53 - 4000, cellSize: 4000, dcCount: 1 })
  const done: AdvancedTag[] = []
  const to = 2 ** 53 - 900
  const all = tags.advanceAll(ACTOR, { to }, (each) => done.push(each))
  const error = await rejectsWith('IDGEN_REQUEST_INVALID', all)
  assert.match(error.message, /^1 tags could not be advanced/)
  assert.deepEqual(
    error.faults.map(({ path }) => path),
    ['w/g/full'],
  )
  assert.deepEqual(
    done.map(({ path, dc }) => `${path} ${dc}`),
    ['w/g/full 1', 'w/g/other 0'],
  )
  assert.ok((await allocator.allocate(other.id, 0, 1)).lo >= to)
  assert.equal((await allocator.allocate(full.id, 1, 1)).lo, to)
})

test('a tag that is deleted meanwhile is left out; a database that goes away ends the advance', async () => {
  const { tags, newTag, allocator } = await opened()
  await newTag('a')
  await newTag('b')
  const codes = ['IDGEN_TAG_NOT_FOUND', 'IDGEN_STORE_UNAVAILABLE'] as const
  const answers = [...codes]
  allocator.advance = async () => {
    throw new IdgenError(answers.shift() ?? 'IDGEN_INTERNAL', 'a test said so')
  }
  await rejectsWith(
    'IDGEN_STORE_UNAVAILABLE',
    tags.advanceAll(ACTOR, { by: 1 }, () => {}),
  )
  assert.equal(answers.length, 0)
})

test('a tag that does not exist and a number out of range are refused', async () => {
  const { tags, newTag } = await opened()
  await newTag('t')
  await rejectsWith(
    'IDGEN_TAG_NOT_FOUND',
    tags.advance(ACTOR, 'w/g/none', { to: 1 }, () => {}),
  )
  for (const to of [-1, 1.5, Number.NaN, 2 ** 53])
    await rejectsWith(
      'IDGEN_REQUEST_INVALID',
      tags.advance(ACTOR, 'w/g/t', { to }, () => {}),
    )
})
