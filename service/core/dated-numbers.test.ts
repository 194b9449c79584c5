import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  dateText,
  firstOfPeriod,
  periodAt,
  periodOf,
  periodOfDate,
  periodStartMs,
  serialOf,
} from './dated-numbers.ts'
import { RESET_PERIODS } from './id-format.ts'

const LENGTHS = { day: 10, month: 7, year: 4 }

describe('numbers with a date', () => {
  test('dates are those of the calendar, leap years and ends of months too', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RESET_PERIODS),
        fc.integer({ min: 0, max: Date.parse('2500-01-01') }),
        fc.integer({ min: -720, max: 840 }),
        (reset, ms, utcOffsetMinutes) => {
          const local = new Date(ms + utcOffsetMinutes * 60_000)
          if (local.getTime() < 0) return
          const period = periodAt({ reset, utcOffsetMinutes }, ms)
          const iso = local.toISOString().slice(0, LENGTHS[reset]).replaceAll('-', '')
          assert.equal(dateText(reset, period), iso)
          assert.equal(periodOfDate(reset, iso), period)
        },
      ),
    )
  })

  test('a period begins where the one before ends', () => {
    const format = { reset: 'month', utcOffsetMinutes: 480 } as const
    const period = periodAt(format, Date.parse('2028-02-29T15:59:59.999Z'))
    const next = periodStartMs(format, period + 1)
    assert.equal(new Date(next).toISOString(), '2028-02-29T16:00:00.000Z')
    assert.equal(periodAt(format, next - 1), period)
    assert.equal(periodAt(format, next), period + 1)
  })

  test('period and serial are a number taken apart, and nothing is lost', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 2 ** 50 }),
        (cellSize, dcCount, value) => {
          const space = { startAt: 1, cellSize, dcCount }
          const serial = serialOf(space, value)
          assert.ok(serial >= 1 && serial <= cellSize * dcCount)
          assert.equal(firstOfPeriod(space, periodOf(space, value)) + serial - 1, value)
        },
      ),
    )
  })

  test('what is no date is no period', () => {
    for (const text of ['20260230', '20261301', '2026112', '19691231', 'x'])
      assert.equal(periodOfDate('day', text), undefined, text)
    assert.equal(periodOfDate('month', '202613'), undefined)
  })

  test('a clock before 1970 stands in the first period', () => {
    assert.equal(periodAt({ reset: 'day' }, -1), 0)
  })
})
