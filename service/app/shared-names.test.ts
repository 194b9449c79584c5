import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { configKey, rangeKey, tombstoneKey, witnessKey } from '../core/coordination-keys.ts'
import { rangeClaimOf } from '../core/range-claim.ts'
import type { Tag } from '../core/tag.ts'
import { printTagRecord } from '../core/tag-record.ts'
import { parseTombstone } from '../core/tombstone.ts'
import type { CoordinatorOutcome, CoordinatorTransaction } from '../ports/coordinator.ts'
import { closeWitnesses } from './close-witness.ts'
import { parseWitness, printWitness } from './segment-witness.ts'
import { SharedNames } from './shared-names.ts'

const PATH = 'w/g/t'
const TAG: Tag = {
  ...newTag('t'),
  generation: 'a'.repeat(32),
  id: 1,
  version: 1,
  createdAt: new Date(0),
  updatedAt: new Date(0),
}
const CLAIM = rangeClaimOf(TAG)

function opened() {
  const etcd = new MemoryCoordinator(new MemoryCoordination(new MemoryClock()))
  const put = (key: string, value: string) => etcd.transact({ compare: [], change: [{ put: key, value }] })
  const value = async (key: string) => (await etcd.get(key))?.value
  return { etcd, put, value, names: new SharedNames(etcd, 'one'), others: new SharedNames(etcd, 'two') }
}

test('what was published is known as our own until somebody else writes the key', async () => {
  const { names, others, put } = opened()
  const revision = await names.publish(await names.read(PATH), TAG)
  const reading = await names.read(PATH)
  assert.equal(reading.config?.modRevision, revision)
  assert.equal(names.viewOf(reading, false).own, true)
  assert.equal(others.viewOf(reading, false).own, false)
  await put(configKey(PATH), 'by hand')
  assert.equal(names.viewOf(await names.read(PATH), false).own, false)
})

test('nothing is written over what changed since it was read: key, claim or tombstone', async () => {
  for (const key of [configKey(PATH), rangeKey(PATH), tombstoneKey(PATH)]) {
    const { names, put, value } = opened()
    await names.publish(await names.read(PATH), TAG)
    const reading = await names.read(PATH)
    await put(key, 'changed')
    assert.equal(await names.publish(reading, TAG), undefined)
    assert.equal(await names.claim(reading, CLAIM), undefined)
    assert.equal(await names.remove(reading, undefined), undefined)
    // A key that somebody edited goes with its tag.
    assert.equal(await names.bury(reading, TAG, 5), key === configKey(PATH))
    if (key !== configKey(PATH)) assert.equal(await value(key), 'changed')
  }
})

test('a claim is taken back by who made it, unless somebody made it newer since', async () => {
  const { names, others, value } = opened()
  const first = await names.claim(await names.read(PATH), CLAIM)
  assert.ok(first?.claim !== undefined)
  const joined = await others.claim(await others.read(PATH), CLAIM)
  assert.ok(joined?.claim !== undefined)
  await names.unclaim(first)
  assert.ok((await value(rangeKey(PATH))) !== undefined)
  await others.unclaim(joined)
  assert.equal(await value(rangeKey(PATH)), undefined)
  await names.unclaim(await names.read(PATH))
})

test('a claim whose settings are there stays: whoever saw both counts on its tag; any other key is in nobody’s way', async () => {
  for (const [generation, stays] of [
    [TAG.generation, true],
    ['c'.repeat(32), false],
  ] as const) {
    const { names, put, value } = opened()
    const made = await names.claim(await names.read(PATH), CLAIM)
    assert.ok(made !== undefined)
    await put(configKey(PATH), printTagRecord({ ...TAG, generation }))
    await names.unclaim(made)
    assert.equal((await value(rangeKey(PATH))) !== undefined, stays)
  }
})

test('a claim is not taken back while somebody writes its settings', async () => {
  const { etcd, names, put, value } = opened()
  const made = await names.claim(await names.read(PATH), CLAIM)
  assert.ok(made !== undefined)
  const get = etcd.get.bind(etcd)
  etcd.get = async (key) => {
    const entry = await get(key)
    await put(configKey(PATH), printTagRecord(TAG))
    return entry
  }
  await names.unclaim(made)
  etcd.get = get
  assert.ok((await value(rangeKey(PATH))) !== undefined)
})

