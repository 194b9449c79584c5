import type { AlgorithmName } from './algorithm.ts'
import { CHECK_KINDS, type CheckKind, ISO7064_RADIXES } from './check-digit.ts'
import type { FieldFault } from './errors.ts'
import { shuffleKeyFault } from './number-shuffle.ts'
import { canonicalLayout, isSafeLayout, type LayoutName, layoutFault, type TagLayout } from './tag-layout.ts'

/**
 * How the numbers of a tag are written, fixed when the tag is made (docs/formats.md, decision 0038). What is left out
 * is not there: no prefix, decimal digits without padding.
 *
 *     prefix  date  separator  digits  check  suffix
 *     INV-  20261127   -      000042     7     /EU
 */
export interface IdFormat {
  readonly prefix?: string
  readonly suffix?: string
  /** Of the digits: 10, 36 (0-9 A-Z) or 62 (0-9 A-Z a-z); in all of them texts of one length sort as their numbers, byte by byte. */
  readonly radix?: number
  /** At least so many digits, with zeros before them. */
  readonly width?: number
  readonly check?: CheckKind
  /** 32 hex digits: numbers of one length are permuted among themselves. */
  readonly shuffleKey?: string
  /** The digits begin anew with every period, whose date stands before them. */
  readonly reset?: ResetPeriod
  /** Where the day begins: minutes east of Greenwich. A fixed offset: days of a zone that changes its clock differ in length. */
  readonly utcOffsetMinutes?: number
  /** Between date and digits. */
  readonly separator?: string
  /** How snowflakes of the tag are put together (decision 0042): a name only until the format is canonical. */
  readonly snowflake?: TagLayout | LayoutName
}

export const RADIXES = [10, 36, 62] as const
export const RESET_PERIODS = ['day', 'month', 'year'] as const
export type ResetPeriod = (typeof RESET_PERIODS)[number]

/** In the order in which a format is written down, so that two formats are the same when their JSON is. */
export const FORMAT_FIELDS = [
  'prefix',
  'suffix',
  'radix',
  'width',
  'check',
  'shuffleKey',
  'reset',
  'utcOffsetMinutes',
  'separator',
  'snowflake',
] as const satisfies readonly (keyof IdFormat)[]

export const AFFIX_MAX = 16
/** Longer than any number's digits in any radix would be zeros for nobody. */
export const WIDTH_MAX = 19
/** UTC-12:00 to UTC+14:00. */
export const OFFSET_MIN = -720
export const OFFSET_MAX = 840
/** No quote and no backslash: texts go into JSON as they are. */
export const AFFIX_PATTERN = '^[A-Za-z0-9._:/#+~-]*$'

