import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cellBounds,
  cellCount,
  cellExists,
  cellOf,
  cellOwner,
  firstCell,
  nextCell,
  ownedCells,
  usedShare,
} from './cells.ts'
import { SEGMENT_LIMIT, tagFaults } from './tag.ts'

const anySpace = fc
  .record({
    startAt: fc.maxSafeNat(),
    cellSize: fc.oneof(fc.integer({ min: 1000, max: 2 ** 32 }), fc.integer({ min: 1000, max: 2 ** 50 })),
    dcCount: fc.integer({ min: 1, max: 8 }),
  })
  .filter((space) => {
    const step = { base: 1000, min: 1, max: 1000 }
    return tagFaults({ chain: ['segment'], step, space }).length === 0
  })
const seed = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('cells of different data centres never overlap, and all lie in [startAt, 2^53)', () => {
  fc.assert(
    fc.property(anySpace, seed, seed, (space, a, b) => {
      const [one, two] = [a, b].map((share) => Math.floor(share * cellCount(space))) as [number, number]
      const [x, y] = [cellBounds(space, one), cellBounds(space, two)]
      for (const bounds of [x, y]) {
        assert.ok(bounds.lo >= space.startAt && bounds.lo < bounds.hi && bounds.hi <= SEGMENT_LIMIT)
        assert.ok(Number.isSafeInteger(bounds.lo))
      }
      if (one !== two) assert.ok(x.hi <= y.lo || y.hi <= x.lo)
      assert.equal(cellOf(space, x.lo), one)
      assert.equal(cellOf(space, x.hi - 1), one)
    }),
    { numRuns: 500 },
  )
})

test('walking from the first cell a data centre meets its own cells, all of them', () => {
  const fewCells = anySpace.map((space) => ({ ...space, startAt: SEGMENT_LIMIT - space.cellSize * 30 - 7 }))
  fc.assert(
    fc.property(
      fewCells.filter((space) => space.startAt >= 0),
      (space) => {
        const owned = new Map<number, number>()
        for (let dc = 0; dc < space.dcCount; dc++)
          for (let cell = firstCell(dc, space.dcCount); cellExists(space, cell); ) {
            assert.equal(cellOwner(cell, space.dcCount), dc)
            assert.ok(!owned.has(cell))
            owned.set(cell, dc)
            cell = nextCell(cell, space.dcCount)
          }
        assert.equal(owned.size, cellCount(space))
        for (let dc = 0; dc < space.dcCount; dc++)
          assert.equal([...owned.values()].filter((owner) => owner === dc).length, ownedCells(space, dc))
      },
    ),
  )
})

test('the used share goes from 0 to 1 and never falls as numbers are granted', () => {
  fc.assert(
    fc.property(anySpace, fc.nat(7), seed, seed, (space, anyDc, a, b) => {
      const dc = anyDc % space.dcCount
      const width = SEGMENT_LIMIT - space.startAt
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((share) =>
        usedShare(space, dc, space.startAt + Math.floor(share * width)),
      ) as [number, number]
      assert.ok(less >= 0 && less <= more && more <= 1)
      assert.equal(usedShare(space, dc, space.startAt), 0)
    }),
    { numRuns: 500 },
  )
})
