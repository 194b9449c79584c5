import { type IdFormat, type ResetPeriod, radixOf } from './id-format.ts'
import { invariant } from './invariant.ts'
import type { NumberSpace } from './tag.ts'

/**
 * A format with `reset` cuts the one number space of its tag into periods: days, months or years since 1970, counted in
 * the format's time zone. A period is one round of cells, so every data centre has one cell of each.
 *
 *     number   1 ──── size │ size+1 ── 2·size │ …  period p: 1 + p · size … (p + 1) · size     size = cellSize · dcCount
 *     date      1970-01-01 │   1970-01-02     │
 *     serial   1 … size    │   1 … size       │
 *
 * Nothing is ever set back: a new day is a leap of the cursor to the day's first number (app/segment-allocator.ts), and
 * date and serial are the quotient and the remainder of a number that is granted once. So no clock, however wrong, can
 * make a date and a serial a second time.
 */
export type CellRound = Pick<NumberSpace, 'cellSize' | 'dcCount'>

/** Numbers of a period. */
export function periodSize({ cellSize, dcCount }: CellRound): number {
  return cellSize * dcCount
}

/** The period that `value` (1 or more) lies in. */
export function periodOf(space: CellRound, value: number): number {
  return Math.floor((value - 1) / periodSize(space))
}

export function firstOfPeriod(space: CellRound, period: number): number {
  return 1 + period * periodSize(space)
}

/** Place of `value` in its period, from 1. */
export function serialOf(space: CellRound, value: number): number {
  return ((value - 1) % periodSize(space)) + 1
}

/** The period at a moment, Unix milliseconds. Never below 0: a clock before 1970 is no clock. */
export function periodAt(format: IdFormat, ms: number): number {
  const localMs = ms + (format.utcOffsetMinutes ?? 0) * MINUTE_MS
  return Math.max(0, periodOfDay(resetOf(format), Math.floor(localMs / DAY_MS)))
}

/** The moment a period begins. */
export function periodStartMs(format: IdFormat, period: number): number {
  const days = firstDayOf(resetOf(format), period)
  return days * DAY_MS - (format.utcOffsetMinutes ?? 0) * MINUTE_MS
}

/**
 * Numbers of a cell where `dcCount` data centres share the serials that `width` digits can write: the period is one
 * round of cells, and its last serial has no digit more.
 */
export function datedCellSize(format: IdFormat, dcCount: number): number {
  return Math.floor((radixOf(format) ** (format.width ?? 1) - 1) / dcCount)
}

/** Digits that a period needs, so that each data centre has CELL_MIN serials of it. */
export function leastDatedWidth(format: IdFormat, dcCount: number): number {
  return Math.ceil(Math.log(CELL_MIN * dcCount + 1) / Math.log(radixOf(format)))
}

/** Of a cell, dated or not; fewer numbers would be used up before the next ones are there. */
export const CELL_MIN = 1000

/** yyyymmdd, yyyymm or yyyy; a year beyond 9999 has more digits. */
export function dateText(reset: ResetPeriod, period: number): string {
  const { year, month, day } = civilOf(firstDayOf(reset, period))
  const parts = [String(year).padStart(4, '0')]
  if (reset !== 'year') parts.push(String(month).padStart(2, '0'))
  if (reset === 'day') parts.push(String(day).padStart(2, '0'))
  return parts.join('')
}

/** The period that dateText writes so; undefined: it writes none so. */
export function periodOfDate(reset: ResetPeriod, text: string): number | undefined {
  const [, year = '', month = '01', day = '01'] = DATES[reset].exec(text) ?? []
  if (year === '') return undefined
  const period = periodOfDay(reset, daysOf(Number(year), Number(month), Number(day)))
  return period >= 0 && dateText(reset, period) === text ? period : undefined
}

const DATES: Readonly<Record<ResetPeriod, RegExp>> = {
  day: /^(\d{4,14})(\d\d)(\d\d)$/,
  month: /^(\d{4,14})(\d\d)$/,
  year: /^(\d{4,14})$/,
}

function resetOf({ reset }: IdFormat): ResetPeriod {
  invariant(reset !== undefined, 'only a format with reset has periods')
  return reset
}

function periodOfDay(reset: ResetPeriod, days: number): number {
  if (reset === 'day') return days
  const { year, month } = civilOf(days)
  return reset === 'year' ? year - 1970 : (year - 1970) * 12 + month - 1
}

function firstDayOf(reset: ResetPeriod, period: number): number {
  if (reset === 'day') return period
  if (reset === 'year') return daysOf(1970 + period, 1, 1)
  return daysOf(1970 + Math.floor(period / 12), (period % 12) + 1, 1)
}

interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/**
 * Days since 1970-01-01 of a date in the Gregorian calendar, and back: years begin in March here, so that the day that
 * leap years add is a year's last (Howard Hinnant, "chrono-compatible low-level date algorithms").
 */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * ERA_DAYS + yearOfEra * 365 + leapDays(yearOfEra) + dayOfYear - MARCH_OF_0
}

function civilOf(days: number): CivilDate {
  const z = days + MARCH_OF_0
  const era = Math.floor(z / ERA_DAYS)
  const dayOfEra = z - era * ERA_DAYS
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + leapDays(yearOfEra))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 }
}

function leapDays(yearOfEra: number): number {
  return Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Days of 400 years. */
const ERA_DAYS = 146_097
/** Days from 0000-03-01 to 1970-01-01. */
const MARCH_OF_0 = 719_468
