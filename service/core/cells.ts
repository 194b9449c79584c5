import { invariant } from './invariant.ts'
import { type NumberSpace, SEGMENT_LIMIT } from './tag.ts'

/**
 * Arithmetic of a tag's number space (design.md section 2, range grant).
 *
 *     startAt                                                                    2^53
 *     │ cell 0 │ cell 1 │ … │ cell n-1 │ cell n │ …          │ last whole cell │ rest │
 *     │  dc 0  │  dc 1  │   │  dc n-1  │  dc 0  │            │  dc k mod n     │ not used
 *
 * Cell k belongs to data centre k mod n, n = dcCount. So ranges of different data centres cannot overlap,
 * whatever their stores do. The rest below 2^53 that fills no whole cell stays unused.
 */

/** Numbers of a cell: lo ≤ number < hi. */
export interface CellBounds {
  readonly lo: number
  readonly hi: number
}

/** Whole cells below 2^53; cells are 0..cellCount-1. */
export function cellCount(space: NumberSpace): number {
  return Math.floor((SEGMENT_LIMIT - space.startAt) / space.cellSize)
}

/**
 * `cell`: an integer from 0. Beyond the last whole cell `hi` is above 2^53: callers that come from `nextCell`
 * refuse it with IDGEN_RANGE_EXHAUSTED (`cellExists` says the same).
 */
export function cellBounds(space: NumberSpace, cell: number): CellBounds {
  invariant(Number.isSafeInteger(cell) && cell >= 0, 'a cell is numbered from 0')
  const lo = space.startAt + cell * space.cellSize
  return { lo, hi: lo + space.cellSize }
}

/** false at the end of the number space: IDGEN_RANGE_EXHAUSTED. */
export function cellExists(space: NumberSpace, cell: number): boolean {
  return Number.isInteger(cell) && cell >= 0 && cell < cellCount(space)
}

/**
 * First cell of a data centre. Pass `dcCount` wherever the tag's may be less than the installation's: a data
 * centre outside 0..dcCount-1 owns no cell, and its number would name another one's.
 */
export function firstCell(dc: number, dcCount = Number.POSITIVE_INFINITY): number {
  invariant(
    Number.isInteger(dc) && dc >= 0 && dc < dcCount,
    'the data centre owns a share of the number space',
  )
  return dc
}

/** The same data centre's next cell after `cell`. */
export function nextCell(cell: number, dcCount: number): number {
  return cell + dcCount
}

/** Data centre that owns `cell`. */
export function cellOwner(cell: number, dcCount: number): number {
  return cell % dcCount
}

/** Cell that holds `value`; undefined below startAt, in the unused rest and above. */
export function cellOf(space: NumberSpace, value: number): number | undefined {
  const cell = Math.floor((value - space.startAt) / space.cellSize)
  return cellExists(space, cell) ? cell : undefined
}

/** Cells that data centre `dc` owns in all; 0 when dc ≥ dcCount. */
export function ownedCells(space: NumberSpace, dc: number): number {
  return ownedBelow(cellCount(space), dc, space.dcCount)
}

/**
 * Share of the data centre's numbers that lie below `nextValue`, the first number not granted yet: 0..1
 * (R-2.2.4 alerts above 0.8). 1 for a data centre that owns no cell: it has nothing left to give.
 */
export function usedShare(space: NumberSpace, dc: number, nextValue: number): number {
  const owned = ownedCells(space, dc)
  if (owned === 0) return 1
  const offset = Math.max(0, nextValue - space.startAt)
  const cell = Math.floor(offset / space.cellSize)
  if (cell >= cellCount(space)) return 1
  const whole = ownedBelow(cell, dc, space.dcCount)
  const within = cellOwner(cell, space.dcCount) === dc ? (offset % space.cellSize) / space.cellSize : 0
  return (whole + within) / owned
}

/**
 * First number above all that a data centre was granted, by where its row stands. A row that stands at the beginning of
 * its first cell was opened and never used: the numbers below it are other data centres', who answer for them.
 */
export function reachedValue(space: NumberSpace, dc: number, nextValue: number): number {
  return nextValue === cellBounds(space, firstCell(dc)).lo ? space.startAt : nextValue
}

/** How many of the cells 0..end-1 belong to `dc`. */
function ownedBelow(end: number, dc: number, dcCount: number): number {
  return dc >= dcCount ? 0 : Math.max(0, Math.ceil((end - dc) / dcCount))
}

/**
 * The smallest number at or above `value` in a cell that data centre `dc` owns, with that cell; undefined when there
 * is none below 2^53.
 */
export function placeAtOrAbove(
  space: NumberSpace,
  dc: number,
  value: number,
): { readonly cell: number; readonly lo: number; readonly hi: number } | undefined {
  if (dc >= space.dcCount) return undefined
  const at = Math.max(0, Math.floor((value - space.startAt) / space.cellSize))
  const cell = at + ((dc - cellOwner(at, space.dcCount) + space.dcCount) % space.dcCount)
  if (!cellExists(space, cell)) return undefined
  const bounds = cellBounds(space, cell)
  return { cell, lo: Math.max(value, bounds.lo), hi: bounds.hi }
}

/**
 * The first number at or above `value` at which the pattern of cells begins anew. A tag that is made again there, in the
 * same kind of space, gives every data centre only cells that were its own before: numbers that another one granted of
 * the deleted tag, and that nobody else knows of, lie in none of them. With one data centre nobody else granted any.
 */
export function nextRound(space: NumberSpace, value: number): number {
  const round = space.cellSize * space.dcCount
  const rounds = Math.max(0, Math.ceil((value - space.startAt) / round))
  return space.dcCount === 1 ? value : Math.min(SEGMENT_LIMIT, space.startAt + rounds * round)
}

/**
 * Where a tag begins that wants to begin at `space.startAt`, above deleted tags of its name (undefined: there were none):
 * their numbers end below `high`, where their pattern of cells begins anew (`nextRound`), and the new tag's cells must
 * fall into the same pattern.
 */
export function startAbove(space: NumberSpace, high: number | undefined): number {
  if (high === undefined) return space.startAt
  return space.startAt <= high ? high : nextRound({ ...space, startAt: high }, space.startAt)
}

/**
 * What a deleted tag's tombstone in etcd, and its grave in a database, say of the numbers below which nothing of its name is
 * free: where the pattern of cells begins anew above all that was granted. Of one whose numbers were written in a format, all of
 * them: another format, or none, could write an old text for a new number, so the name is not used again.
 */
export function tombstoneHigh(space: NumberSpace, reached: number): number {
  return space.format === undefined ? nextRound(space, reached) : SEGMENT_LIMIT
}
