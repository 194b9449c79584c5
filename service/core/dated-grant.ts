import { type CellBounds, cellBounds, cellOf, cellOwner, placeAtOrAbove } from './cells.ts'
import { firstOfPeriod, periodAt, periodOf, periodStartMs } from './dated-numbers.ts'
import type { SegmentGrant } from './grant.ts'
import { type NumberSpace, SEGMENT_LIMIT } from './tag.ts'

/** Grant nothing below: the first number of the date at `nowMs` by the store's clock; 0 for a space without dates. */
export function datedFloor(space: NumberSpace, nowMs: number): number {
  const { format } = space
  return format?.reset === undefined ? 0 : firstOfPeriod(space, periodAt(format, nowMs))
}

/**
 * When the numbers of `grant`'s date may be granted, if that is yet to come; undefined: now. A date that was begun goes
 * on whatever the clock says: it may have stepped back, and going back with it would write numbers again.
 *
 * @param before where the cursor stood: the cell that it was in was opened for a date that had come, but for the first
 * one of a tag that begins with a later date (app/declare-tags.ts)
 */
export function notBeforeMs(
  space: NumberSpace,
  before: { readonly cell: number; readonly nextValue: number; readonly nowMs: number },
  grant: SegmentGrant & { readonly cell: number },
): number | undefined {
  const { format } = space
  if (format?.reset === undefined) return undefined
  if (grant.cell === before.cell && !isUnbegun({ space, ...before })) return undefined
  const period = periodOf(space, grant.lo)
  return period <= periodAt(format, before.nowMs) ? undefined : periodStartMs(format, period)
}

/**
 * Whether the cursor stands at the very beginning: then no number of the date before was used up, and the tag was made to begin
 * with a later one (app/declare-tags.ts: the present one may have numbers of a tag that was lost).
 */
export function isUnbegun({ space, cell, nextValue }: Omit<DatedRow, 'nowMs'>): boolean {
  return cell < space.dcCount && nextValue === cellBounds(space, cell).lo
}

/** A row of (tag, dc), and the store's clock. */
export interface DatedRow {
  readonly space: NumberSpace
  readonly cell: number
  readonly nextValue: number
  readonly nowMs: number
}

/**
 * Where an advance moves the cursor of `dc`; of a space without dates to the very number.
 *
 * What a database lost of dated numbers lies in no date after the present one, or after the one that the tag had begun. So
 * `by` numbers are counted from the present date's first one, and end with that date: counted on from last week's they
 * would end somewhere among those that were granted today, and a million of them would be months of dates.
 * `to` is taken at its word; in another data centre's cell it is this one's last end below, above which the same
 * numbers lie.
 */
export function advanceTarget(
  row: DatedRow,
  dc: number,
  how: { readonly to: number } | { readonly by: number },
): number {
  const { space, cell, nextValue, nowMs } = row
  const isDated = space.format?.reset !== undefined
  if ('to' in how) return isDated ? ownEndBelow(space, dc, how.to) : how.to
  const present = isDated ? placeAtOrAbove(space, dc, datedFloor(space, nowMs)) : undefined
  if (present === undefined) return nextValue + how.by
  const end = Math.max(present.hi, cellBounds(space, cell).hi)
  return Math.max(nextValue, Math.min(Math.max(nextValue, present.lo) + how.by, end))
}

/**
 * `placeAtOrAbove` for a move that grants nothing: at the end of a cell it stays there. In a space with dates the next
 * cell is of a date that may not have come, and the cell that the cursor is in counts as begun (`notBeforeMs`).
 */
export function placeOfMove(
  { space, cell }: Pick<DatedRow, 'space' | 'cell'>,
  dc: number,
  value: number,
): (CellBounds & { readonly cell: number }) | undefined {
  const placed = placeAtOrAbove(space, dc, value)
  if (placed === undefined || space.format?.reset === undefined) return placed
  const before = placed.cell - space.dcCount
  // Never back into a cell that the cursor has left.
  return before >= cell && cellBounds(space, before).hi === value
    ? { cell: before, lo: value, hi: value }
    : placed
}

/**
 * A database that was started again goes on above the ceiling, so the headroom is what a restart costs. A date has only
 * one cell: more than a small share of it, whatever a request asks for, would end the date after a few restarts.
 */
export function headroomIn({ format, cellSize }: NumberSpace, wanted: number): number {
  return format?.reset === undefined ? wanted : Math.min(wanted, Math.floor(cellSize / DATE_SHARE))
}

/** No ceiling is raised above it: of a date beyond its cell, or a restart would take numbers of the next date as well. */
export function ceilingLimit({ format }: NumberSpace, cell: Pick<CellBounds, 'hi'>): number {
  return format?.reset === undefined ? SEGMENT_LIMIT : cell.hi
}

/** `value`, but the end of the last cell of `dc` below it where it lies in another data centre's. */
function ownEndBelow(space: NumberSpace, dc: number, value: number): number {
  const at = cellOf(space, value)
  if (at === undefined || dc >= space.dcCount) return value
  const back = (cellOwner(at, space.dcCount) - dc + space.dcCount) % space.dcCount
  return back === 0 || at < back ? value : cellBounds(space, at - back).hi
}

/** 2 % of a date's numbers for a restart of the database: fifty on one day end it. Cells have 1000 numbers or more. */
const DATE_SHARE = 50
