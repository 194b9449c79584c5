import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  cellBounds,
  cellCount,
  cellExists,
  cellOf,
  cellOwner,
  firstCell,
  nextCell,
  nextRound,
  ownedCells,
  placeAtOrAbove,
  reachedValue,
  startAbove,
  usedShare,
} from './cells.ts'
import { DEFAULT_SPACE, SEGMENT_LIMIT } from './tag.ts'

/** Ten whole cells and a rest: cells 0, 3, 6, 9 belong to data centre 0. */
const small = { startAt: SEGMENT_LIMIT - 10_500, cellSize: 1000, dcCount: 3 }

describe('cells', () => {
  test('the default space begins at 1 with cells of 2^32', () => {
    assert.deepEqual(cellBounds(DEFAULT_SPACE, 0), { lo: 1, hi: 2 ** 32 + 1 })
    assert.equal(cellCount(DEFAULT_SPACE), 2 ** 21 - 1)
  })

  test('a data centre walks its own cells only', () => {
    let cell = firstCell(1)
    for (const expected of [1, 4, 7]) {
      assert.equal(cell, expected)
      assert.equal(cellOwner(cell, 3), 1)
      cell = nextCell(cell, 3)
    }
  })

  test('one data centre has contiguous cells', () => {
    const space = { ...small, dcCount: 1 }
    const first = cellBounds(space, firstCell(0))
    assert.equal(cellBounds(space, nextCell(0, 1)).lo, first.hi)
  })

  test('ranges at their end: the last whole cell is used and the rest is not', () => {
    assert.equal(cellCount(small), 10)
    assert.equal(cellBounds(small, 9).hi, SEGMENT_LIMIT - 500)
    assert.equal(cellExists(small, 9), true)
    assert.equal(cellExists(small, 10), false)
    assert.ok(cellBounds(small, 10).hi > SEGMENT_LIMIT)
    assert.equal(cellOf(small, SEGMENT_LIMIT - 501), 9)
    assert.equal(cellOf(small, SEGMENT_LIMIT - 500), undefined)
    assert.equal(cellOf(small, small.startAt - 1), undefined)
  })

  test('cells are numbered from 0 by integers', () => {
    assert.throws(() => cellBounds(small, -1), /numbered from 0/)
    assert.throws(() => cellBounds(small, 0.5), /numbered from 0/)
    assert.equal(cellExists(small, -1), false)
    assert.equal(cellExists(small, 0.5), false)
  })

  test('a data centre outside the tag has no cell', () => {
    assert.equal(ownedCells(small, 3), 0)
    assert.equal(usedShare(small, 3, small.startAt), 1)
    assert.throws(() => firstCell(3, 3), /owns a share/)
    assert.throws(() => firstCell(-1), /owns a share/)
  })

  test('the used share counts whole cells and the begun one', () => {
    assert.equal(ownedCells(small, 0), 4)
    assert.equal(ownedCells(small, 1), 3)
    const at = (offset: number) => usedShare(small, 0, small.startAt + offset)
    assert.equal(at(-50), 0)
    assert.equal(at(0), 0)
    assert.equal(at(500), 0.5 / 4)
    assert.equal(at(1000), 1 / 4)
    assert.equal(at(2500), 1 / 4)
    assert.equal(at(3250), 1.25 / 4)
    assert.equal(at(10_000), 1)
    assert.equal(usedShare(small, 0, SEGMENT_LIMIT), 1)
    assert.equal(usedShare(small, 1, small.startAt + 1000), 0)
  })
})

describe('the place at or above a number', () => {
  const space = { startAt: 100, cellSize: 1000, dcCount: 3 }

  test('is the number itself inside an own cell, else the beginning of the next own one', () => {
    assert.deepEqual(placeAtOrAbove(space, 0, 0), { cell: 0, lo: 100, hi: 1100 })
    assert.deepEqual(placeAtOrAbove(space, 0, 600), { cell: 0, lo: 600, hi: 1100 })
    assert.deepEqual(placeAtOrAbove(space, 0, 1100), { cell: 3, lo: 3100, hi: 4100 })
    assert.deepEqual(placeAtOrAbove(space, 2, 1100), { cell: 2, lo: 2100, hi: 3100 })
  })

  test('does not exist beyond the last whole cell, nor for a data centre without cells', () => {
    assert.equal(placeAtOrAbove(space, 3, 100), undefined)
    assert.equal(placeAtOrAbove(space, 0, SEGMENT_LIMIT - 1), undefined)
  })
})

test('a row that was opened and never used has reached nothing; any other has reached what it stands at', () => {
  const space = { startAt: 5, cellSize: 1000, dcCount: 2 }
  assert.equal(reachedValue(space, 0, 5), 5)
  assert.equal(reachedValue(space, 1, 1005), 5)
  assert.equal(reachedValue(space, 1, 1006), 1006)
  assert.equal(reachedValue(space, 1, 3005), 3005, 'the beginning of a later cell was reached')
})

describe('where a tag that is made again begins', () => {
  const space = { startAt: 7, cellSize: 1000, dcCount: 3 }

  test('is where the pattern of cells begins anew, at or above the high water', () => {
    assert.deepEqual(
      [0, 7, 8, 3006, 3007, 3008].map((high) => nextRound(space, high)),
      [7, 7, 3007, 3007, 3007, 6007],
    )
  })

  test('is the high water itself for one data centre, and never above 2^53', () => {
    assert.equal(nextRound({ ...space, dcCount: 1 }, 123), 123)
    assert.equal(nextRound(space, SEGMENT_LIMIT - 1), SEGMENT_LIMIT)
  })

  test('is kept by a tag that wants to begin higher, above the deleted ones of its name', () => {
    const ask = (startAt: number, high: number | undefined) => startAbove({ ...space, startAt }, high)
    assert.deepEqual([ask(501, undefined), ask(1, 3007), ask(3007, 3007)], [501, 3007, 3007])
    assert.deepEqual([ask(3008, 3007), ask(6007, 3007), ask(6008, 3007)], [6007, 6007, 9007])
    assert.equal(ask(501, 0), 3000, 'a tag that began at 0 and was granted nothing')
    assert.equal(ask(SEGMENT_LIMIT - 1, 7), SEGMENT_LIMIT, 'no room is left')
  })

  test('gives every data centre only cells that were its own', () => {
    const again = { ...space, startAt: nextRound(space, 4711) }
    for (let value = again.startAt; value < again.startAt + 20_000; value += 250) {
      const before = cellOf(space, value)
      const now = cellOf(again, value)
      assert.ok(before !== undefined && now !== undefined)
      assert.equal(cellOwner(now, again.dcCount), cellOwner(before, space.dcCount))
    }
  })
})
