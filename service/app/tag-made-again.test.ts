import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { DEFAULT_SPACE, type NumberSpace } from '../core/tag.ts'
import { AuditTrail } from './audit-trail.ts'
import { LeaveWitness } from './leave-witness.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { parseWitness, printWitness } from './segment-witness.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }

async function rest(...centres: readonly JoinedDatabase[]): Promise<void> {
  for (let round = 0; round < 3; round += 1)
    for (const centre of centres) {
      await centre.ranges.check()
      await centre.sync.compareAll()
      await centre.sync.settled()
    }
}

test('a tag made again repeats nothing that a data centre granted which is cut off, after etcd was restored', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  await one.catalog.createTag(newTag('t'))
  await rest(one, two)
  const used = [...(await one.grant('t')), ...(await two.grant('t'))]
  const backup = etcd.snapshot()
  for (let round = 0; round < 20; round += 1) used.push(...(await two.grant('t')))
  two.coordinator.away = true
  etcd.restore(backup)
  await one.catalog.deleteTag(REF, undefined)
  await one.catalog.createTag(newTag('t'))
  const again: number[] = []
  for (let round = 0; round < 120; round += 1) again.push(...(await one.grant('t')))
  two.coordinator.away = false
  await rest(one, two)
  // It may be refused; what it gives must be new as well.
  again.push(...(await two.grant('t').catch(() => [])))
  assert.ok(again.length > 100)
  assert.deepEqual(
    again.filter((number) => used.includes(number)),
    [],
  )
  assert.equal(new Set(again).size, again.length)
})

test('one that wants to begin higher begins in the pattern of cells of the one before', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  await one.catalog.createTag(newTag('t'))
  await rest(one, two)
  const used = [...(await one.grant('t')), ...(await two.grant('t'))]
  const backup = etcd.snapshot()
  // Into the cells of the rounds that the new tag lies in, for all that etcd will know.
  for (let round = 0; round < 250; round += 1) used.push(...(await two.grant('t')))
  two.coordinator.away = true
  etcd.restore(backup)
  await one.catalog.deleteTag(REF, undefined)
  const { space } = await one.catalog.createTag(newTag('t', { space: { ...SMALL_SPACE, startAt: 2501 } }))
  assert.ok(space.startAt >= 2501 && (space.startAt - SMALL_SPACE.startAt) % 2000 === 0)
  const again: number[] = []
  for (let round = 0; round < 300; round += 1) again.push(...(await one.grant('t')))
  assert.deepEqual(
    again.filter((number) => used.includes(number)),
    [],
  )
})

/** Data centre 1 had the tag and gave numbers before there was an etcd; it joins, and data centre 0 takes the tag in. */
async function joinedLater(grants: number) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const tag = await two.store.createTag(newTag('t'))
  const alone = new SegmentAllocator({ ledger: new MemorySegmentLedger(two.memory) })
  const used: number[] = []
  for (let round = 0; round < grants; round += 1) {
    const { lo, hi } = await alone.allocate(tag.id, 1, 10)
    for (let number = lo; number < hi; number += 1) used.push(number)
  }
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  return { etcd, one, two, tag, used }
}

const ANY_SPACE: readonly NumberSpace[] = [
  SMALL_SPACE,
  { ...SMALL_SPACE, startAt: 501 },
  { ...SMALL_SPACE, cellSize: 5000 },
  { ...SMALL_SPACE, dcCount: 1 },
]

for (const space of ANY_SPACE)
  test(`numbers that were given before the database joined are known to who deletes the tag: ${JSON.stringify(space)}`, async () => {
    const { one, two, used } = await joinedLater(250)
    await rest(two, one)
    await one.catalog.deleteTag(REF, undefined)
    // Data centre 1 has granted nothing since it joined, and does not hear of the deletion before.
    await one.catalog.createTag(newTag('t', { space }))
    const again: number[] = []
    for (let round = 0; round < 300; round += 1) again.push(...(await one.grant('t')))
    assert.deepEqual(
      again.filter((number) => used.includes(number)),
      [],
    )
  })

