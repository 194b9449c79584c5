import type { UseCases } from '../app/use-cases.ts'
import { placeAtOrAbove } from '../core/cells.ts'
import { firstOfPeriod, periodAt } from '../core/dated-numbers.ts'
import { layoutOf } from '../core/id-format.ts'
import { type IdPrinter, printerOf } from '../core/id-printer.ts'
import { firstStampMs, type SnowflakeLayout, snowflakeHi, snowflakeLo } from '../core/snowflake-layout.ts'
import type { NumberSpace, TagDraft } from '../core/tag.ts'
import { firstOfUnit, type TagLayout } from '../core/tag-layout.ts'

/** When, and of which layout, the IDs would be. */
export interface ExampleMoment {
  readonly layout: SnowflakeLayout
  readonly nowMs: number
}

export function momentOf({ layout, clock }: Pick<UseCases, 'layout' | 'clock'>): ExampleMoment {
  return { layout, nowMs: clock.nowMs() }
}

/**
 * IDs as a new tag would give them now, written by the printer that writes the real ones. Of segments the first three of
 * data centre 0, then the first of the last one, whose numbers lie far above; of snowflakes the first that the worker id 0
 * of data centre 0 would stamp in this millisecond. None without a format.
 */
export function formatExamples(
  { chain, space }: Pick<TagDraft, 'chain' | 'space'>,
  moment: ExampleMoment,
): readonly string[] {
  const printer = printerOf(space)
  if (printer === undefined) return []
  if (chain[0] === 'snowflake') return [snowflakeText(printer, layoutOf(space.format), moment)]
  const firstOf = (dc: number): number | undefined =>
    placeAtOrAbove(space, dc, firstNow(space, moment.nowMs))?.lo
  const text = (value: number): string => printer.text(Math.floor(value / TWO_32), value % TWO_32)
  const first = firstOf(0)
  const last = space.dcCount > 1 ? firstOf(space.dcCount - 1) : undefined
  return [
    ...(first === undefined ? [] : [first, first + 1, first + 2]),
    ...(last === undefined ? [] : [last]),
  ].map(text)
}

function snowflakeText(
  printer: IdPrinter,
  own: TagLayout | undefined,
  { layout, nowMs }: ExampleMoment,
): string {
  if (own !== undefined) {
    const unit = Math.max(0, Math.floor((nowMs - own.epochMs) / own.unitMs))
    const { hi, lo } = firstOfUnit(own, unit, 0, 0)
    return printer.text(hi, lo)
  }
  const stampMs = Math.max(nowMs, firstStampMs(layout))
  return printer.text(snowflakeHi(layout, stampMs), snowflakeLo(layout, stampMs, 0, 0))
}

/** What an allocation now grants nothing below of. */
function firstNow(space: NumberSpace, nowMs: number): number {
  const { format, startAt } = space
  return format?.reset === undefined ? startAt : firstOfPeriod(space, periodAt(format, nowMs))
}

const TWO_32 = 2 ** 32
