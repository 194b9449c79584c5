import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellBounds } from '../core/cells.ts'
import { datedCellSize, firstOfPeriod, periodAt } from '../core/dated-numbers.ts'
import { forecasts } from './tag-forecast.ts'

/** Long before anything here. */
const createdAt = new Date(0)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SPACE = { startAt: 0, cellSize: 2 ** 50, dcCount: 8 }

const DAILY = { reset: 'day', width: 6, utcOffsetMinutes: 480 } as const
const DAILY_SPACE = { startAt: 1, cellSize: datedCellSize(DAILY, 8), dcCount: 8, format: DAILY }
const NOON_MS = Date.parse('2026-11-27T12:00:00+08:00')
const TODAY = firstOfPeriod(DAILY_SPACE, periodAt(DAILY, NOON_MS))
/** Of data centre 0. */
const CELL = (TODAY - 1) / DAILY_SPACE.cellSize

test('numbers last as long as what is left lasts at the rate of today', () => {
  const nowMs = 10 * DAY_MS
  const half = 2 ** 49
  const granted = [{ dc: 0, numbers: 2 ** 40, from: new Date(nowMs - DAY_MS) }]
  const places = [{ dc: 0, cell: 0, nextValue: half }]
  const [first, second] = forecasts({ tag: { space: SPACE, createdAt }, places }, granted, nowMs)
  assert.equal(first?.used, 0.5)
  assert.equal(first?.left, half)
  assert.equal(first?.fullInDays, half / 2 ** 40)
  assert.equal(first?.date, undefined)
  assert.equal(second?.used, 0)
  assert.equal(second?.fullInDays, undefined)
})

test('the rate is that of a day, of a younger tag that since it was made, and of an hour at least', () => {
  const nowMs = 10 * DAY_MS
  const granted = [{ dc: 0, numbers: 1000, from: new Date(nowMs - DAY_MS) }]
  const places = [{ dc: 0, cell: 0, nextValue: 1000 }]
  const days = (agoMs: number) => {
    const tag = { space: SPACE, createdAt: new Date(nowMs - agoMs) }
    return Math.round(forecasts({ tag, places }, granted, nowMs)[0]?.fullInDays ?? 0)
  }
  const left = 2 ** 50 - 1000
  // One burst a moment ago is all that an old tag granted today.
  assert.equal(days(9 * DAY_MS), Math.round(left / 1000))
  assert.equal(days(6 * HOUR_MS), Math.round(left / 4000))
  assert.equal(days(1000), Math.round(left / 24_000))
})

test('of a busy tag, whose newest grants alone were counted, the rate is that of the time that those took', () => {
  const nowMs = 10 * DAY_MS
  const places = [{ dc: 0, cell: 0, nextValue: 2 ** 49 }]
  const forecast = (agoMs: number, tagAgoMs = 9 * DAY_MS) => {
    const granted = [{ dc: 0, numbers: 1_000_000, from: new Date(nowMs - agoMs) }]
    const tag = { space: SPACE, createdAt: new Date(nowMs - tagAgoMs) }
    return forecasts({ tag, places }, granted, nowMs)[0]
  }
  for (const agoMs of [75_000, 25 * 60_000, 3 * HOUR_MS]) {
    const perDay = (1_000_000 / agoMs) * DAY_MS
    assert.equal(forecast(agoMs)?.overMs, agoMs)
    assert.equal(forecast(agoMs)?.fullInDays, 2 ** 49 / perDay)
    assert.equal(forecast(agoMs, agoMs)?.fullInDays, 2 ** 49 / perDay)
  }
  // A store whose clock is ahead: not never, and not for ever.
  assert.equal(forecast(-5000)?.fullInDays, 2 ** 49 / (1_000_000 * 86_400))
  // All of a day's grants were counted: no burst.
  assert.equal(forecast(DAY_MS)?.overMs, DAY_MS)
})

test('of a tag with dates it is the present date that is used up, and ends', () => {
  const places = [
    { dc: 0, cell: CELL, nextValue: TODAY + 100_000 },
    // Nobody asked since yesterday.
    { dc: 1, cell: CELL + 1 - 8, nextValue: TODAY - 1 },
    // All of today's are granted.
    { dc: 2, cell: CELL + 2, nextValue: TODAY + 3 * DAILY_SPACE.cellSize },
    // The clock of the store was ahead, and tomorrow was begun.
    { dc: 3, cell: CELL + 3 + 8, nextValue: cellBounds(DAILY_SPACE, CELL + 11).lo + 10 },
  ]
  const granted = [{ dc: 0, numbers: 100_000, from: new Date(NOON_MS - 12 * HOUR_MS) }]
  const all = forecasts({ tag: { space: DAILY_SPACE, createdAt }, places }, granted, NOON_MS)
  const today = { text: '20261127', endsMs: NOON_MS + 12 * HOUR_MS }
  assert.deepEqual(
    all.map(({ left, cell, begun, date }) => [left, cell - CELL, begun, date?.text]),
    [
      [24_999, 0, true, '20261127'],
      [124_999, 1, false, '20261127'],
      [0, 2, true, '20261127'],
      [124_989, 11, true, '20261128'],
      ...[4, 5, 6, 7].map((dc) => [124_999, dc, false, '20261127']),
    ],
  )
  assert.deepEqual(all[0]?.date, today)
  assert.equal(all[0]?.used, 100_000 / 124_999)
  assert.equal(all[0]?.fullInDays, 24_999 / 200_000)
  assert.equal(all[2]?.used, 1)
  assert.equal(all[3]?.date?.endsMs, today.endsMs + DAY_MS)
})

test('a month ends where the next one begins', () => {
  const format = { reset: 'month', width: 6 } as const
  const space = { startAt: 1, cellSize: datedCellSize(format, 1), dcCount: 1, format }
  const [one] = forecasts({ tag: { space, createdAt }, places: [] }, [], Date.parse('2026-12-05T00:00:00Z'))
  assert.deepEqual(one?.date, { text: '202612', endsMs: Date.parse('2027-01-01T00:00:00Z') })
})
