import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { BlockWorld, TTL_MS } from '../../test/fixtures/block-world.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { blockKey } from '../core/coordination-keys.ts'
import type { BlockCache, BlockList, CachedBlock } from '../ports/block-cache.ts'
import type { BlockExchange } from './block-exchange.ts'

const LIST: BlockList = { tagId: 1, generation: 'a'.repeat(32), dc: 0 }
const NONCE = 'e'.repeat(32)
const FROM_0 = () => 0

let world: BlockWorld
let one: BlockExchange
let two: BlockExchange
beforeEach(() => {
  world = new BlockWorld()
  one = world.newExchange()
  two = world.newExchange()
})

/** A cache that answers every `pop` with the next of these, whoever pushed what. */
function cacheOf(...blocks: (CachedBlock | undefined)[]): BlockCache {
  return {
    push: () => Promise.resolve(),
    pop: () => Promise.resolve(blocks.shift()),
    count: () => Promise.resolve(0),
  }
}

function records(): string[] {
  return world.etcd.list('/blocks/').entries.map(({ key }) => key)
}

describe('a block', () => {
  test('is put aside with a record in etcd, and taken out by deleting it', async () => {
    assert.equal(await one.putAside(LIST, { lo: 1000, hi: 1250 }, 100), true)
    const lows = [1000, 1100, 1200]
    assert.deepEqual(
      records(),
      lows.map((lo) => blockKey(LIST.generation, 0, lo)),
    )
    assert.deepEqual(await two.take(LIST, FROM_0), { lo: 1000, hi: 1100 })
    assert.deepEqual(await one.take(LIST, FROM_0), { lo: 1100, hi: 1200 })
    assert.deepEqual(await two.take(LIST, FROM_0), { lo: 1200, hi: 1250 })
    assert.equal(await one.take(LIST, FROM_0), 'empty')
    assert.deepEqual(records(), [])
    assert.deepEqual([one.dropped, two.dropped, one.burnt], [0, 0, 0])
  })

  test('that the cache repeats is taken once', async () => {
    await one.putAside(LIST, { lo: 0, hi: 100 }, 100)
    const snapshot = world.cache.snapshot()
    assert.deepEqual(await one.take(LIST, FROM_0), { lo: 0, hi: 100 })
    world.cache.restore(snapshot)
    assert.equal(await two.take(LIST, FROM_0), 'empty')
    assert.equal(two.dropped, 1)
  })

  test('that somebody changed or made up is not used', async () => {
    await one.putAside(LIST, { lo: 0, hi: 100 }, 100)
    const real = await world.cache.pop(LIST, 0)
    assert.ok(real !== undefined)
    const wild: CachedBlock[] = [
      { ...real, hi: 200 },
      { ...real, nonce: NONCE },
      { ...real, lo: 1 },
      { lo: 500, hi: 600, nonce: NONCE },
      { ...real, lo: Number.NaN },
      { ...real, lo: -1 },
      { ...real, lo: 0.5 },
      { ...real, lo: 100 },
      { ...real, hi: 2 ** 53 + 2 },
      { ...real, hi: 100_000_001 },
    ]
    for (const block of wild) {
      const fooled = world.newExchange({ cache: cacheOf(block) })
      assert.equal(await fooled.take(LIST, FROM_0), 'empty')
      assert.equal(fooled.dropped, 1)
    }
    const served = world.newExchange({ cache: cacheOf(real) })
    assert.deepEqual(await served.take(LIST, FROM_0), { lo: 0, hi: 100 }, 'the real one is still good')
  })

  test('of no use is passed over four times, then the database is asked', async () => {
    const made = { lo: 0, hi: 100, nonce: NONCE }
    await one.putAside(LIST, { lo: 1000, hi: 1100 }, 100)
    const real = await world.cache.pop(LIST, 0)
    const patient = world.newExchange({ cache: cacheOf(made, made, made, real) })
    assert.deepEqual(await patient.take(LIST, FROM_0), { lo: 1000, hi: 1100 })
    const impatient = world.newExchange({ cache: cacheOf(made, made, made, made, real) })
    assert.equal(await impatient.take(LIST, FROM_0), 'empty')
    assert.equal(impatient.dropped, 4)
  })

  test('that begins below what the caller has by now is dropped, also when that came while it was confirmed', async () => {
    await one.putAside(LIST, { lo: 1000, hi: 1200 }, 100)
    assert.deepEqual(await two.take(LIST, () => 1001), { lo: 1100, hi: 1200 })
    const floors = [0, 5000, 5000]
    assert.equal(await two.take(LIST, () => floors.shift() ?? 5000), 'empty')
    assert.equal(two.dropped, 1)
    assert.deepEqual(records(), [], 'it is gone for everybody')
  })

  test('expires after its time: in the cache first, its record at the latest twice as late', async () => {
    await one.putAside(LIST, { lo: 0, hi: 100 }, 100)
    const snapshot = world.cache.snapshot()
    world.clock.advance(TTL_MS - 1)
    assert.equal(await world.cache.count(LIST), 1)
    world.clock.advance(1)
    assert.equal(await two.take(LIST, FROM_0), 'empty')
    assert.equal(records().length, 1)
    world.clock.advance(TTL_MS)
    assert.deepEqual(records(), [])
    world.cache.restore(snapshot)
    assert.equal(await two.take(LIST, FROM_0), 'empty')
  })

  test('whose record ran out while it was being taken is dropped', async () => {
    await one.putAside(LIST, { lo: 0, hi: 100 }, 100)
    const slow = world.newExchange({
      cache: {
        ...cacheOf(),
        pop: async (list, from) => {
          const block = await world.cache.pop(list, from)
          if (block !== undefined) world.clock.advance(2 * TTL_MS)
          return block
        },
      },
    })
    assert.equal(await slow.take(LIST, FROM_0), 'empty')
    assert.equal(slow.dropped, 1)
  })
})