/** What came from outside as a format, in its one way of being written, or every fault of it. */
export function readFormat(
  path: string,
  value: unknown,
): { readonly format: IdFormat } | { readonly faults: readonly FieldFault[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { faults: [{ path, message: 'must be an object' }] }
  const given = value as Readonly<Record<string, unknown>>
  const faults: FieldFault[] = Object.keys(given)
    .filter((name) => !FORMAT_FIELDS.some((field) => field === name))
    .map((name) => ({ path: `${path}/${name}`, message: 'is no field of a format' }))
  for (const field of FORMAT_FIELDS) {
    const message = given[field] === undefined ? undefined : FIELD_FAULTS[field](given[field])
    if (message !== undefined) faults.push({ path: `${path}/${field}`, message })
  }
  if (faults.length > 0) return { faults }
  const format = canonicalFormat(given)
  const together = faultsTogether(path, format)
  return together.length > 0 ? { faults: together } : { format }
}

/** The fields that are there, in their order. */
export function canonicalFormat(format: IdFormat): IdFormat {
  return Object.fromEntries(
    FORMAT_FIELDS.flatMap((field) => {
      if (field === 'snowflake' && format.snowflake !== undefined)
        return [[field, canonicalLayout(format.snowflake)]]
      return format[field] === undefined ? [] : [[field, format[field]]]
    }),
  )
}

/** How the tag's snowflakes are put together; undefined: as those of all tags. */
export function layoutOf(format: IdFormat | undefined): TagLayout | undefined {
  return format?.snowflake === undefined ? undefined : canonicalLayout(format.snowflake)
}

/** Its numbers are written otherwise than in decimal. */
export function isWritten(format: IdFormat | undefined): format is IdFormat {
  if (format?.snowflake === undefined) return format !== undefined
  return FORMAT_FIELDS.some((field) => field !== 'snowflake' && format[field] !== undefined)
}

/** What the algorithm gives of a tag with this format are numbers below 2^53, which are safe in every language. */
export function givesSafeNumbers(algorithm: AlgorithmName, format: IdFormat | undefined): boolean {
  if (algorithm === 'segment') return true
  const layout = layoutOf(format)
  return algorithm === 'snowflake' && layout !== undefined && isSafeLayout(layout)
}

export function sameFormat(a: IdFormat | undefined, b: IdFormat | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return JSON.stringify(canonicalFormat(a)) === JSON.stringify(canonicalFormat(b))
}

export function radixOf(format: IdFormat): number {
  return format.radix ?? 10
}

const FIELD_FAULTS: Readonly<Record<keyof IdFormat, (value: unknown) => string | undefined>> = {
  prefix: affixFault,
  suffix: affixFault,
  separator: affixFault,
  radix: (value) => oneOf(RADIXES, value),
  check: (value) => oneOf(CHECK_KINDS, value),
  reset: (value) => oneOf(RESET_PERIODS, value),
  width: (value) => within(1, WIDTH_MAX, value),
  utcOffsetMinutes: (value) => within(OFFSET_MIN, OFFSET_MAX, value),
  shuffleKey: (value) => (typeof value === 'string' ? shuffleKeyFault(value) : 'must be text'),
  snowflake: layoutFault,
}

function affixFault(value: unknown): string | undefined {
  if (typeof value === 'string' && value.length <= AFFIX_MAX && new RegExp(AFFIX_PATTERN).test(value))
    return undefined
  return `must be up to ${AFFIX_MAX} of A-Z a-z 0-9 . _ : / # + ~ -, not ${shown(value)}`
}

function oneOf(choices: readonly (string | number)[], value: unknown): string | undefined {
  return choices.some((choice) => choice === value)
    ? undefined
    : `must be one of ${choices.join(', ')}, not ${shown(value)}`
}

function within(min: number, max: number, value: unknown): string | undefined {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
    ? undefined
    : `must be an integer from ${min} to ${max}, not ${shown(value)}`
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80)
}

function faultsTogether(path: string, format: IdFormat): FieldFault[] {
  // A definition that prunes what it does not know leaves this of a layout.
  if (Object.keys(format).length === 0) return [{ path, message: 'says nothing: leave it out' }]
  const faults: FieldFault[] = []
  const { check, reset, width, shuffleKey, snowflake } = format
  if (snowflake !== undefined && (reset ?? shuffleKey) !== undefined)
    faults.push({
      path: `${path}/snowflake`,
      message: 'has no reset and no shuffleKey: a snowflake carries a date and an order of its own',
    })
  const radix = radixOf(format)
  if (check === 'iso7064' && !ISO7064_RADIXES.includes(radix))
    faults.push({ path: `${path}/check`, message: `iso7064 is for radix 10 and 36; with ${radix} use luhn` })
  if (reset === undefined)
    for (const field of ['utcOffsetMinutes', 'separator'] as const)
      if (format[field] !== undefined)
        faults.push({ path: `${path}/${field}`, message: 'belongs to a format with reset' })
  if (reset !== undefined && width === undefined)
    faults.push({ path: `${path}/width`, message: 'is needed with reset: it says how many IDs a period has' })
  if (shuffleKey !== undefined && radix ** (width ?? 1) < SHUFFLED_MIN)
    faults.push({
      path: `${path}/width`,
      message: `must be at least ${radix === 10 ? 6 : 4} with shuffleKey: among few numbers the order shows`,
    })
  return faults
}

/** Shuffled are at least so many numbers among themselves. */
const SHUFFLED_MIN = 1_000_000
