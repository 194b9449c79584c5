import { NUMERIC_ALGORITHMS } from './algorithm.ts'
import { CELL_MIN, datedCellSize, leastDatedWidth, periodAt, periodSize } from './dated-numbers.ts'
import type { FieldFault } from './errors.ts'
import { type IdFormat, isWritten, layoutOf, radixOf, readFormat } from './id-format.ts'
import type { NumberSpace, TagDraft } from './tag.ts'

/** What keeps a tag's format from being unique, or from being written at all, together with its chain and its numbers. */
export function formatFaults({ chain, space }: Pick<TagDraft, 'chain' | 'space'>): readonly FieldFault[] {
  const { format } = space
  if (format === undefined) return []
  const read = readFormat('/space/format', format)
  if ('faults' in read) return read.faults
  return [...chainFaults(chain, format), ...(format.reset === undefined ? [] : datedFaults(space, format))]
}

function chainFaults(chain: TagDraft['chain'], format: IdFormat): FieldFault[] {
  const { reset, shuffleKey } = format
  if (layoutOf(format) !== undefined && chain[0] !== 'snowflake')
    return [
      {
        path: '/chain',
        message:
          'must begin with snowflake with a layout of its own: numbers of segments could be equal to them',
      },
    ]
  if (isWritten(format) && chain.length > 0 && !NUMERIC_ALGORITHMS.some((name) => chain.includes(name)))
    return [
      {
        path: '/space/format',
        message: 'goes with numbers, and UUIDs are none: leave it out, or begin with segment or snowflake',
      },
    ]
  if (isWritten(format) && !chain.every((name) => NUMERIC_ALGORITHMS.includes(name)))
    return [{ path: '/chain', message: 'must end before the UUIDs with a format: they are no numbers' }]
  const needs = reset === undefined ? 'shuffleKey' : 'reset'
  if ((reset ?? shuffleKey) === undefined || chain.join() === 'segment') return []
  return [
    {
      path: '/chain',
      message: `must be ["segment"] with ${needs}: a snowflake carries a date and an order of its own`,
    },
  ]
}

function datedFaults(space: NumberSpace, format: IdFormat): FieldFault[] {
  const faults: FieldFault[] = []
  // The first number of a later date: of a tag that is made again above what is remembered of it.
  if ((space.startAt - 1) % periodSize(space) !== 0)
    faults.push({ path: '/space/startAt', message: 'must be 1 with reset: the numbers follow from the date' })
  const cellSize = datedCellSize(format, space.dcCount)
  if (cellSize < CELL_MIN)
    return [
      {
        path: '/space/format/width',
        message: `must be at least ${leastDatedWidth(format, space.dcCount)} with reset, radix ${radixOf(format)} and dcCount ${space.dcCount}: each data centre needs ${CELL_MIN} serials of a date`,
      },
    ]
  if (space.cellSize !== cellSize)
    faults.push({
      path: '/space/cellSize',
      message: `follows from width with reset, ${cellSize} for ${space.dcCount} data centres: leave it out`,
    })
  // Periods begin in 1970: the numbers must last from there.
  if (periodAt(format, LAST_YEAR_MS) * periodSize(space) > 2 ** 53)
    faults.push({
      path: '/space/format/width',
      message: `must be smaller with a reset every ${format.reset}: the numbers below 2^53 would end before the year 2100`,
    })
  return faults
}

const LAST_YEAR_MS = 4_102_444_800_000
