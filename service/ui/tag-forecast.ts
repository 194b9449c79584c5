import { cellBounds, ownedCells, placeAtOrAbove, usedShare } from '../core/cells.ts'
import { dateText, firstOfPeriod, periodAt, periodOf, periodStartMs } from '../core/dated-numbers.ts'
import type { NumberSpace } from '../core/tag.ts'
import type { SegmentPlace } from '../ports/declaration-store.ts'
import type { RecentGrants } from '../ports/grant-history.ts'

/** How long a data centre's numbers last when it goes on as it did today. */
export interface Forecast {
  readonly dc: number
  /** Of all its numbers, or of those of the date: 0..1 */
  readonly used: number
  readonly left: number
  /** Where the next number lies. */
  readonly cell: number
  /** Numbers were taken there. */
  readonly begun: boolean
  /** undefined: none were granted today. */
  readonly fullInDays: number | undefined
  /** How long the grants took whose rate that is, milliseconds: an hour to a day, of a busy tag seconds or minutes. */
  readonly overMs: number
  /** Of a tag whose count begins anew with every date: the one that `used` and `left` are of. */
  readonly date: { readonly text: string; readonly endsMs: number } | undefined
}

/** A tag's numbers, and where its data centres stand in them. */
interface Placed {
  readonly tag: { readonly space: NumberSpace; readonly createdAt: Date }
  readonly places: readonly SegmentPlace[]
}

type Standing = Pick<Forecast, 'used' | 'left' | 'cell' | 'begun' | 'date'>

/** `recent`: since a day ago. */
export function forecasts(
  { tag: { space, createdAt }, places }: Placed,
  recent: readonly RecentGrants[],
  nowMs: number,
): Forecast[] {
  return Array.from({ length: space.dcCount }, (_, dc) => {
    const place = places.find((one) => one.dc === dc)
    const standing = standingInDate(space, dc, place, nowMs) ?? standingInAll(space, dc, place)
    const grants = recent.find((one) => one.dc === dc)
    const overMs = measuredMs(grants, createdAt, nowMs)
    const perDay = ((grants?.numbers ?? 0) / overMs) * DAY_MS
    return { dc, ...standing, fullInDays: perDay > 0 ? standing.left / perDay : undefined, overMs }
  })
}

/**
 * Of a tag that was made six hours ago those; of an old one its day, however short the burst in it was. Only where more
 * was granted than was counted it is less than an hour: numbers of seconds, taken for an hour's, would last far too long.
 */
function measuredMs(grants: RecentGrants | undefined, createdAt: Date, nowMs: number): number {
  const askedMs = nowMs - DAY_MS
  const fromMs = grants?.from.getTime() ?? askedMs
  if (fromMs > askedMs) return Math.max(THOUSAND_GRANTS_MS, nowMs - fromMs)
  return Math.max(HOUR_MS, nowMs - Math.max(askedMs, createdAt.getTime()))
}

function standingInAll(space: NumberSpace, dc: number, place: SegmentPlace | undefined): Standing {
  const used = place === undefined ? 0 : usedShare(space, dc, place.nextValue)
  const left = (1 - used) * ownedCells(space, dc) * space.cellSize
  return { used, left, cell: place?.cell ?? dc, begun: place !== undefined, date: undefined }
}

/**
 * A date has one cell of each data centre. That of a place which is ahead of our clock counts: the store's clock says which
 * date it is, and one that was begun goes on.
 */
function standingInDate(
  space: NumberSpace,
  dc: number,
  place: SegmentPlace | undefined,
  nowMs: number,
): Standing | undefined {
  const { format, cellSize } = space
  if (format?.reset === undefined) return undefined
  const cell = placeAtOrAbove(space, dc, firstOfPeriod(space, periodAt(format, nowMs)))?.cell ?? dc
  const begun = place !== undefined && place.cell >= cell
  const at = begun ? place.cell : cell
  const { lo } = cellBounds(space, at)
  const taken = begun ? Math.min(cellSize, Math.max(0, place.nextValue - lo)) : 0
  const period = periodOf(space, lo)
  const date = { text: dateText(format.reset, period), endsMs: periodStartMs(format, period + 1) }
  return { used: taken / cellSize, left: cellSize - taken, cell: at, begun, date }
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A row is written no faster. And the store's clock, which dated them, may be ahead of ours. */
const THOUSAND_GRANTS_MS = 1000
