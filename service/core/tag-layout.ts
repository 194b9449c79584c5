import type { NumberPair } from './decimal.ts'
import { DEFAULT_EPOCH_MS, WORKER_COUNT } from './snowflake-layout.ts'

/**
 * How the snowflakes of one tag are put together, where it has a layout of its own (decision 0042):
 *
 *     ┌─────────────────────┬────────┬────────────┬──────────────┐
 *     │ units since epoch   │ dc     │ worker     │ sequence     │   together at most 63 bits
 *     │ timeBits            │ dcBits │ workerBits │ sequenceBits │
 *     └─────────────────────┴────────┴────────────┴──────────────┘
 *
 * Part of the tag's number space, so it never changes: two layouts in one tag could give one number twice.
 */
export interface TagLayout {
  /** Unix milliseconds of unit 0. */
  readonly epochMs: number
  /** Length of a unit of time, milliseconds. */
  readonly unitMs: number
  readonly timeBits: number
  readonly dcBits: number
  readonly workerBits: number
  readonly sequenceBits: number
}

/** Layouts that have a name. */
export const LAYOUT_NAMES = ['53-bit'] as const
export type LayoutName = (typeof LAYOUT_NAMES)[number]

const NAMED: Readonly<Record<LayoutName, TagLayout>> = {
  // 16 IDs in 10 ms of a worker id, until the year 2111: what 53 bits can give beside 8 data centres of 256 workers.
  '53-bit': {
    epochMs: DEFAULT_EPOCH_MS,
    unitMs: 10,
    timeBits: 38,
    dcBits: 3,
    workerBits: 8,
    sequenceBits: 4,
  },
}

export const LAYOUT_FIELDS = [
  'epochMs',
  'unitMs',
  'timeBits',
  'dcBits',
  'workerBits',
  'sequenceBits',
] as const satisfies readonly (keyof TagLayout)[]

/** The least and the most of each field. What lies in the low 32 bits is added to without a carry. */
export const LAYOUT_BOUNDS: Readonly<Record<keyof TagLayout, readonly [number, number]>> = {
  // To the year 2100: later ones are typing faults.
  epochMs: [0, 4_102_444_800_000],
  // A new holder of a worker id waits for the next unit: a second is what a request can wait.
  unitMs: [1, 1000],
  // More would end after the last year that a date has.
  timeBits: [20, 47],
  // A data centre's number is configured, so fewer bits than data centres can have are a choice.
  dcBits: [0, 8],
  // A worker id is not chosen: with fewer bits a process that was given a high one could not serve the tag.
  workerBits: [Math.log2(WORKER_COUNT), 16],
  sequenceBits: [1, 22],
}

/** What a person may leave out. */
const DEFAULTS: Partial<TagLayout> = { epochMs: DEFAULT_EPOCH_MS, unitMs: 1, dcBits: 3, workerBits: 8 }

export const LAYOUT_BITS_MAX = 63
const SAFE_BITS = 53
/** dc, worker and sequence. */
const LOW_BITS_MAX = 32
/** A tag that ends sooner was hardly meant so. */
const LASTS_YEARS_MIN = 10
const YEAR_MS = 365.25 * 86_400_000
/** The end of the year 9999: dates after it have no four-figure year, and those after 275760 are no dates of JavaScript. */
const LAST_END_MS = 253_402_300_800_000

/** Why it is no layout, or undefined. */
export function layoutFault(value: unknown): string | undefined {
  if (typeof value === 'string')
    return LAYOUT_NAMES.some((name) => name === value)
      ? undefined
      : `must be ${LAYOUT_NAMES.join(', ')} or an object of bit widths, not ${JSON.stringify(value.slice(0, 40))}`
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `must be ${LAYOUT_NAMES.join(', ')} or an object of bit widths`
  const given: Readonly<Record<string, unknown>> = { ...DEFAULTS, ...withoutGaps(value) }
  const unknown = Object.keys(given).find((name) => !LAYOUT_FIELDS.some((field) => field === name))
  if (unknown !== undefined) return `has the field ${unknown.slice(0, 40)}, which no layout has`
  for (const field of LAYOUT_FIELDS) {
    const [least, most] = LAYOUT_BOUNDS[field]
    const number = given[field]
    if (!Number.isInteger(number) || (number as number) < least || (number as number) > most)
      return `needs ${field} as an integer from ${least} to ${most}, not ${shown(number)}`
  }
  return widthsFault(filled(given))
}