describe('putting aside', () => {
  test('names every block by a nonce of its own, and shortens the last one', async () => {
    await one.putAside(LIST, { lo: 0, hi: 250 }, 100)
    const blocks = [
      await world.cache.pop(LIST, 0),
      await world.cache.pop(LIST, 0),
      await world.cache.pop(LIST, 0),
    ]
    assert.equal(new Set(blocks.map((block) => block?.nonce)).size, 3)
    for (const block of blocks) assert.match(block?.nonce ?? '', /^[0-9a-f]{32}$/)
    assert.deepEqual(blocks.at(-1)?.hi, 250)
  })

  test('takes 64 blocks in one transaction', async () => {
    assert.equal(await one.putAside(LIST, { lo: 0, hi: 6400 }, 100), true)
    assert.equal(await world.cache.count(LIST), 64)
  })

  test('burns blocks whose records are there already', async () => {
    await one.putAside(LIST, { lo: 100, hi: 200 }, 100)
    assert.equal(await two.putAside(LIST, { lo: 0, hi: 200 }, 100), false)
    assert.equal(two.burnt, 2)
    assert.equal(await world.cache.count(LIST), 1)
  })

  test('pushes nothing when the answer of etcd is lost', async () => {
    const coordinator = new MemoryCoordinator(world.etcd)
    const transact = coordinator.transact.bind(coordinator)
    coordinator.transact = async (transaction) => {
      await transact(transaction)
      throw new Error('the answer was lost')
    }
    const unlucky = world.newExchange({ coordinator })
    assert.equal(await unlucky.putAside(LIST, { lo: 0, hi: 100 }, 100), false)
    assert.deepEqual([unlucky.burnt, records().length, await world.cache.count(LIST)], [1, 1, 0])
    assert.equal(unlucky.resting, true)
  })

  test('counts blocks as burnt when the answer of the cache is lost; others may take them, once each', async () => {
    world.cache.loseAnswers = 1
    assert.equal(await one.putAside(LIST, { lo: 0, hi: 100 }, 100), false)
    assert.deepEqual([one.burnt, one.resting], [1, false])
    assert.deepEqual(await two.take(LIST, FROM_0), { lo: 0, hi: 100 })
    assert.equal(await one.take(LIST, FROM_0), 'empty')
  })

  test('keeps one lease for all blocks of ten minutes, and makes another when it is gone', async () => {
    let leases = 0
    const coordinator = new MemoryCoordinator(world.etcd)
    const grantLease = coordinator.grantLease.bind(coordinator)
    coordinator.grantLease = (ttlMs) => {
      leases += 1
      return grantLease(ttlMs)
    }
    const counted = world.newExchange({ coordinator })
    const empty = world.etcd.snapshot()
    for (let lo = 0; lo < 500; lo += 100) await counted.putAside(LIST, { lo, hi: lo + 100 }, 100)
    assert.equal(leases, 1)
    world.clock.advance(TTL_MS)
    await counted.putAside(LIST, { lo: 500, hi: 600 }, 100)
    assert.equal(leases, 2)
    world.etcd.restore(empty)
    assert.equal(await counted.putAside(LIST, { lo: 600, hi: 700 }, 100), false, 'its lease is unknown there')
    world.clock.advance(TTL_MS)
    assert.equal(await counted.putAside(LIST, { lo: 700, hi: 800 }, 100), false, 'and the revision went back')
    world.clock.advance(TTL_MS)
    assert.equal(await counted.putAside(LIST, { lo: 800, hi: 900 }, 100), true)
    assert.equal(leases, 4)
  })
})

