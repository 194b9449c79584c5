import { placeAtOrAbove } from '../core/cells.ts'
import { firstOfPeriod, periodAt } from '../core/dated-numbers.ts'
import { printerOf } from '../core/id-printer.ts'
import type { NumberSpace } from '../core/tag.ts'

/**
 * IDs as a new tag's segments would give them now, written by the printer that writes the real ones: the first three of
 * data centre 0, then the first of the last one, whose numbers lie far above. None without a format.
 */
export function formatExamples(space: NumberSpace, nowMs: number): readonly string[] {
  const printer = printerOf(space)
  if (printer === undefined) return []
  const firstOf = (dc: number): number | undefined => placeAtOrAbove(space, dc, firstNow(space, nowMs))?.lo
  const text = (value: number): string => printer.text(Math.floor(value / TWO_32), value % TWO_32)
  const first = firstOf(0)
  const last = space.dcCount > 1 ? firstOf(space.dcCount - 1) : undefined
  return [
    ...(first === undefined ? [] : [first, first + 1, first + 2]),
    ...(last === undefined ? [] : [last]),
  ].map(text)
}

/** What an allocation now grants nothing below of. */
function firstNow(space: NumberSpace, nowMs: number): number {
  const { format, startAt } = space
  return format?.reset === undefined ? startAt : firstOfPeriod(space, periodAt(format, nowMs))
}

const TWO_32 = 2 ** 32
