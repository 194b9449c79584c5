import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DatedBuffer } from './dated-buffer.ts'
import { datedFloor, notBeforeMs } from './dated-grant.ts'
import { datedCellSize } from './dated-numbers.ts'
import { IdBatch } from './id-batch.ts'
import type { IdFormat } from './id-format.ts'

const DAY_MS = 86_400_000
const FORMAT: IdFormat = { reset: 'day', width: 4 }
const SPACE = { startAt: 1, dcCount: 1, cellSize: datedCellSize(FORMAT, 1), format: FORMAT }
const FIRST = datedFloor(SPACE, 10 * DAY_MS)
const NEXT = datedFloor(SPACE, 11 * DAY_MS)

function newBuffer(): DatedBuffer {
  return new DatedBuffer({ step: { base: 10, min: 10, max: 10 } }, SPACE, FORMAT)
}

function taken(buffer: DatedBuffer, nowMs: number): number {
  return buffer.take(1, nowMs, new IdBatch())
}

describe('the buffer of a tag that writes dates', () => {
  test('what is left when the date is over is burnt, also where runs are taken', () => {
    const buffer = newBuffer()
    buffer.install({ lo: FIRST, hi: FIRST + 10 }, 10 * DAY_MS)
    assert.equal(taken(buffer, 11 * DAY_MS - 1), 1)
    assert.equal(taken(buffer, 11 * DAY_MS), 0)
    assert.equal(buffer.left, 0)
    assert.ok(buffer.wantsRefill(11 * DAY_MS))
    const other = newBuffer()
    other.install({ lo: FIRST, hi: FIRST + 10 }, 10 * DAY_MS)
    assert.equal(other.takeRun(2, 11 * DAY_MS, new IdBatch()), false)
  })

  test('numbers that came ahead for the new date stay, and end with it', () => {
    const buffer = newBuffer()
    buffer.install({ lo: FIRST, hi: FIRST + 10 }, 10 * DAY_MS)
    buffer.install({ lo: NEXT, hi: NEXT + 10 }, 11 * DAY_MS - 1)
    const batch = new IdBatch()
    assert.equal(buffer.take(1, 11 * DAY_MS, batch), 1)
    assert.equal(batch.runLo(0), NEXT)
    assert.equal(buffer.left, 9)
    assert.equal(taken(buffer, 12 * DAY_MS), 0)
  })

  test('a store that is behind is asked again after a while that doubles, not for each ID', () => {
    const buffer = newBuffer()
    let nowMs = 11 * DAY_MS
    for (const graceMs of [0, 1000, 2000, 4000]) {
      buffer.install({ lo: FIRST + graceMs, hi: FIRST + graceMs + 10 }, nowMs)
      assert.equal(taken(buffer, nowMs + graceMs - 1), 1)
      nowMs += graceMs
      assert.equal(taken(buffer, nowMs), 0)
    }
    buffer.install({ lo: NEXT, hi: NEXT + 10 }, nowMs)
    assert.equal(taken(buffer, nowMs), 1)
  })
})

describe('how much of a date is used', () => {
  test('it is as the last grant says, nothing when the date is over, and all when the store has no more', () => {
    const buffer = newBuffer()
    const nowMs = 10 * DAY_MS + 5
    assert.equal(buffer.dateUsed(nowMs), undefined)
    buffer.install({ lo: FIRST, hi: FIRST + SPACE.cellSize / 4 }, nowMs)
    assert.equal(buffer.dateUsed(nowMs), 0.25)
    buffer.install({ lo: NEXT - 1, hi: NEXT }, nowMs)
    assert.equal(buffer.dateUsed(nowMs), 1)
    assert.equal(buffer.dateUsed(11 * DAY_MS), 0)
    buffer.install({ lo: NEXT, hi: NEXT + SPACE.cellSize / 2 }, 11 * DAY_MS)
    buffer.refused('IDGEN_STORE_UNAVAILABLE', 'away', 11 * DAY_MS)
    assert.equal(buffer.dateUsed(11 * DAY_MS), 0.5)
    buffer.refused('IDGEN_RANGE_EXHAUSTED', 'no more', 11 * DAY_MS)
    assert.equal(buffer.dateUsed(11 * DAY_MS), 1)
    assert.equal(buffer.dateUsed(12 * DAY_MS), 0)
  })
})

describe('grants of a tag that writes dates', () => {
  const row = (cell: number) => ({ cell, nextValue: FIRST + 5 })

  test('a date is opened when it has come, and goes on whatever the clock says then', () => {
    const opened = { lo: NEXT, hi: NEXT + 10, cell: 11 }
    assert.equal(notBeforeMs(SPACE, { ...row(10), nowMs: 11 * DAY_MS - 1 }, opened), 11 * DAY_MS)
    assert.equal(notBeforeMs(SPACE, { ...row(10), nowMs: 11 * DAY_MS }, opened), undefined)
    assert.equal(notBeforeMs(SPACE, { ...row(11), nowMs: 10 * DAY_MS }, opened), undefined)
  })

  test('one that begins with a later date waits for it, though its first cell is that', () => {
    const later = { ...SPACE, startAt: NEXT }
    const first = { lo: NEXT, hi: NEXT + 10, cell: 0 }
    const before = { cell: 0, nextValue: NEXT }
    assert.equal(notBeforeMs(later, { ...before, nowMs: 11 * DAY_MS - 1 }, first), 11 * DAY_MS)
    assert.equal(notBeforeMs(later, { ...before, nowMs: 11 * DAY_MS }, first), undefined)
    const begun = { cell: 0, nextValue: NEXT + 10, nowMs: 10 * DAY_MS }
    assert.equal(notBeforeMs(later, begun, { ...first, lo: NEXT + 10 }), undefined)
  })

  test('a space without dates has neither', () => {
    const plain = { startAt: 1, cellSize: 1000, dcCount: 1 }
    assert.equal(datedFloor(plain, 11 * DAY_MS), 0)
    assert.equal(
      notBeforeMs(plain, { cell: 0, nextValue: 1, nowMs: 0 }, { lo: 1001, hi: 1002, cell: 1 }),
      undefined,
    )
  })
})