describe('a store that is away', () => {
  test('makes the exchange rest while it is etcd, longer each time, until it answers', async () => {
    const rests: number[] = []
    for (let round = 0; round < 8; round += 1) {
      world.etcd.away = 'cut'
      assert.equal(await one.putAside(LIST, { lo: 0, hi: 100 }, 100), false)
      let ms = 0
      for (; one.resting; ms += 500) world.clock.advance(500)
      rests.push(ms)
    }
    assert.deepEqual(rests, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    world.etcd.away = undefined
    assert.equal(await one.putAside(LIST, { lo: 0, hi: 100 }, 100), true)
    world.etcd.away = 'cut'
    assert.equal(await one.take(LIST, FROM_0), 'away')
    world.clock.advance(1000)
    assert.equal(one.resting, false, 'after an answer it begins with a second again')
  })

  test('costs the block that was to be confirmed, and no error', async () => {
    await one.putAside(LIST, { lo: 0, hi: 200 }, 100)
    world.etcd.away = 'cut'
    assert.equal(await two.take(LIST, FROM_0), 'away')
    assert.deepEqual([two.dropped, two.resting], [1, true])
    world.etcd.away = undefined
    assert.deepEqual(await one.take(LIST, FROM_0), { lo: 100, hi: 200 })
  })

  test('is passed over without a rest when it is the cache', async () => {
    world.cache.away = true
    assert.equal(await one.take(LIST, FROM_0), 'away')
    assert.equal(await one.putAside(LIST, { lo: 0, hi: 100 }, 100), false)
    assert.equal(await one.count(LIST), undefined)
    assert.deepEqual([one.resting, one.burnt, one.dropped], [false, 1, 0])
  })

  test('waits for etcd no longer than an allocation may', async () => {
    const deadlines: (number | undefined)[] = []
    const coordinator = new MemoryCoordinator(world.etcd)
    const transact = coordinator.transact.bind(coordinator)
    const listening = Object.assign(coordinator, {
      transact: (transaction: Parameters<typeof transact>[0], deadlineMs?: number) => {
        deadlines.push(deadlineMs)
        return transact(transaction)
      },
    })
    const exchange = world.newExchange({ coordinator: listening, deadlineMs: 123 })
    await exchange.putAside(LIST, { lo: 0, hi: 100 }, 100)
    await exchange.take(LIST, FROM_0)
    assert.deepEqual(deadlines, [undefined, 123])
  })
})

/** A backup from while the block lay there; then `one` takes it; then everything is as in the backup again. */
async function takenAndForgotten({
  bumpRevision = false,
} = {}): Promise<ReturnType<typeof world.cache.snapshot>> {
  await one.putAside(LIST, { lo: 0, hi: 100 }, 100)
  const [backup, dump] = [world.etcd.snapshot(), world.cache.snapshot()]
  assert.deepEqual(await one.take(LIST, FROM_0), { lo: 0, hi: 100 })
  world.etcd.restore(backup, { bumpRevision })
  assert.equal(records().length, 1, 'the record is there again')
  return dump
}

describe('an etcd restored to before a block was taken', () => {
  test('hands it out to nobody while the cache does not repeat it', async () => {
    await takenAndForgotten()
    assert.equal(await two.take(LIST, FROM_0), 'empty')
  })

  test('hands it out to nobody when a cache that was started again or failed over repeats it', async () => {
    const runId = world.cache.runId
    const dump = await takenAndForgotten()
    const repeats = [
      () => world.cache.newRun(),
      () => world.cache.failOver(),
      () => world.cache.failBack(runId),
    ]
    for (const repeat of repeats) {
      repeat()
      world.cache.restore(dump)
      assert.equal(await world.newExchange().take(LIST, FROM_0), 'empty')
    }
  })

  for (const bumpRevision of [false, true])
    test(`is noticed by who saw more of it, whatever the cache repeats${bumpRevision ? ', where revisions were raised' : ''}`, async () => {
      const dump = await takenAndForgotten({ bumpRevision })
      world.cache.restore(dump)
      assert.equal(await one.take(LIST, FROM_0), 'away')
      assert.ok(world.log.lines.some(({ text }) => /etcd was restored/.test(text)))
      world.clock.advance(TTL_MS - 1)
      assert.equal(one.resting, true)
      world.clock.advance(1)
      assert.equal(one.resting, false)
      world.cache.restore(dump)
      assert.equal(await one.take(LIST, FROM_0), 'empty', 'by now every block from before has expired')
      await one.putAside(LIST, { lo: 100, hi: 200 }, 100)
      assert.deepEqual(await two.take(LIST, FROM_0), { lo: 100, hi: 200 })
    })

  test('is beyond the promise where the cache repeats within one run and the process saw neither (decision 0009)', async () => {
    const dump = await takenAndForgotten()
    world.cache.restore(dump)
    assert.deepEqual(await two.take(LIST, FROM_0), { lo: 0, hi: 100 })
  })
})
