import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BlockShelf } from './block-shelf.ts'

const TTL_MS = 600_000
const STEP = 100

/** A shelf whose process has got so many segments, enough for any budget. */
function richShelf(blocksMax = 4): BlockShelf {
  const shelf = new BlockShelf(blocksMax, TTL_MS)
  shelf.blocksAt(0, STEP)
  for (let i = 0; i < 10_000; i += 1) shelf.got({ lo: i * STEP, hi: (i + 1) * STEP })
  return shelf
}

describe('how many blocks are put aside', () => {
  test('is none at the first miss, when nothing is known of the tag', () => {
    assert.equal(new BlockShelf(4, TTL_MS).blocksAt(0, STEP), 0)
  })

  test('is one at a second miss soon after it, so that a new process has something to lose early', () => {
    const shelf = new BlockShelf(4, TTL_MS)
    shelf.blocksAt(0, STEP)
    shelf.missed(0, { lo: 0, hi: STEP }, STEP)
    shelf.got({ lo: 0, hi: STEP })
    assert.equal(shelf.blocksAt(1000, STEP), 1)
  })

  test('is what will be used in half the time blocks live, at the pace since the last miss', () => {
    // [ms since the last miss, blocks]: one segment lasted so long, and that many fit into five minutes beside one.
    for (const [sinceMs, blocks] of [
      [10, 4],
      [60_000, 4],
      [75_000, 3],
      [100_000, 2],
      [150_000, 1],
      [150_001, 0],
      [700_000, 0],
    ] as const) {
      const shelf = richShelf()
      shelf.missed(0, { lo: 0, hi: STEP }, STEP)
      assert.equal(shelf.blocksAt(sinceMs, STEP), blocks, `${sinceMs} ms`)
    }
  })

  test('counts what others took of the last blocks, and what this process took of theirs', () => {
    const others = richShelf()
    others.missed(0, { lo: 0, hi: 5 * STEP }, STEP)
    others.sawNone(500_000, STEP, Number.POSITIVE_INFINITY)
    assert.equal(others.blocksAt(500_000, STEP), 2)
    const own = richShelf()
    own.missed(0, { lo: 0, hi: STEP }, STEP)
    for (let i = 0; i < 5; i += 1) own.got({ lo: i * STEP, hi: (i + 1) * STEP })
    assert.equal(own.blocksAt(500_000, STEP), 2)
  })

  test('is no more than configured, and none where none are', () => {
    const shelf = richShelf(64)
    shelf.missed(0, { lo: 0, hi: STEP }, STEP)
    assert.equal(shelf.blocksAt(1, STEP), 64)
    const off = richShelf(0)
    off.missed(0, { lo: 0, hi: STEP }, STEP)
    assert.equal(off.blocksAt(1, STEP), 0)
  })

  test('falls to none after blocks expired, until fifty segments have earned another', () => {
    const shelf = new BlockShelf(4, TTL_MS)
    shelf.blocksAt(0, STEP)
    shelf.missed(0, { lo: 0, hi: 2 * STEP }, STEP)
    assert.equal(shelf.blocksAt(TTL_MS, STEP), 0)
    let segments = 0
    for (let nowMs = TTL_MS; segments < 1000; nowMs += 1000) {
      shelf.missed(nowMs, { lo: 0, hi: STEP }, STEP)
      shelf.got({ lo: segments * STEP, hi: (segments + 1) * STEP })
      segments += 1
      if (shelf.blocksAt(nowMs + 1000, STEP) > 0) break
    }
    assert.equal(segments, 50)
  })

  test('does not fall when what was put aside is seen to be gone while it would still have lived', () => {
    const all = Number.POSITIVE_INFINITY
    for (const [what, blocks, ...seen] of [
      ['nothing was seen', 0],
      ['the cache was empty in time', 1, [TTL_MS - 1, STEP, all]],
      ['the cache was empty, but they may have expired', 0, [TTL_MS, STEP, all]],
      ['the cache was only asked for higher ones', 0, [10, STEP + 1, all]],
      ['a higher one came', 1, [10, STEP, 2 * STEP]],
      ['they were taken bit by bit', 1, [10, STEP, STEP + 50], [20, STEP + 50, 2 * STEP]],
      ['only some were taken', 0, [10, STEP, STEP + 50]],
    ] as [string, number, ...[number, number, number][]][]) {
      const shelf = new BlockShelf(4, TTL_MS)
      shelf.blocksAt(0, STEP)
      shelf.missed(0, { lo: 0, hi: 2 * STEP }, STEP)
      for (const [nowMs, from, below] of seen) shelf.sawNone(nowMs, from, below)
      // Enough for the pace, too little to earn a block.
      shelf.got({ lo: 0, hi: 8 * STEP })
      assert.equal(shelf.blocksAt(2 * TTL_MS, STEP), blocks, what)
    }
  })

  test('never loses more than a fiftieth of what was got and one block, whatever expires', () => {
    const turn = fc.record({
      hits: fc.nat(20),
      waitMs: fc.constantFrom(1, 1000, 100_000, 599_999, 600_000, 9e9),
    })
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 200 }), fc.integer({ min: 1, max: 64 }), (turns, blocksMax) => {
        const shelf = new BlockShelf(blocksMax, TTL_MS)
        let [nowMs, got, lost] = [0, 0, 0]
        for (const { hits, waitMs } of turns) {
          const blocks = shelf.blocksAt(nowMs, STEP)
          shelf.missed(nowMs, { lo: 0, hi: (1 + blocks) * STEP }, STEP)
          for (let i = 0; i <= hits; i += 1) shelf.got({ lo: 0, hi: STEP })
          got += (1 + hits) * STEP
          nowMs += waitMs
          shelf.sawNone(nowMs, STEP, Number.POSITIVE_INFINITY)
          if (waitMs >= TTL_MS) lost += blocks * STEP
          assert.ok(lost <= got / 50 + STEP, `${lost} of ${got}`)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a shelf', () => {
  test('calls a step more than eight times the last one unusual, once', () => {
    const shelf = new BlockShelf(4, TTL_MS)
    assert.equal(shelf.isUnusual(1_000_000), false, 'the first one is all that is known')
    assert.equal(shelf.isUnusual(10), false)
    assert.equal(shelf.isUnusual(80), false)
    assert.equal(shelf.isUnusual(641), true)
    assert.equal(shelf.isUnusual(641), false)
  })

  test('remembers the end of the highest numbers', () => {
    const shelf = new BlockShelf(4, TTL_MS)
    shelf.got({ lo: 500, hi: 600 })
    shelf.got({ lo: 100, hi: 200 })
    assert.equal(shelf.floor, 600)
  })

  test('lets only ends of whole grants go back, of the sixteen newest', () => {
    const shelf = new BlockShelf(4, TTL_MS)
    shelf.got({ lo: 0, hi: 100 })
    assert.equal(shelf.mayGoBack({ lo: 50, hi: 100 }), false)
    shelf.gotWhole({ lo: 100, hi: 200 })
    assert.equal(shelf.mayGoBack({ lo: 150, hi: 200 }), true)
    assert.equal(shelf.mayGoBack({ lo: 100, hi: 200 }), true)
    assert.equal(shelf.mayGoBack({ lo: 99, hi: 200 }), false)
    assert.equal(shelf.mayGoBack({ lo: 150, hi: 199 }), false)
    for (let hi = 300; hi <= 1800; hi += 100) shelf.gotWhole({ lo: hi - 100, hi })
    assert.equal(shelf.mayGoBack({ lo: 150, hi: 200 }), false)
    assert.equal(shelf.mayGoBack({ lo: 250, hi: 300 }), true)
  })
})
