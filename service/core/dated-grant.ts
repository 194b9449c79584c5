import { firstOfPeriod, periodAt, periodOf, periodStartMs } from './dated-numbers.ts'
import type { SegmentGrant } from './grant.ts'
import type { NumberSpace } from './tag.ts'

/** Grant nothing below: the first number of the date at `nowMs` by the store's clock; 0 for a space without dates. */
export function datedFloor(space: NumberSpace, nowMs: number): number {
  const { format } = space
  return format?.reset === undefined ? 0 : firstOfPeriod(space, periodAt(format, nowMs))
}

/**
 * When the numbers of `grant`'s date may be granted, if that is yet to come; undefined: now. A date that was begun goes
 * on whatever the clock says: it may have stepped back, and going back with it would write numbers again.
 *
 * @param before where the cursor stood: the cell that it was in was opened for a date that had come
 */
export function notBeforeMs(
  space: NumberSpace,
  before: { readonly cell: number; readonly nowMs: number },
  grant: SegmentGrant & { readonly cell: number },
): number | undefined {
  const { format } = space
  if (format?.reset === undefined || grant.cell === before.cell) return undefined
  const period = periodOf(space, grant.lo)
  return period <= periodAt(format, before.nowMs) ? undefined : periodStartMs(format, period)
}
