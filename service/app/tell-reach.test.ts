import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { parseWitness, printWitness } from './segment-witness.ts'
import { tellReach } from './tell-reach.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }

/** Two data centres share a tag; the second one leaves etcd, and grants by its database alone. */
async function left() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  await one.catalog.createTag(newTag('t'))
  for (const { sync } of [one, two]) {
    await sync.compareAll()
    await sync.settled()
  }
  const tag = (await two.store.findTag(REF)) ?? assert.fail('it was taken in')
  const alone = new SegmentAllocator({ ledger: new MemorySegmentLedger(two.memory) })
  const used: number[] = []
  for (let round = 0; round < 250; round += 1) {
    const { lo, hi } = await alone.allocate(tag.id, 1, 10)
    for (let number = lo; number < hi; number += 1) used.push(number)
  }
  return { etcd, one, two, tag, used }
}

test('a database that comes back tells of what it granted of tags that were published before', async () => {
  const { one, two, used } = await left()
  assert.equal(await tellReach({ catalog: two.store, coordinator: two.coordinator }), 1)
  assert.equal(await tellReach({ catalog: two.store, coordinator: two.coordinator }), 0, 'told once')
  await one.catalog.deleteTag(REF, undefined)
  await one.catalog.createTag(newTag('t', { space: { ...SMALL_SPACE, cellSize: 5000 } }))
  const again: number[] = []
  for (let round = 0; round < 300; round += 1) again.push(...(await one.grant('t')))
  assert.deepEqual(
    again.filter((number) => used.includes(number)),
    [],
  )
})

test('who is granted meanwhile goes on, and etcd knows the higher of both', async () => {
  const { etcd, two, tag, used } = await left()
  let granted: number[] = []
  two.coordinator.before = async () => {
    two.coordinator.before = undefined
    granted = await two.grant('t')
  }
  await tellReach({ catalog: two.store, coordinator: two.coordinator })
  assert.equal(granted[0], Math.max(...used) + 1)
  const { ceiling } = parseWitness(etcd.get(witnessKey(tag.generation, 1))?.value ?? '')
  assert.ok(ceiling > Math.max(...granted))
})

test('it fails while etcd is away, and where a record cannot be read', async () => {
  const { two, tag } = await left()
  const told = () => tellReach({ catalog: two.store, coordinator: two.coordinator })
  two.coordinator.away = true
  await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', told())
  two.coordinator.away = false
  const put = { put: witnessKey(tag.generation, 1), value: 'what is this' }
  await two.coordinator.transact({ compare: [], change: [put] })
  await rejectsWith('IDGEN_SPACE_MISMATCH', told())
})

test('of a tag whose name is not agreed upon nothing is told, and nothing granted', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  await one.catalog.createTag(newTag('t'))
  for (let round = 0; round < 400; round += 1) await one.grant('t')
  const two = await new JoinedDatabase({ clock, etcd, dc: 1, publishedOnly: true }).withGroup()
  const own = await two.store.createTag(newTag('t', { space: { ...SMALL_SPACE, cellSize: 5000 } }))
  const alone = new SegmentAllocator({ ledger: new MemorySegmentLedger(two.memory) })
  await alone.allocate(own.id, 1, 10)
  assert.equal(await tellReach({ catalog: two.store, coordinator: two.coordinator }), 0)
  // The first look at the names failed, and requests come before the next one.
  await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', two.grant('t'))
  // As a build that told of every tag left it.
  const key = witnessKey(own.generation, 1)
  await two.coordinator.transact({
    compare: [],
    change: [{ put: key, value: printWitness({ used: 0, ceiling: 6000, history: '' }) }],
  })
  await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', two.grant('t'))
})

test('a tag that cannot be told of stops none of the others', async () => {
  const { etcd, two } = await left()
  const others = await Promise.all(
    Array.from({ length: 40 }, (_, i) => two.catalog.createTag(newTag(`other-${i}`))),
  )
  const alone = new SegmentAllocator({ ledger: new MemorySegmentLedger(two.memory) })
  for (const { id } of others) for (let i = 0; i < 20; i += 1) await alone.allocate(id, 1, 100)
  const [bad] = others
  await two.coordinator.transact({
    compare: [],
    change: [{ put: witnessKey(bad?.generation ?? '', 1), value: 'not a record' }],
  })
  const error = await rejectsWith(
    'IDGEN_SPACE_MISMATCH',
    tellReach({ catalog: two.store, coordinator: two.coordinator }),
  )
  assert.match(error.message, /^Of 1 tags/)
  const told = others.filter(({ generation }) => etcd.get(witnessKey(generation, 1)) !== undefined)
  assert.equal(told.length, 40)
})
