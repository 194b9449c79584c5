import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { BlockWorld, overlap, TTL_MS } from '../../test/fixtures/block-world.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import type { BlockList } from '../ports/block-cache.ts'
import type { SharedBlocks } from './shared-blocks.ts'

let world: BlockWorld
let tag: BlockList
let one: SharedBlocks
let two: SharedBlocks
beforeEach(async () => {
  world = new BlockWorld()
  tag = await world.newTag()
  one = world.newProcess()
  two = world.newProcess()
})

function take(from: SharedBlocks, step = 100): Promise<SegmentGrant> {
  return from.allocate(tag.tagId, tag.dc, step, tag.generation)
}

/** Two misses a second apart: the second one puts a block aside. */
async function missTwice(): Promise<void> {
  await take(one)
  world.clock.advance(1000)
  await take(one)
  await one.settled()
}

describe('an allocation', () => {
  test('that finds nothing takes several steps of the database, keeps the first and puts the rest aside', async () => {
    assert.deepEqual(await take(one), { lo: 0, hi: 100 })
    assert.equal(await world.cache.count(tag), 0, 'nothing is known of the tag yet')
    world.clock.advance(1000)
    assert.deepEqual(await take(one), { lo: 100, hi: 200 })
    await one.settled()
    assert.equal(await world.cache.count(tag), 1)
    assert.deepEqual([one.hits, one.misses, world.asked], [0, 2, 2])
  })

  test('that finds a block asks no database, in any process', async () => {
    await missTwice()
    assert.deepEqual(await take(two), { lo: 200, hi: 300 })
    assert.deepEqual([two.hits, two.misses, world.asked], [1, 0, 2])
    assert.deepEqual(await take(two), { lo: 300, hi: 400 })
    assert.deepEqual([two.hits, two.misses, world.asked], [1, 1, 3])
  })

  test('is served by the database again when the blocks have expired', async () => {
    await missTwice()
    world.clock.advance(TTL_MS)
    assert.deepEqual(await take(two), { lo: 300, hi: 400 })
    assert.deepEqual([two.hits, world.asked], [0, 3])
  })

  test('puts nothing aside while blocks are being put aside', async () => {
    const held = Promise.withResolvers<void>()
    const coordinator = new MemoryCoordinator(world.etcd)
    const grantLease = coordinator.grantLease.bind(coordinator)
    coordinator.grantLease = (ttlMs) => held.promise.then(() => grantLease(ttlMs))
    const slow = world.newProcess({ coordinator })
    for (let i = 0; i < 4; i += 1) {
      await take(slow)
      world.clock.advance(1000)
    }
    held.resolve()
    await slow.settled()
    assert.equal(await world.cache.count(tag), 1)
  })

  test('far above the usual ones takes its own numbers, and leaves the blocks alone', async () => {
    await missTwice()
    const big = await take(one, 10_000)
    assert.equal(big.hi - big.lo, 10_000)
    assert.equal(await world.cache.count(tag), 1)
  })

  test('goes to the database where sharing is off, stopped, or the tag is not named by its generation', async () => {
    await missTwice()
    const off = world.newProcess({ blocks: 0 })
    assert.equal((await take(off)).lo, 300)
    assert.equal((await two.allocate(tag.tagId, tag.dc, 100)).lo, 400)
    await one.stop()
    assert.equal((await take(one)).lo, 500)
    assert.equal(await world.cache.count(tag), 1)
    assert.deepEqual([off.hits, off.misses, two.hits, two.misses], [0, 0, 0, 0])
  })

  test('never shares blocks of another tag that had the same id before the database was restored', async () => {
    await missTwice()
    const again = { ...tag, generation: 'f'.repeat(32) }
    await rejectsWith('IDGEN_TAG_NOT_FOUND', two.allocate(tag.tagId, tag.dc, 100, again.generation))
    assert.equal(await world.cache.count(tag), 1)
  })

  test('refuses a step out of bounds, and tells what the database refuses', async () => {
    for (const step of [0, 0.5, 100_000_001]) await assert.rejects(take(one, step), /invariant broken/)
    await rejectsWith('IDGEN_TAG_NOT_FOUND', one.allocate(999, 0, 100, tag.generation))
  })

  test('takes what it needs alone where a database without its witness grants no more', async () => {
    const store = world.newStore()
    const allocate = store.allocate.bind(store)
    store.allocate = (tagId, dc, step, generation) =>
      step > 100
        ? Promise.reject(new IdgenError('IDGEN_WITNESS_UNAVAILABLE', 'no more'))
        : allocate(tagId, dc, step, generation)
    const alone = world.newProcess({ store })
    await take(alone)
    world.clock.advance(1000)
    assert.deepEqual(await take(alone), { lo: 100, hi: 200 })
    assert.equal(await alone.giveBack(tag.tagId, tag.dc, { lo: 150, hi: 200 }, tag.generation), true)
    await rejectsWith('IDGEN_WITNESS_UNAVAILABLE', take(alone, 101))
  })
})

