import { ALGORITHMS } from '../core/algorithm.ts'
import { CHECK_KINDS } from '../core/check-digit.ts'
import {
  AFFIX_MAX,
  AFFIX_PATTERN,
  OFFSET_MAX,
  OFFSET_MIN,
  RADIXES,
  RESET_PERIODS,
  WIDTH_MAX,
} from '../core/id-format.ts'
import { SEGMENT_LIMIT, STEP_MAX } from '../core/tag.ts'
import { LAYOUT_BOUNDS, LAYOUT_FIELDS, LAYOUT_NAMES, type TagLayout } from '../core/tag-layout.ts'
import { NAME_PATTERN, NAME_RULE, PRINTABLE_PATTERN } from './name-pattern.ts'

const NAME = {
  type: 'string',
  pattern: NAME_PATTERN,
  description: `${NAME_RULE}.`,
} as const
export const DISPLAY_NAME = {
  type: 'string',
  maxLength: 200,
  pattern: PRINTABLE_PATTERN,
  description: 'For people, in any language.',
} as const
export const CHAIN = {
  type: 'array',
  minItems: 1,
  maxItems: ALGORITHMS.length,
  items: { type: 'string', enum: ALGORITHMS },
  description:
    'The first algorithm that can issue does; the next one follows when it fails. In the order segment, snowflake, uuid-v7, uuid-v4. A tag whose IDs must stay numbers ends before the UUIDs.',
} as const
const STEP_BOUND = { type: 'integer', minimum: 1, maximum: STEP_MAX } as const
const STEP = {
  type: 'object',
  additionalProperties: false,
  description: 'How many numbers one allocation takes from the database: min ≤ base ≤ max.',
  properties: { base: STEP_BOUND, min: STEP_BOUND, max: STEP_BOUND },
} as const
const AFFIX = { type: 'string', maxLength: AFFIX_MAX, pattern: AFFIX_PATTERN } as const
const LAYOUT_DOCS: Readonly<Record<keyof TagLayout, string>> = {
  epochMs: 'Unix milliseconds of the first unit, past when the tag is made. Left out: 2024-01-01.',
  unitMs: 'Length of a unit of time, milliseconds. Left out: 1.',
  timeBits: 'For units since the epoch. Needed.',
  dcBits: 'For the data centre. Left out: 3.',
  workerBits: 'For the worker id. Left out: 8.',
  sequenceBits: 'For the IDs of one worker id in one unit. Needed.',
}
const LAYOUT = {
  description:
    'How snowflakes of the tag are put together, where not as those of all tags: a name, or widths of together at most 63 bits. The chain then begins with snowflake.',
  anyOf: [
    { type: 'string', enum: LAYOUT_NAMES },
    {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(
        LAYOUT_FIELDS.map((name) => {
          const [minimum, maximum] = LAYOUT_BOUNDS[name]
          return [name, { type: 'integer', minimum, maximum, description: LAYOUT_DOCS[name] }]
        }),
      ),
    },
  ],
} as const
const FORMAT = {
  type: 'object',
  additionalProperties: false,
  description:
    'How the numbers are written (docs/formats.md), fixed with the rest: IDs of the tag are then text and nothing else, unless snowflake alone is given. Left out: in decimal.',
  properties: {
    prefix: AFFIX,
    suffix: AFFIX,
    radix: { type: 'integer', enum: RADIXES, description: '10, 36 (0-9 A-Z) or 62 (0-9 A-Z a-z).' },
    width: {
      type: 'integer',
      minimum: 1,
      maximum: WIDTH_MAX,
      description: 'At least so many digits, with zeros before them; with reset exactly so many.',
    },
    check: { type: 'string', enum: CHECK_KINDS, description: 'A check character after the digits.' },
    shuffleKey: {
      type: 'string',
      pattern: '^[0-9a-f]{32}$',
      description:
        'Numbers of one length are permuted among themselves, so that they do not show how many there were.',
    },
    reset: {
      type: 'string',
      enum: RESET_PERIODS,
      description: 'The digits begin anew with every day, month or year, whose date stands before them.',
    },
    utcOffsetMinutes: {
      type: 'integer',
      minimum: OFFSET_MIN,
      maximum: OFFSET_MAX,
      description: 'Where the day begins: minutes east of Greenwich.',
    },
    separator: { ...AFFIX, description: 'Between date and digits.' },
    snowflake: LAYOUT,
  },
} as const
const SPACE = {
  type: 'object',
  additionalProperties: false,
  description:
    'The number space, fixed when the tag is made: [startAt, 2^53) in cells of cellSize, cell k belonging to data centre k mod dcCount. dcCount 1 gives contiguous numbers.',
  properties: {
    startAt: { type: 'integer', minimum: 0, maximum: SEGMENT_LIMIT - 1 },
    cellSize: { type: 'integer', minimum: 1000, maximum: SEGMENT_LIMIT - 1 },
    dcCount: { type: 'integer', minimum: 1, maximum: 8 },
    format: FORMAT,
  },
} as const