test('a tombstone lies in the pattern of cells also where the raise to it failed once', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const space = { ...SMALL_SPACE, dcCount: 3 }
  const centres = await Promise.all(
    [0, 1, 2].map((dc) => new JoinedDatabase({ clock, etcd, dc }).withGroup()),
  )
  const [one, two, three] = centres
  assert.ok(one !== undefined && two !== undefined && three !== undefined)
  await one.catalog.createTag(newTag('t', { space }))
  await rest(one, two, three)
  const used: number[] = []
  for (const centre of centres) used.push(...(await centre.grant('t')))
  const backup = etcd.snapshot()
  for (let round = 0; round < 300; round += 1) used.push(...(await two.grant('t')))
  for (let round = 0; round < 500; round += 1) used.push(...(await three.grant('t')))
  three.coordinator.away = true
  etcd.restore(backup)
  await one.catalog.deleteTag(REF, undefined)
  // Two hears of the deletion, and knows of more; its only call that says so in etcd is lost.
  const raise = two.names.raiseTombstone.bind(two.names)
  let lost = 0
  two.names.raiseTombstone = async (...told) => {
    lost += 1
    if (lost > 1) return await raise(...told)
    throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'cut')
  }
  await two.sync.compareAll()
  await two.sync.settled()
  assert.equal(lost, 1)
  await rest(two, one)
  const made = await one.catalog.createTag(newTag('t', { space }))
  assert.equal((made.space.startAt - space.startAt) % (space.cellSize * space.dcCount), 0)
  const again: number[] = []
  for (let round = 0; round < 600; round += 1) again.push(...(await one.grant('t')))
  assert.deepEqual(
    again.filter((number) => used.includes(number)),
    [],
  )
})

test('the witness of a database that joins says how far it got, and costs it no number', async () => {
  const { etcd, one, two, tag, used } = await joinedLater(3)
  const record = () => etcd.get(witnessKey(tag.generation, 1))?.value
  await two.sync.compareAll()
  await two.sync.settled()
  const next = Math.max(...used) + 1
  assert.deepEqual(parseWitness(record() ?? ''), { used: 0, ceiling: next, history: '' })
  assert.equal(etcd.get(witnessKey(tag.generation, 0)), undefined, 'the other data centre granted nothing')
  await rest(one)
  assert.equal((await two.grant('t'))[0], next)
  assert.equal((await one.grant('t'))[0], SMALL_SPACE.startAt)
})

test('one that granted nothing says nothing, and a record that knows more stays as it is', async () => {
  const fresh = await joinedLater(0)
  await rest(fresh.two)
  assert.equal(fresh.etcd.get(witnessKey(fresh.tag.generation, 1)), undefined)
  const { etcd, two, tag } = await joinedLater(3)
  const known = printWitness({ used: 1500, ceiling: 1900, history: 'database 1/1' })
  const put = { put: witnessKey(tag.generation, 1), value: known }
  await two.coordinator.transact({ compare: [], change: [put] })
  await rest(two)
  assert.equal(etcd.get(witnessKey(tag.generation, 1))?.value, known)
})

test('a tag whose witness cannot be read is not published, and one that was cut off is later', async () => {
  const { etcd, two, tag } = await joinedLater(3)
  const key = witnessKey(tag.generation, 1)
  await two.coordinator.transact({ compare: [], change: [{ put: key, value: 'what is this' }] })
  await two.sync.sync('w/g/t')
  assert.equal(etcd.get('/ranges/w/g/t'), undefined)
  await two.coordinator.transact({ compare: [], change: [{ delete: key }] })
  for (let after = 0; after < 5; after += 1) {
    two.coordinator.cut = { after, lost: 'request' }
    await two.sync.sync('w/g/t')
    const claimed = etcd.get('/ranges/w/g/t') !== undefined
    assert.equal(etcd.get(key) !== undefined, claimed, 'both or none')
  }
  two.coordinator.cut = undefined
  await rest(two)
  assert.notEqual(etcd.get('/ranges/w/g/t'), undefined)
})