describe('stores that are away', () => {
  test('etcd: allocations go to the database, one waits and one block is burnt each time it is tried', async () => {
    await missTwice()
    world.etcd.away = 'cut'
    for (let i = 0; i < 50; i += 1) await take(two)
    assert.deepEqual([two.hits, two.misses, two.dropped], [0, 0, 1])
    assert.equal(world.asked, 52)
    assert.equal(await world.cache.count(tag), 0)
    world.clock.advance(1000)
    for (let i = 0; i < 50; i += 1) await take(two)
    await two.settled()
    assert.equal(two.burnt, 1, 'one try to put a block aside, then it rests again')
    world.etcd.away = undefined
    world.clock.advance(2000)
    await missTwice()
    assert.equal(await world.cache.count(tag), 1)
  })

  test('Redis: allocations go to the database one step each, and nothing is put aside', async () => {
    world.cache.away = true
    const grants = []
    for (let i = 0; i < 10; i += 1) {
      world.clock.advance(10)
      grants.push(await take(one))
    }
    await one.settled()
    assert.equal(overlap(grants), undefined)
    assert.deepEqual(grants.at(-1), { lo: 900, hi: 1000 }, 'no number was left out')
    assert.deepEqual([one.hits, one.misses, one.burnt], [0, 0, 0])
    assert.equal(world.etcd.list('/blocks/').entries.length, 0)
  })

  test('Redis that loses its answers costs numbers, which count against the budget', async () => {
    await take(one)
    world.clock.advance(1000)
    const push = world.cache.push.bind(world.cache)
    world.cache.push = async (...call) => {
      await push(...call)
      throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'lost')
    }
    for (let i = 0; i < 20; i += 1) {
      await take(one)
      await one.settled()
      world.cache.flush()
      world.clock.advance(1000)
    }
    assert.equal(one.burnt, 1)
  })
})

describe('giving back', () => {
  test('is for grants that stayed whole', async () => {
    const back = (from: SharedBlocks, lo: number, hi: number) =>
      from.giveBack(tag.tagId, tag.dc, { lo, hi }, tag.generation)
    const first = await take(one)
    assert.equal(await back(two, 50, first.hi), false)
    assert.equal(await back(one, 50, first.hi), true)
    await missTwice()
    const [kept, block] = [await take(two), await take(two)]
    assert.equal(two.hits, 1)
    assert.equal(await back(two, kept.lo + 1, kept.hi), false, 'a block')
    assert.equal(await back(two, block.lo + 1, block.hi), true, 'a grant of its own')
  })

  test('never returns the own part of a grant whose rest was put aside', async () => {
    await take(one)
    world.clock.advance(1000)
    const own = await take(one)
    await one.settled()
    world.cache.flush()
    assert.equal(await one.giveBack(tag.tagId, tag.dc, { lo: own.lo + 1, hi: own.hi }, tag.generation), false)
    assert.equal(world.returns, 0, 'the database is not even asked')
  })

  test('never returns a block, also not to the process that put it aside', async () => {
    await missTwice()
    const block = await take(one)
    assert.equal(one.hits, 1)
    assert.equal(
      await one.giveBack(tag.tagId, tag.dc, { lo: block.lo + 1, hi: block.hi }, tag.generation),
      false,
    )
  })
})

describe('prewarming', () => {
  const BUSY = () => Promise.resolve([{ ...tag, step: 100 }])

  test('puts blocks aside for busy tags, so that the first requests need no database', async () => {
    await one.prewarm(BUSY)
    assert.equal(await world.cache.count(tag), 4)
    for (const lo of [0, 100, 200, 300]) assert.equal((await take(two)).lo, lo)
    assert.deepEqual([two.hits, world.asked], [4, 1])
  })

  test('is not done again while blocks lie there', async () => {
    await one.prewarm(BUSY)
    await two.prewarm(BUSY)
    assert.deepEqual([await world.cache.count(tag), world.asked], [4, 1])
  })

  test('ends without an error at the first trouble', async () => {
    const other = await world.newTag('other')
    const gone = { ...tag, tagId: 999 }
    const busy = () =>
      Promise.resolve([gone, tag, other, tag, other, tag, other].map((list) => ({ ...list, step: 100 })))
    await one.prewarm(busy)
    assert.ok(world.asked <= 4)
    world.cache.away = true
    await one.prewarm(busy)
    world.cache.away = false
    await one.prewarm(() => Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'the database is away')))
    assert.ok(world.log.lines.some(({ fields }) => /database is away/.test(String(fields['why']))))
    world.etcd.away = 'cut'
    await one.prewarm(BUSY)
    assert.ok(world.asked <= 4)
  })

  test('does nothing where sharing is off, and is waited for at the stop', async () => {
    const off = world.newProcess({ blocks: 0 })
    await off.prewarm(BUSY)
    assert.equal(world.asked, 0)
    let ended = false
    const asking = Promise.withResolvers<[]>()
    const warming = one.prewarm(() => asking.promise)
    const stopping = one.stop().then(() => (ended = true))
    await settle()
    assert.equal(ended, false)
    asking.resolve([])
    await Promise.all([warming, stopping])
  })
})

describe('what is passed through', () => {
  test('ranges and their use are those of the database', async () => {
    assert.equal(await one.initialiseAll(0), 1)
    await one.initialise(tag.tagId, 0)
    assert.deepEqual(
      (await one.usage(0)).map(({ tagId }) => tagId),
      [tag.tagId],
    )
  })

  test('more blocks than one transaction of etcd can hold are refused at once', () => {
    assert.throws(() => world.newProcess({ blocks: 65 }), /blocks is 0..64/)
  })
})