/** Nothing that is nested: as deep as a request allows it would overflow the stack of any printer. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'number') return String(value)
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 40) : value) ?? 'nothing'
}

function widthsFault(layout: TagLayout): string | undefined {
  const bits = layoutBits(layout)
  if (bits > LAYOUT_BITS_MAX) return `has ${bits} bits: at most ${LAYOUT_BITS_MAX} are a positive integer`
  const low = lowBits(layout)
  if (low > LOW_BITS_MAX) return `has ${low} bits below the time: at most ${LOW_BITS_MAX} are possible`
  const years = (2 ** layout.timeBits * layout.unitMs) / YEAR_MS
  if (years < LASTS_YEARS_MIN)
    return `lasts ${years.toFixed(1)} years: give it more timeBits or a longer unitMs, for at least ${LASTS_YEARS_MIN}`
  if (layoutEndMs(layout) > LAST_END_MS)
    return `lasts ${years.toFixed(0)} years, beyond the year 9999: give it fewer timeBits, a shorter unitMs or an earlier epochMs`
  return undefined
}

/** In its one way of being written. `value`: without a fault. */
export function canonicalLayout(value: TagLayout | LayoutName): TagLayout {
  return typeof value === 'string' ? NAMED[value] : filled({ ...DEFAULTS, ...withoutGaps(value) })
}

/** All numbers are below 2^53, which is safe in every language. */
export function isSafeLayout(layout: TagLayout): boolean {
  return layoutBits(layout) <= SAFE_BITS
}

/** First millisecond that cannot be stamped any more: refused, never wrapped. */
export function layoutEndMs({ epochMs, unitMs, timeBits }: TagLayout): number {
  return epochMs + unitMs * 2 ** timeBits
}

/** The number of this unit with sequence 0. Every field must fit its bits. */
export function firstOfUnit(layout: TagLayout, unit: number, dc: number, worker: number): NumberPair {
  const below = lowBits(layout)
  // What of the unit lies in the upper word; doubles, as the shifts of JavaScript end at 32 bits.
  const unitsInLo = 2 ** (LOW_BITS_MAX - below)
  const hi = Math.floor(unit / unitsInLo)
  const low = (dc * 2 ** layout.workerBits + worker) * 2 ** layout.sequenceBits
  return { hi, lo: (unit - hi * unitsInLo) * 2 ** below + low }
}

export interface DecodedOfLayout {
  /** Unix milliseconds: where its unit begins. */
  readonly timeMs: number
  readonly dc: number
  readonly worker: number
  readonly sequence: number
}

/** undefined: above all that the layout can hold. */
export function decodeOfLayout(layout: TagLayout, { hi, lo }: NumberPair): DecodedOfLayout | undefined {
  const below = lowBits(layout)
  const unit = hi * 2 ** (LOW_BITS_MAX - below) + Math.floor(lo / 2 ** below)
  if (unit >= 2 ** layout.timeBits) return undefined
  const low = lo % 2 ** below
  const node = Math.floor(low / 2 ** layout.sequenceBits)
  return {
    timeMs: layout.epochMs + unit * layout.unitMs,
    dc: Math.floor(node / 2 ** layout.workerBits),
    worker: node % 2 ** layout.workerBits,
    sequence: low % 2 ** layout.sequenceBits,
  }
}

function layoutBits(layout: TagLayout): number {
  return layout.timeBits + lowBits(layout)
}

function lowBits({ dcBits, workerBits, sequenceBits }: TagLayout): number {
  return dcBits + workerBits + sequenceBits
}

/** What came over gRPC has members that are undefined, which must not take the place of a default. */
function withoutGaps(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined))
}

function filled(given: Readonly<Partial<Record<string, unknown>>>): TagLayout {
  const number = (field: keyof TagLayout): number => given[field] as number
  return {
    epochMs: number('epochMs'),
    unitMs: number('unitMs'),
    timeBits: number('timeBits'),
    dcBits: number('dcBits'),
    workerBits: number('workerBits'),
    sequenceBits: number('sequenceBits'),
  }
}
