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
 * @param before where the cursor stood: the cell that it was in was opened for a date that had come, unless it stood at
 * the very beginning of it: a tag may begin with a later date (app/declare-tags.ts), and an advance may have left a date
 * that was used up (`placeOfMove`)
 */
export function notBeforeMs(
  space: NumberSpace,
  before: { readonly cell: number; readonly nextValue: number; readonly nowMs: number },
  grant: SegmentGrant & { readonly cell: number },
): number | undefined {
  const { format } = space
  if (format?.reset === undefined) return undefined
  if (grant.cell === before.cell && !isAtStart({ space, ...before })) return undefined
  const period = periodOf(space, grant.lo)
  return period <= periodAt(format, before.nowMs) ? undefined : periodStartMs(format, period)
}

/**
 * Whether the cursor stands at the very beginning: then no number of the date before was used up, and the tag was made to begin
 * with a later one (app/declare-tags.ts: the present one may have numbers of a tag that was lost).
 */
export function isUnbegun(row: Omit<DatedRow, 'nowMs'>): boolean {
  return row.cell < row.space.dcCount && isAtStart(row)
}

/** Nothing of the cell was granted, or all was returned: no return fits below, which would have to leave the cell. */
function isAtStart({ space, cell, nextValue }: Omit<DatedRow, 'nowMs'>): boolean {
  return nextValue === cellBounds(space, cell).lo
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
  // Where the date that it stands at has not begun there is nothing of that to leave out.
  const end = Math.max(present.hi, isAtStart(row) ? nextValue : cellBounds(space, cell).hi)
  return Math.max(nextValue, Math.min(Math.max(nextValue, present.lo) + how.by, end))
}

/**
 * Where a move that grants nothing leaves the cursor of `dc`, so that nothing below `atLeast` is granted any more, also
 * by numbers that come back: a return asks whether the cursor stands where the returned grant ended (`planReturn`), and
 * no grant ends above `base`. So the cursor goes above `base`, by one number at least, or to the beginning of another
 * cell, out of which nothing returns.
 *
 * In a space with dates that is a date that may not have come, and that does not count as begun (`notBeforeMs`). An end
 * of a cell that no grant had reached will do, and opens no cell.
 */
export function placeOfMove(
  row: Pick<DatedRow, 'space' | 'cell'>,
  dc: number,
  base: number,
  atLeast: number,
): (CellBounds & { readonly cell: number }) | undefined {
  const { space, cell } = row
  if (atLeast > base) {
    const placed = placeAtOrAbove(space, dc, atLeast)
    if (placed === undefined || space.format?.reset === undefined) return placed
    const before = placed.cell - space.dcCount
    // Never back into a cell that the cursor has left.
    return before >= cell && cellBounds(space, before).hi === atLeast
      ? { cell: before, lo: atLeast, hi: atLeast }
      : placed
  }
  const placed = placeAtOrAbove(space, dc, base)
  const leaves = placed === undefined || placed.lo === cellBounds(space, placed.cell).lo
  return leaves ? placed : placeAtOrAbove(space, dc, base + 1)
}

/**
 * A database that was started again goes on above the ceiling, so the headroom is what a restart costs. A date has only
 * one cell: more than a small share of it, whatever a request asks for, would end the date after a few restarts.
 */
export function headroomIn({ format, cellSize }: NumberSpace, wanted: number): number {
  return format?.reset === undefined ? wanted : Math.min(wanted, Math.floor(cellSize / DATE_SHARE))
}

/**
 * No ceiling is raised above it: of a date beyond its cell, or a restart would take numbers of the next date as well.
 * Of a date whose beginning a move has reached (`hi`, where the grant ends, is there) no number at all.
 */
export function ceilingLimit(space: NumberSpace, cell: number, hi: number): number {
  if (space.format?.reset === undefined) return SEGMENT_LIMIT
  const bounds = cellBounds(space, cell)
  return hi === bounds.lo ? hi : bounds.hi
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
