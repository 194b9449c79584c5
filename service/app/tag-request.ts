import { type AlgorithmName, NUMERIC_ALGORITHMS } from '../core/algorithm.ts'
import { datedCellSize } from '../core/dated-numbers.ts'
import { displayNameFault } from '../core/display-name.ts'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import { canonicalFormat, type IdFormat, isWritten, layoutOf, readFormat } from '../core/id-format.ts'
import {
  DEFAULT_SPACE,
  DEFAULT_STEP,
  defaultChain,
  type NumberSpace,
  type StepBounds,
  type TagDraft,
  tagFaults,
} from '../core/tag.ts'

/** What a person says of a new tag; everything left out has a default. */
export interface TagRequest {
  readonly displayName?: string | undefined
  /** The first choice; the default chain follows from it. Not together with `chain`. */
  readonly algorithm?: AlgorithmName | undefined
  readonly chain?: readonly AlgorithmName[] | undefined
  readonly step?: Partial<StepBounds> | undefined
  readonly space?: Partial<NumberSpace> | undefined
}

/** @throws IDGEN_REQUEST_INVALID */
export function checkDisplayName(text: string): string {
  const message = displayNameFault(text)
  if (message === undefined) return text
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/displayName ${message}.`, {
    faults: [{ path: '/displayName', message }],
  })
}

/** A step bound a person left out follows the base they gave, so that { base: 10 } alone is valid. @throws IDGEN_REQUEST_INVALID */
export function completed(request: TagRequest): TagDraft {
  if (
    request.algorithm !== undefined &&
    request.chain !== undefined &&
    request.chain[0] !== request.algorithm
  )
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      '/chain must begin with /algorithm, or leave one of them out.',
      {
        faults: [{ path: '/chain', message: 'must begin with /algorithm' }],
      },
    )
  const given = defined(request.step)
  const space = completedSpace(defined(request.space))
  // Of a count that begins anew every day people see the gaps, and one process must not take a whole day's numbers.
  const isDated = space.format?.reset !== undefined
  const most = Math.min(DEFAULT_STEP.max, isDated ? Math.ceil(space.cellSize / DATED_SHARE) : space.cellSize)
  const base = given.base ?? Math.min(isDated ? DATED_BASE : DEFAULT_STEP.base, most)
  return {
    chain: request.chain ?? chainFrom(request.algorithm, space.format),
    step: {
      base,
      min: given.min ?? Math.min(DEFAULT_STEP.min, base),
      max: given.max ?? Math.max(most, base),
    },
    space,
  }
}

/** With a reset the cells follow from date and width (core/dated-numbers.ts). */
function completedSpace(given: Partial<NumberSpace>): NumberSpace {
  const { format: raw, ...numbers } = given
  if (raw === undefined) return { ...DEFAULT_SPACE, ...numbers }
  refuseFormatFaults(raw)
  const format = canonicalFormat(raw)
  const dcCount = numbers.dcCount ?? DEFAULT_SPACE.dcCount
  const cellSize = format.reset === undefined ? DEFAULT_SPACE.cellSize : datedCellSize(format, dcCount)
  return { ...DEFAULT_SPACE, cellSize, ...numbers, format }
}

/** Before it is read: of a layout with faults there is no canonical form. @throws IDGEN_REQUEST_INVALID */
function refuseFormatFaults(format: IdFormat): void {
  const read = readFormat('/space/format', format)
  if ('faults' in read) refuse(read.faults)
}

/** A UUID is no number that could be written in a format; a snowflake has a date and an order of its own. */
function chainFrom(
  wanted: AlgorithmName | undefined,
  format: IdFormat | undefined,
): readonly AlgorithmName[] {
  const first = wanted ?? (layoutOf(format) === undefined ? 'segment' : 'snowflake')
  if (!isWritten(format)) return defaultChain(first)
  // Its fault is told of the format: an empty chain would be told of a field that nobody filled in.
  if (!NUMERIC_ALGORITHMS.includes(first)) return [first]
  const segmentOnly = format.reset !== undefined || format.shuffleKey !== undefined
  return segmentOnly ? [first] : defaultChain(first).filter((name) => NUMERIC_ALGORITHMS.includes(name))
}

/** At most a hundred serials of a day are lost with a process that is not busy. */
const DATED_BASE = 100
/** Of a data centre's numbers of a date one allocation takes at most a hundredth. */
const DATED_SHARE = 100

/** What is wrong with a tag's settings; where it is to be made at `madeAtMs`, also with being made then. */
export function draftFaults(draft: TagDraft, madeAtMs?: number): readonly FieldFault[] {
  return [...tagFaults(draft), ...(madeAtMs === undefined ? [] : epochFaults(draft.space, madeAtMs))]
}

/**
 * Of a tag that is to be made now: a layout whose time begins later gives nothing until then. Asked of new tags alone; of one that is
 * there it would make an error of a clock that was put back.
 */
function epochFaults({ format }: NumberSpace, nowMs: number): readonly FieldFault[] {
  const epochMs = layoutOf(format)?.epochMs
  if (epochMs === undefined || epochMs <= nowMs) return []
  const [begins, now] = [epochMs, nowMs].map((ms) => new Date(ms).toISOString())
  return [
    {
      path: '/space/format/snowflake',
      message: `needs an epochMs that is past, not ${epochMs} (${begins}; it is ${now} now): until then it gives no IDs`,
    },
  ]
}

/** `madeAtMs`: of a tag that is to be made then. @throws IDGEN_REQUEST_INVALID */
export function refuseFaults(draft: TagDraft, madeAtMs?: number): void {
  const faults = draftFaults(draft, madeAtMs)
  if (faults.length > 0) refuse(faults)
}

function refuse(faults: readonly FieldFault[]): never {
  throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
    faults,
  })
}

/** Without the fields that are present but undefined: they must not overwrite a default. */
export function defined<T extends object>(
  part: T | undefined,
): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(
    Object.entries(part ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>
  }>
}
