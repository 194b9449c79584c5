import { type AlgorithmName, NUMERIC_ALGORITHMS } from './algorithm.ts'
import { CELL_MIN } from './dated-numbers.ts'
import { IdgenError } from './errors.ts'
import { formatFaults } from './format-faults.ts'
import type { IdFormat } from './id-format.ts'

/** Bounds of a segment's step: how many numbers one allocation takes. 1 ≤ min ≤ base ≤ max ≤ STEP_MAX. */
export interface StepBounds {
  readonly base: number
  readonly min: number
  readonly max: number
}

/**
 * The number space of a tag, fixed when the tag is made (design.md section 2, range grant):
 * [startAt, 2^53) is cut into cells of `cellSize`, cell k belongs to data centre k mod `dcCount`.
 */
export interface NumberSpace {
  readonly startAt: number
  readonly cellSize: number
  readonly dcCount: number
  /** How its numbers are written; left out: in decimal. Fixed with the rest, or a text could name two numbers. */
  readonly format?: IdFormat
}

/** What an application asks IDs of. `id` is unique for ever, also after the tag was deleted and made again. */
export interface Tag {
  readonly id: number
  /** Names the tag in every store, for ever: 32 hex digits. Unlike the id it is the same in every database that has the tag. */
  readonly generation: string
  readonly workspace: string
  readonly group: string
  readonly name: string
  readonly displayName: string
  /** First in the chain; the rest follow when it fails. Never empty, no repeats. */
  readonly chain: readonly AlgorithmName[]
  readonly step: StepBounds
  readonly space: NumberSpace
  /** Counts changes, from 1; the ETag of the HTTP API. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** `workspace/group/tag`: how requests and logs name a tag. Names hold no slash, so it is unambiguous. */
export function tagPath(tag: { workspace: string; group: string; name: string }): string {
  return `${tag.workspace}/${tag.group}/${tag.name}`
}

/** 2^53: numbers of segments stay below it, snowflake values start above it, so they never collide. */
export const SEGMENT_LIMIT = 2 ** 53

/** Largest step: one second of IDs at 100 M/s; a larger one would only make larger gaps. */
export const STEP_MAX = 100_000_000

/** 2^32: at 1,000,000 IDs/s a data centre opens a new cell every 71 minutes, so opening costs nothing. */
export const DEFAULT_SPACE: NumberSpace = { startAt: 1, cellSize: 2 ** 32, dcCount: 8 }

/**
 * Of a tag that was imported with a maximum above which no number is free: its chain is UUIDs alone, then and later. No
 * other space can look like it: a cell of one number is refused everywhere else, also in a tag of this name that is made
 * again. It is a space that has room, so that stores need not know of it.
 */
export const NO_FREE_NUMBERS: NumberSpace = { startAt: SEGMENT_LIMIT - 1, cellSize: 1, dcCount: 1 }

/**
 * Cells of a tag that was imported to give no snowflakes: those of the old system lie where ours do, so its chain has none, then and
 * later, in every database. A size that nobody asks for, the prime above 2^32: stores need not know of it, and no other tag of an
 * import has it.
 */
export const NO_SNOWFLAKES: Pick<NumberSpace, 'cellSize' | 'dcCount'> = { cellSize: 2 ** 32 + 15, dcCount: 8 }

/** 1,000 per allocation: a gap nobody minds; the dynamic step grows from here. */
export const DEFAULT_STEP: StepBounds = { base: 1000, min: 100, max: 1_000_000 }

/** 1–63 of a–z 0–9 - _ . ; starts with a letter or digit, so that no name reads as an option or a path. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** @throws IDGEN_NAME_INVALID with the offending value */
export function checkName(kind: string, name: string): string {
  if (NAME.test(name)) return name
  throw new IdgenError(
    'IDGEN_NAME_INVALID',
    `The ${kind} name ${JSON.stringify(name.slice(0, 80))} is not allowed: use 1 to 63 of a-z 0-9 - _ . and begin with a letter or digit.`,
  )
}

/** The default chain that begins with `first`: everything after it in the order of. */
export function defaultChain(first: AlgorithmName): readonly AlgorithmName[] {
  const order: readonly AlgorithmName[] = [...NUMERIC_ALGORITHMS, 'uuid-v7', 'uuid-v4']
  return order.slice(order.indexOf(first))
}

/** What a person may set on a new tag; the rest has defaults. */
export interface TagDraft {
  readonly chain: readonly AlgorithmName[]
  readonly step: StepBounds
  readonly space: NumberSpace
}

/** All faults at once, each with its path; an empty list means valid. */
export function tagFaults(draft: TagDraft): { path: string; message: string }[] {
  return [
    ...chainFaults(draft),
    ...stepFaults(draft.step, draft.space),
    ...spaceFaults(draft.space),
    ...formatFaults(draft),
  ]
}

function chainFaults({ chain, space }: TagDraft): { path: string; message: string }[] {
  if (chain.length === 0) return [{ path: '/chain', message: 'must name at least one algorithm' }]
  const faults = []
  if (new Set(chain).size !== chain.length)
    faults.push({ path: '/chain', message: 'names an algorithm twice' })
  if (
    defaultChain(chain[0] ?? 'segment')
      .filter((a) => chain.includes(a))
      .join() !== chain.join()
  )
    faults.push({ path: '/chain', message: 'must keep the order segment, snowflake, uuid-v7, uuid-v4' })
  if (hasNoFreeNumbers(space) && chain.some((name) => NUMERIC_ALGORITHMS.includes(name)))
    faults.push({
      path: '/chain',
      message: 'must be UUIDs alone: the tag was imported, and any number may be one of the old system',
    })
  else if (excludesSnowflakes(space) && chain.includes('snowflake'))
    faults.push({
      path: '/chain',
      message:
        'must not have snowflake: the tag was imported without it, and snowflakes may be IDs of the old system',
    })
  return faults
}

function stepFaults(step: StepBounds, space: NumberSpace): { path: string; message: string }[] {
  const faults = []
  for (const [field, value] of Object.entries(step))
    if (!Number.isInteger(value) || value < 1 || value > STEP_MAX)
      faults.push({
        path: `/step/${field}`,
        message: `must be an integer from 1 to ${STEP_MAX}, not ${value}`,
      })
  if (step.min > step.base) faults.push({ path: '/step/min', message: `must not exceed base (${step.base})` })
  if (step.base > step.max) faults.push({ path: '/step/base', message: `must not exceed max (${step.max})` })
  if (step.max > space.cellSize)
    faults.push({ path: '/step/max', message: `must not exceed the cell size (${space.cellSize})` })
  return faults
}

/** Whether no tag of this space can ever give a snowflake, whatever becomes of its chain. */
export function excludesSnowflakes(space: NumberSpace): boolean {
  const { cellSize, dcCount } = NO_SNOWFLAKES
  return hasNoFreeNumbers(space) || (space.cellSize === cellSize && space.dcCount === dcCount)
}

/** By all three: the last thousand numbers are a space that anybody may have. */
function hasNoFreeNumbers({ startAt, cellSize, dcCount, format }: NumberSpace): boolean {
  const { startAt: markAt, cellSize: markSize, dcCount: markCount } = NO_FREE_NUMBERS
  return startAt === markAt && cellSize === markSize && dcCount === markCount && format === undefined
}

function spaceFaults(space: NumberSpace): { path: string; message: string }[] {
  if (hasNoFreeNumbers(space)) return []
  const faults = []
  if (!Number.isInteger(space.dcCount) || space.dcCount < 1 || space.dcCount > 8)
    faults.push({ path: '/space/dcCount', message: `must be an integer from 1 to 8, not ${space.dcCount}` })
  if (!Number.isSafeInteger(space.startAt) || space.startAt < 0)
    faults.push({
      path: '/space/startAt',
      message: `must be an integer from 0 to 2^53 - 1, not ${space.startAt}`,
    })
  // With a date it follows from the width, which is then what is at fault (core/format-faults.ts).
  const least = space.format?.reset === undefined ? CELL_MIN : 1
  if (!Number.isSafeInteger(space.cellSize) || space.cellSize < least)
    faults.push({
      path: '/space/cellSize',
      message: `must be an integer of at least ${least}, not ${space.cellSize}`,
    })
  else if (space.cellSize * space.dcCount > SEGMENT_LIMIT - space.startAt)
    faults.push({ path: '/space', message: 'leaves no whole cell for every data centre below 2^53' })
  return faults
}
