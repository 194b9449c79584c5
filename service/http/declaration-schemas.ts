import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'
import {
  ALL_STEP_BOUNDS,
  CHAIN,
  CHANGE_TAG_SCHEMA,
  component,
  object,
  TIME,
  WHOLE_SPACE,
} from './entity-schemas.ts'
import { PRINTABLE_PATTERN } from './name-pattern.ts'
import { PAGE_QUERY_SCHEMA } from './page-cursor.ts'

const TEXT = { type: 'string', minLength: 1, maxLength: 253, pattern: PRINTABLE_PATTERN } as const
const UID = { ...TEXT, description: 'Another one when the object was deleted and made again.' } as const
const OWNER_FIELDS = {
  cluster: { ...TEXT, description: 'Uid of the cluster’s namespace kube-system.' },
  namespace: TEXT,
  name: TEXT,
  uid: UID,
  createdAt: { ...TIME, description: '`metadata.creationTimestamp`.' },
} as const
const GENERATION = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const
const DECIMAL = { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,15})$' } as const

export const DECLARE_SCHEMA = object(
  {
    owner: object(OWNER_FIELDS, Object.keys(OWNER_FIELDS)),
    generation: {
      ...GENERATION,
      description: '`metadata.generation` of the object: a lower one than was taken before is refused.',
    },
    takeOverFrom: {
      ...TEXT,
      description: 'Uid of the recorded owner, where that object is known to be gone.',
    },
    spec: {
      ...CHANGE_TAG_SCHEMA,
      description:
        'Settings as of a tag. What is left out has its default, but of `space`: that is as the tag has it, and its `startAt` is a least value.',
    },
    floors: {
      type: 'object',
      additionalProperties: false,
      // One by one: of patternProperties the OpenAPI document would not tell the names.
      properties: Object.fromEntries(Array.from({ length: DC_COUNT_MAX }, (_, dc) => [dc, DECIMAL])),
      description:
        'By data centre, the `highWater` that was last seen: where the database stands lower it lost commits, and the tag is advanced first.',
    },
  },
  ['owner', 'generation', 'spec'],
)

export const WITHDRAW_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['uid'],
  properties: {
    uid: { ...UID, description: 'Of the object that goes.' },
    policy: {
      type: 'string',
      enum: ['retain', 'purge'],
      default: 'retain',
      description: 'retain: the tag goes on. purge: it is deleted; its numbers are never used again.',
    },
  },
} as const

export const LIST_QUERY = {
  ...PAGE_QUERY_SCHEMA,
  properties: {
    ...PAGE_QUERY_SCHEMA.properties,
    cluster: { ...TEXT, description: 'Only what objects of this cluster declare.' },
  },
} as const

const PLACE = {
  type: 'object',
  required: ['dc', 'rangeStart', 'rangeEnd', 'highWater', 'usedShare'],
  properties: {
    dc: { type: 'integer' },
    rangeStart: { ...DECIMAL, description: 'Of the cell that the next number lies in.' },
    rangeEnd: { ...DECIMAL, description: 'First number above that cell.' },
    highWater: { ...DECIMAL, description: 'First number that was not granted yet.' },
    usedShare: { type: 'number', description: '0 to 1, of all numbers that the data centre owns.' },
  },
} as const

const DECLARED_FIELDS = {
  workspace: { type: 'string' },
  group: { type: 'string' },
  tag: { type: 'string' },
  id: { type: 'integer', description: 'Another one when the tag was deleted and made again.' },
  tagGeneration: { type: 'string', description: 'Names this tag in every store, for ever.' },
  owner: {
    type: ['object', 'null'],
    required: Object.keys(OWNER_FIELDS),
    properties: OWNER_FIELDS,
    description: 'The object that declares the tag; null: none does.',
  },
  generation: { type: ['integer', 'null'], description: 'Of the owner, as last taken.' },
  settings: {
    type: 'object',
    required: ['displayName', 'chain', 'step', 'space'],
    properties: {
      displayName: { type: 'string' },
      chain: CHAIN,
      step: ALL_STEP_BOUNDS,
      space: WHOLE_SPACE,
    },
  },
  version: { type: 'integer', description: 'Counts changes of the tag from 1.' },
  datacenters: {
    type: 'array',
    items: PLACE,
    description: 'Those that opened their range of the tag in this database.',
  },
} as const

export const DECLARED_TAG_SCHEMA = component('DeclaredTag', DECLARED_FIELDS)
export const DECLARE_ANSWER_SCHEMA = component('DeclareAnswer', {
  ...DECLARED_FIELDS,
  created: { type: 'boolean', description: 'The tag was made.' },
  changed: { type: 'boolean', description: 'false: a repeat, nothing was written.' },
  advanced: {
    type: 'array',
    items: { type: 'integer' },
    description: 'Data centres that stood below their floor.',
  },
})