test('a name whose tag began at 0 and was granted nothing takes no format in any data centre', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const draft = newTag('t')
  await one.catalog.createTag({ ...draft, chain: ['snowflake'], space: { ...draft.space, startAt: 0 } })
  await one.catalog.deleteTag(REF, undefined)
  const space = { ...draft.space, format: { prefix: '52', width: 16 } }
  // The second one never had the tag, and hears of it from the tombstone.
  for (const { catalog } of [one, two])
    await rejectsWith('IDGEN_IMMUTABLE', catalog.createTag({ ...draft, chain: ['segment'], space }))
})

/** Two of three data centres grant of a tag; then `idgen coordination switch --to postgres` runs in data centre 1. */
async function oneLeaves(space: NumberSpace, grants: number) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 2 }).withGroup()
  const tag = await one.catalog.createTag(newTag('t', { space }))
  await rest(one, two)
  const used: number[] = []
  for (let round = 0; round < grants; round += 1)
    used.push(...(await one.grant('t')), ...(await two.grant('t')))
  const backup = etcd.snapshot()
  const { memory, coordinator, sync } = one
  const ledger = new MemorySegmentLedger(memory)
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  await new LeaveWitness({ ledger, coordinator, sync, audit }).run(COMMAND, 1)
  const allocator = new SegmentAllocator({ ledger })
  const grantAlone = async (id: number): Promise<number[]> => {
    const { lo, hi } = await allocator.allocate(id, 1, 10)
    return Array.from({ length: hi - lo }, (_, i) => lo + i)
  }
  used.push(...(await grantAlone(tag.id)))
  // As random as a database without etcd draws them; the counted ones of two databases are the same.
  memory.newGeneration = () => 'ab'.repeat(16)
  return { etcd, one, two, tag, used, backup, grantAlone }
}

for (const [space, startAt] of [
  [{ startAt: 1, cellSize: 1000, dcCount: 3 }, 1],
  [{ startAt: 1, cellSize: 1000, dcCount: 3 }, 4501],
  [DEFAULT_SPACE, 1],
  [DEFAULT_SPACE, 2 ** 35 + 4501],
] as const)
  test(`a database that left etcd makes a tag again and repeats nothing of those that share its name there: ${JSON.stringify(space)} from ${startAt}`, async () => {
    const { one, two, used, grantAlone } = await oneLeaves(space, 20)
    await one.store.deleteTag(REF, undefined)
    const made = await one.store.createTag(newTag('t', { space: { ...space, startAt } }))
    const all = [...used]
    for (let round = 0; round < 250; round += 1)
      all.push(...(await grantAlone(made.id)), ...(await two.grant('t')))
    assert.equal(new Set(all).size, all.length)
  })

test('the grave of a database that left etcd and came back is a tombstone like any other', async () => {
  const { etcd, one, two, tag, used, backup, grantAlone } = await oneLeaves({ ...SMALL_SPACE, dcCount: 3 }, 1)
  for (let round = 0; round < 130; round += 1) used.push(...(await grantAlone(tag.id)))
  for (let round = 0; round < 330; round += 1) used.push(...(await two.grant('t')))
  await one.store.deleteTag(REF, undefined)
  two.coordinator.away = true
  etcd.restore(backup)
  await rest(one)
  await one.catalog.createTag(newTag('t', { space: { ...SMALL_SPACE, dcCount: 3 } }))
  const all = [...used]
  for (let round = 0; round < 300; round += 1) all.push(...(await one.grant('t')))
  assert.equal(new Set(all).size, all.length)
})

const COMMAND = { actor: 'cli', traceId: undefined }
