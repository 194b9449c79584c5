import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { BlockCache, BlockList, CachedBlock } from '../../service/ports/block-cache.ts'

export interface BlockCaches {
  /** Two processes on the same data. */
  readonly blocks: BlockCache
  readonly others: BlockCache
  /** Lets `ms` pass for the cache. */
  pass(ms: number): Promise<void>
  /** From here on the cache is another run of the server, with the same data. */
  newRun(): Promise<void>
  /** How many blocks lie there, usable or not. */
  lying(list: BlockList): Promise<number>
  close(): Promise<void>
}

/** What every BlockCache must do, run by the memory one and by Redis, single and cluster. */
export function blockCacheContract(name: string, make: () => Promise<BlockCaches>): void {
  describe(`${name} keeps the contract of BlockCache`, () => {
    let caches: BlockCaches
    let lastTag = 100

    before(async () => {
      caches = await make()
    })
    after(() => caches?.close())

    function newList(): BlockList {
      lastTag += 1
      return { tagId: lastTag, generation: GENERATION, dc: 0 }
    }

    it('has nothing where nothing was put aside', async () => {
      const list = newList()
      assert.equal(await caches.blocks.pop(list, 0), undefined)
      assert.equal(await caches.blocks.count(list), 0)
    })

    it('hands out what was put aside, lowest numbers first, to whoever comes', async () => {
      const list = newList()
      await caches.blocks.push(list, [blockAt(3000), blockAt(4000)], TTL_MS)
      await caches.others.push(list, [blockAt(1000), blockAt(2000)], TTL_MS)
      const taken = []
      for (let i = 0; i < 5; i += 1) taken.push(await (i % 2 ? caches.blocks : caches.others).pop(list, 0))
      assert.deepEqual(taken, [blockAt(1000), blockAt(2000), blockAt(3000), blockAt(4000), undefined])
    })

    it('gives a block to one caller only, however many ask at once', async () => {
      const list = newList()
      const put = Array.from({ length: 40 }, (_, i) => blockAt(i * 1000))
      await caches.blocks.push(list, put, TTL_MS)
      const taken = await Promise.all(
        Array.from({ length: 60 }, (_, i) => (i % 2 ? caches.blocks : caches.others).pop(list, 0)),
      )
      const starts = taken.flatMap((block) => (block === undefined ? [] : [block.lo]))
      assert.deepEqual(
        starts.toSorted((a, b) => a - b),
        put.map(({ lo }) => lo),
      )
    })

    it('leaves blocks below the asked number for others', async () => {
      const list = newList()
      await caches.blocks.push(list, [blockAt(1000), blockAt(2000), blockAt(3000)], TTL_MS)
      assert.deepEqual(await caches.blocks.pop(list, 1001), blockAt(2000))
      assert.deepEqual(await caches.blocks.pop(list, 3000), blockAt(3000))
      assert.equal(await caches.blocks.pop(list, 1001), undefined)
      assert.deepEqual(await caches.others.pop(list, 1000), blockAt(1000))
    })

    it('keeps tags and data centres apart', async () => {
      const [one, two] = [newList(), newList()]
      await caches.blocks.push(one, [blockAt(1)], TTL_MS)
      await caches.blocks.push({ ...one, dc: 1 }, [blockAt(2)], TTL_MS)
      await caches.blocks.push(two, [blockAt(3)], TTL_MS)
      assert.deepEqual(await caches.others.pop(two, 0), blockAt(3))
      assert.deepEqual(await caches.others.pop({ ...one, dc: 1 }, 0), blockAt(2))
      assert.equal(await caches.others.pop({ ...two, dc: 1 }, 0), undefined)
      assert.deepEqual(await caches.others.pop(one, 0), blockAt(1))
    })

    it('holds numbers up to 2^53 without losing a digit', async () => {
      const list = newList()
      const last = { lo: 2 ** 53 - 1, hi: 2 ** 53, nonce: NONCE }
      const before = { lo: 2 ** 53 - 3, hi: 2 ** 53 - 1, nonce: NONCE }
      await caches.blocks.push({ ...list, dc: 7 }, [last, before], TTL_MS)
      assert.equal(await caches.blocks.count({ ...list, dc: 7 }), 2)
      assert.deepEqual(await caches.blocks.pop({ ...list, dc: 7 }, 2 ** 53 - 2), last)
      assert.deepEqual(await caches.blocks.pop({ ...list, dc: 7 }, 0), before)
    })

    it('forgets a block when its time is over, although younger ones keep the list alive', async () => {
      const list = newList()
      await caches.blocks.push(list, [blockAt(1000)], 150)
      await caches.blocks.push(list, [blockAt(2000)], TTL_MS)
      await caches.pass(200)
      assert.deepEqual(await caches.blocks.pop(list, 0), blockAt(2000))
      const alone = newList()
      await caches.blocks.push(alone, [blockAt(1000)], 150)
      await caches.pass(200)
      assert.equal(await caches.blocks.count(alone), 0)
      assert.equal(await caches.blocks.pop(alone, 0), undefined)
    })

    it('keeps 256 blocks of a tag at most, those with the highest numbers', async () => {
      const list = newList()
      for (let batch = 0; batch < 5; batch += 1)
        await caches.blocks.push(
          list,
          Array.from({ length: 64 }, (_, i) => blockAt((batch * 64 + i) * 1000)),
          TTL_MS,
        )
      assert.equal(await caches.blocks.count(list), 256)
      assert.deepEqual(await caches.blocks.pop(list, 0), blockAt(64_000))
    })

    it('keeps databases apart that give out the same tag ids', async () => {
      const own = newList()
      const foreign = { ...own, generation: 'f'.repeat(32) }
      await caches.blocks.push(foreign, [blockAt(1000), blockAt(3000)], TTL_MS)
      await caches.blocks.push(own, [blockAt(2000), blockAt(4000)], TTL_MS)
      assert.deepEqual([await caches.others.count(own), await caches.others.count(foreign)], [2, 2])
      assert.deepEqual(await caches.others.pop(own, 0), blockAt(2000))
      assert.deepEqual(await caches.others.pop(own, 0), blockAt(4000))
      assert.equal(await caches.others.pop(own, 0), undefined)
      assert.deepEqual(await caches.blocks.pop(foreign, 0), blockAt(1000))
      assert.deepEqual(await caches.blocks.pop(foreign, 0), blockAt(3000))
    })

    it('does nothing when no blocks are pushed', async () => {
      const list = newList()
      await caches.blocks.push(list, [], TTL_MS)
      assert.equal(await caches.blocks.count(list), 0)
    })

    it('drops the blocks of another run of the server', async () => {
      const list = newList()
      await caches.blocks.push(list, [blockAt(1000), blockAt(2000)], TTL_MS)
      await caches.newRun()
      assert.equal(await caches.lying(list), 2, 'the data itself came through')
      assert.equal(await caches.blocks.count(list), 0)
      await caches.others.push(list, [blockAt(3000)], TTL_MS)
      assert.deepEqual(await caches.blocks.pop(list, 0), blockAt(3000))
      assert.equal(await caches.blocks.count(list), 0)
    })
  })
}

function blockAt(lo: number): CachedBlock {
  return { lo, hi: lo + 1000, nonce: NONCE }
}

const GENERATION = 'abcdef0123456789abcdef0123456789'
const NONCE = '0123456789abcdef0123456789abcdef'
/** Longer than any test. */
const TTL_MS = 600_000