export const TIME = { type: 'string', format: 'date-time' } as const
export const TIME_OR_NULL = { type: ['string', 'null'], format: 'date-time' } as const
const VERSIONED = {
  version: { type: 'integer', description: 'Counts changes from 1; also the ETag.' },
  createdAt: TIME,
  updatedAt: TIME,
} as const

export const CREATE_NAMED_SCHEMA = object({ name: NAME, displayName: DISPLAY_NAME }, ['name'])
export const CHANGE_NAMED_SCHEMA = object({ displayName: DISPLAY_NAME }, [])

const TAG_SETTINGS = {
  displayName: DISPLAY_NAME,
  algorithm: {
    type: 'string',
    enum: ALGORITHMS,
    description: 'The first choice; the chain follows from it. Give this or `chain`.',
  },
  chain: CHAIN,
  step: STEP,
  space: SPACE,
} as const
export const CREATE_TAG_SCHEMA = object({ name: NAME, ...TAG_SETTINGS }, ['name'])
export const CHANGE_TAG_SCHEMA = object(TAG_SETTINGS, [])

export const WORKSPACE_SCHEMA = component('Workspace', {
  name: { type: 'string' },
  displayName: { type: 'string' },
  ...VERSIONED,
})
export const GROUP_SCHEMA = component('Group', {
  workspace: { type: 'string' },
  name: { type: 'string' },
  displayName: { type: 'string' },
  ...VERSIONED,
})
export const ALL_STEP_BOUNDS = { ...STEP, required: ['base', 'min', 'max'] }
export const WHOLE_SPACE = {
  ...SPACE,
  properties: {
    ...SPACE.properties,
    cellSize: {
      type: 'integer',
      minimum: 1,
      maximum: SEGMENT_LIMIT - 1,
      description: '1 where a tag was imported as UUIDs and no number is free: it has none to give.',
    },
  },
  required: ['startAt', 'cellSize', 'dcCount'],
}
export const TAG_SCHEMA = component('Tag', {
  id: { type: 'integer', description: 'Unique for ever, also after the tag was deleted and made again.' },
  workspace: { type: 'string' },
  group: { type: 'string' },
  name: { type: 'string' },
  displayName: { type: 'string' },
  chain: CHAIN,
  step: ALL_STEP_BOUNDS,
  space: WHOLE_SPACE,
  ...VERSIONED,
})
/** A request body: what it does not name is refused, so that a misspelt field is noticed. */
export function object(properties: object, required: readonly string[]): object {
  return { type: 'object', additionalProperties: false, required, properties }
}

/** An answer. All fields are always there, so that callers need no case for their absence. */
export function component<const N extends string>(name: N, properties: object): { $id: N } {
  return { $id: name, type: 'object', required: Object.keys(properties), properties } as { $id: N }
}
