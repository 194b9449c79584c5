import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { BlockWorld } from '../../test/fixtures/block-world.ts'
import { CuttableCoordinator } from '../../test/fixtures/joined-databases.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { IdgenError } from '../core/errors.ts'
import { DEFAULT_STEP } from '../core/tag.ts'
import type { CoordinatorOutcome, CoordinatorTransaction } from '../ports/coordinator.ts'
import { type AdvancedTag, AdvanceTags } from './advance-tags.ts'
import { AuditTrail } from './audit-trail.ts'
import { raiseFloor } from './block-floor.ts'
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

/** Tells the exchange of a process from the advance: its records wait until they are let go. */
class LateRecords extends MemoryCoordinator {
  readonly #gate = Promise.withResolvers<void>()
  late = false

  letGo(): void {
    this.#gate.resolve()
  }

  override async transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
    if (this.late && transaction.change.some((each) => 'put' in each && each.put.startsWith('/blocks/')))
      await this.#gate.promise
    return await super.transact(transaction)
  }
}

test('blocks that are on their way to etcd while it runs are used by nobody, whenever they get there', async () => {
  const world = new BlockWorld()
  const { tagId, generation } = await world.newTag()
  const connection = new LateRecords(world.etcd)
  const stopped = world.newProcess({ coordinator: connection })
  await stopped.allocate(tagId, 0, 100, generation)
  world.clock.advance(1000)
  connection.late = true
  await stopped.allocate(tagId, 0, 100, generation)
  const { audit } = await opened()
  const catalog = new MemoryCatalogStore(world.catalog)
  const coordinator = new MemoryCoordinator(world.etcd)
  const tags = new AdvanceTags({ catalog, allocator: world.newStore(), audit, coordinator })
  await tags.advance(ACTOR, 'w/g/t', { to: 500_000 }, () => {})
  connection.letGo()
  await stopped.stop()
  assert.notEqual(world.etcd.list('/blocks/').entries.length, 0, 'they got there')
  assert.equal((await world.newProcess().allocate(tagId, 0, 100, generation)).lo, 500_000)
})

test('of two advances at the same time the higher one holds for blocks, and blocks above it are used', async () => {
  const world = new BlockWorld()
  const list = await world.newTag()
  const coordinator = new MemoryCoordinator(world.etcd)
  await Promise.all([900, 300, 700].map((floor) => raiseFloor(coordinator, list, floor)))
  await world.newStore().allocate(list.tagId, 0, 800)
  await world.newExchange().putAside(list, await world.newStore().allocate(list.tagId, 0, 300), 100)
  const grant = await world.newProcess().allocate(list.tagId, 0, 100, list.generation)
  assert.deepEqual(grant, { lo: 900, hi: 1000 })
  assert.equal(world.asked, 2, 'it came out of the cache')
})

test('a floor that somebody wrote over lets no block through, and an advance puts it right', async () => {
  const world = new BlockWorld()
  const list = await world.newTag()
  const key = `/block-floors/${list.generation}/0`
  const coordinator = new MemoryCoordinator(world.etcd)
  await coordinator.transact({ compare: [], change: [{ put: key, value: 'what is this' }] })
  await world.newExchange().putAside(list, await world.newStore().allocate(list.tagId, 0, 100), 100)
  assert.equal((await world.newProcess().allocate(list.tagId, 0, 10, list.generation)).lo, 100)
  await raiseFloor(coordinator, list, 100)
  assert.equal((await coordinator.get(key))?.value, '100')
})

test('where etcd goes away between the row and the blocks it fails, and is done by the next one', async () => {
  const world = new BlockWorld()
  const list = await world.newTag()
  await world.newExchange().putAside(list, await world.newStore().allocate(list.tagId, 0, 400), 100)
  const coordinator = new CuttableCoordinator(world.etcd)
  const catalog = new MemoryCatalogStore(world.catalog)
  const { audit } = await opened()
  const tags = new AdvanceTags({ catalog, allocator: world.newStore(), audit, coordinator })
  for (let after = 0; after < 4; after += 1) {
    coordinator.cut = { after, lost: after % 2 === 0 ? 'request' : 'answer' }
    await rejectsWith(
      'IDGEN_COORDINATION_UNAVAILABLE',
      tags.advance(ACTOR, 'w/g/t', { to: 500_000 + after }, () => {}),
    )
  }
  coordinator.cut = undefined
  await tags.advance(ACTOR, 'w/g/t', { to: 1 }, () => {})
  assert.deepEqual(world.etcd.list('/blocks/').entries, [])
  assert.ok((await world.newProcess().allocate(list.tagId, 0, 100, list.generation)).lo >= 500_003)
})

test('it never lowers what was reached', async () => {
  const { tags, newTag, allocator } = await opened()
  const tag = await newTag('t')
  await allocator.allocate(tag.id, 0, 5000)
  await tags.advance(ACTOR, 'w/g/t', { to: 10 }, () => {})
  assert.equal(
    (await allocator.allocate(tag.id, 0, 1)).lo,
    5001,
    'one number above: nothing comes back below',
  )
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
