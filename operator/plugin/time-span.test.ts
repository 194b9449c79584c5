import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ago, pointInTime, timeSpan } from './time-span.ts'

test('of a length of time the two largest units are told', () => {
  const table: readonly [number, string][] = [
    [-5, '0s'],
    [999, '0s'],
    [1000, '1s'],
    [61_000, '1m 1s'],
    [60_000, '1m'],
    [23.2 * 3_600_000, '23h 12m'],
    [86_400_000 + 59_000, '1d'],
    [86_400_000 * 2 + 3_600_000 * 4, '2d 4h'],
  ]
  for (const [ms, text] of table) assert.equal(timeSpan(ms), text)
})

test('a moment is told by how long ago it was', () => {
  const nowMs = Date.UTC(2026, 10, 26, 12)
  assert.equal(ago('2026-11-26T11:30:00Z', nowMs), '30m ago')
  assert.equal(ago('2026-11-26T11:59:59Z', nowMs), 'just now')
  // A clock that is ahead.
  assert.equal(ago('2026-11-26T12:30:00Z', nowMs), 'just now')
  assert.equal(ago(undefined, nowMs), '')
  assert.equal(ago('yesterday', nowMs), '')
})

test('a point in time is told to the minute', () => {
  assert.equal(pointInTime('2026-11-27T10:00:59.123Z'), '2026-11-27 10:00 UTC')
})