test('a name that another tag owns keeps its keys when ours is buried, and our numbers stay used', async () => {
  const { names, value } = opened()
  await names.publish(await names.read(PATH), TAG)
  const ours = { ...TAG, generation: 'b'.repeat(32) }
  assert.equal(await names.bury(await names.read(PATH), ours, 700), true)
  assert.ok((await value(configKey(PATH))) !== undefined)
  assert.deepEqual(parseTombstone((await value(tombstoneKey(PATH))) ?? ''), {
    generation: ours.generation,
    highWater: 700,
  })
})

test('a tombstone is left where there is none, raised, and never lowered or guessed at', async () => {
  const { names, put, value } = opened()
  const [ours, theirs] = ['b'.repeat(32), 'c'.repeat(32)]
  const tombstone = async () => parseTombstone((await value(tombstoneKey(PATH))) ?? '')
  await names.raiseTombstone(PATH, { generation: theirs, highWater: 50 })
  await names.raiseTombstone(PATH, { generation: ours, highWater: 40 })
  assert.deepEqual(await tombstone(), { generation: theirs, highWater: 50 })
  await names.raiseTombstone(PATH, { generation: ours, highWater: 60 })
  assert.deepEqual(await tombstone(), { generation: theirs, highWater: 60 }, 'etcd knows who was the last')
  await put(tombstoneKey(PATH), 'rubbish')
  await names.raiseTombstone(PATH, { generation: ours, highWater: 70 })
  assert.equal(await value(tombstoneKey(PATH)), 'rubbish')
})

test('a deletion that began shows by the closed witness', async () => {
  const { names, etcd } = opened()
  assert.equal(await names.isClosed(TAG.generation), false)
  await closeWitnesses(etcd, TAG)
  assert.equal(await names.isClosed(TAG.generation), true)
})

test('all witnesses of a tag are closed, also those never made, and the highest of all is told', async () => {
  const { etcd, put, value } = opened()
  await put(witnessKey(TAG.generation, 1), printWitness({ used: 1500, ceiling: 1900, history: 'h' }))
  assert.equal(await closeWitnesses(etcd, TAG), 1900)
  assert.equal(await closeWitnesses(etcd, TAG), 1900, 'again')
  for (const dc of [0, 1])
    assert.equal(parseWitness((await value(witnessKey(TAG.generation, dc))) ?? '').closed, true)
  const untouched = { generation: 'e'.repeat(32), space: { ...SMALL_SPACE, startAt: 77 } }
  assert.equal(await closeWitnesses(etcd, untouched), 77)
})

test('a witness at the end of all numbers can be closed; one that nobody can read stops the deletion', async () => {
  const { etcd, put } = opened()
  const end = 2 ** 53
  await put(witnessKey(TAG.generation, 0), printWitness({ used: end, ceiling: end, history: 'h' }))
  assert.equal(await closeWitnesses(etcd, TAG), end)
  for (const text of ['rubbish', 'null', '{"used":1}', `{"used":1,"ceiling":1e400,"history":""}`]) {
    await put(witnessKey(TAG.generation, 1), text)
    await rejectsWith('IDGEN_SPACE_MISMATCH', closeWitnesses(etcd, TAG))
  }
})

/** Somebody else moves the witness before each of the next transactions. */
class BusyCoordinator extends MemoryCoordinator {
  moves = 0

  override async transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
    if (this.moves > 0) {
      this.moves -= 1
      const moved = printWitness({ used: 1, ceiling: 10_000 - this.moves, history: 'h' })
      await super.transact({ compare: [], change: [{ put: witnessKey(TAG.generation, 0), value: moved }] })
    }
    return await super.transact(transaction)
  }
}

test('a witness that moves all the time is closed in the end, or the deletion says so', async () => {
  const busy = new BusyCoordinator(new MemoryCoordination(new MemoryClock()))
  busy.moves = 5
  assert.equal(await closeWitnesses(busy, TAG), 10_000, 'the last of them')
  const moving = new BusyCoordinator(new MemoryCoordination(new MemoryClock()))
  moving.moves = 1000
  const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', closeWitnesses(moving, TAG))
  assert.match(error.message, /delete the tag again/)
})
