import type { RequestLimits } from '../app/use-cases.ts'
import { ALGORITHMS } from '../core/algorithm.ts'
import type { ErrorCode } from '../core/errors.ts'
import { NO_QUERY } from './entity-operations.ts'
import { ISSUE_FORMS } from './issued-text.ts'
import { COMMON_CODES, problemResponses } from './problem.ts'

/** Component `IssuedIds`: one answer of the ids route, one line of the stream. */
export const ISSUED_SCHEMA = {
  $id: 'IssuedIds',
  type: 'object',
  description: 'IDs, or runs of IDs, all of one algorithm.',
  required: ['algorithm', 'degraded'],
  properties: {
    ids: {
      type: 'array',
      items: { type: ['string', 'integer'] },
      description: 'Decimal or UUID text; JSON numbers for `as: "number"`.',
      examples: [['4823'], ['01984f0e-5b6a-7c3f-8f6e-2f0b7c1d9e5a']],
    },
    runs: {
      type: 'array',
      items: { type: 'array', minItems: 2, maxItems: 2, items: { type: ['string', 'integer'] } },
      description:
        'For `as: "runs"`: pairs of the first ID as decimal text and how many follow on, itself included.',
      examples: [[['4823', 100]]],
    },
    algorithm: { type: 'string', enum: ALGORITHMS, description: 'Who issued them.' },
    degraded: { type: 'boolean', description: 'True when that is not the first choice of the tag.' },
  },
} as const

const ISSUE_CODES: readonly ErrorCode[] = [
  ...COMMON_CODES,
  'IDGEN_NAME_INVALID',
  'IDGEN_COUNT_OUT_OF_RANGE',
  'IDGEN_NUMBER_UNSAFE',
  'IDGEN_TAG_NOT_FOUND',
  'IDGEN_BODY_TOO_LARGE',
  'IDGEN_MEDIA_TYPE_UNSUPPORTED',
  'IDGEN_SEGMENT_UNAVAILABLE',
  'IDGEN_WORKER_UNAVAILABLE',
  'IDGEN_CLOCK_UNUSABLE',
  'IDGEN_ALGORITHMS_EXHAUSTED',
  'IDGEN_SHUTTING_DOWN',
  'IDGEN_OVERLOADED',
  'IDGEN_DEADLINE_EXCEEDED',
  'IDGEN_RANGE_EXHAUSTED',
  'IDGEN_LAYOUT_EXHAUSTED',
]

export function issueSchema(limits: RequestLimits): object {
  return {
    operationId: 'issueIds',
    summary: 'Issue IDs of a tag',
    description: `Without a body: one ID as text. Up to ${limits.maxText} IDs as text or numbers, up to ${limits.maxRuns} as runs.`,
    tags: ['ids'],
    querystring: NO_QUERY,
    body: issueBody(limits),
    response: {
      200: {
        description: 'Exactly `count` IDs. They are spent, whatever becomes of this answer.',
        content: { 'application/json': { schema: { $ref: 'IssuedIds#' } } },
      },
      ...problemResponses(ISSUE_CODES),
    },
  }
}

export function streamSchema(limits: RequestLimits): object {
  return {
    operationId: 'streamIds',
    summary: 'Issue many IDs of a tag as a stream of lines',
    description: `Up to ${limits.maxRuns} IDs in lines of at most 1000, made as fast as they are read. A line is an IssuedIds object; the lines may differ in their algorithm. A failure after the first line comes as a last line \`{"error": Problem}\`.`,
    tags: ['ids'],
    querystring: NO_QUERY,
    body: issueBody(limits),
    response: {
      200: {
        description: 'Newline-delimited JSON.',
        content: { 'application/x-ndjson': { schema: { $ref: 'IssuedIds#' } } },
      },
      ...problemResponses(ISSUE_CODES),
    },
  }
}

function issueBody(limits: RequestLimits): object {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      count: { type: 'integer', minimum: 1, maximum: limits.maxRuns, default: 1 },
      as: {
        type: 'string',
        enum: ISSUE_FORMS,
        default: 'text',
        description:
          'text: strings, safe in every language. number: JSON numbers, refused (IDGEN_NUMBER_UNSAFE) unless all lie below 2^53: those of segments and of layouts of up to 53 bits do; a tag that is degraded to snowflake is refused. runs: `[first, count]` pairs, only for numeric tags.',
      },
    },
  }
}

export const DECODE_SCHEMA = {
  operationId: 'decodeId',
  summary: 'Read what an ID tells about itself',
  description:
    'An ID in a format is read together with its tag, for which the key needs the scope issue; `id` is then the number behind it.',
  tags: ['ids'],
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      tag: { type: 'string', description: 'workspace/group/tag that the ID is of.', maxLength: 191 },
    },
  },
  response: {
    200: {
      description:
        'Which fields are there depends on `kind`: a segment number carries nothing but its order.',
      type: 'object',
      required: ['kind', 'id'],
      properties: {
        kind: { type: 'string', enum: ['segment', 'snowflake', 'uuid'] },
        id: { type: 'string' },
        date: { type: 'string', description: 'That stands in the text: yyyymmdd, yyyymm or yyyy.' },
        time: { type: 'string', format: 'date-time', description: 'When it was stamped.' },
        timeMs: { type: 'integer', description: 'The same as Unix milliseconds.' },
        dc: { type: 'integer' },
        worker: { type: 'integer' },
        sequence: { type: 'integer' },
        version: { type: 'integer', description: 'Of the snowflake layout, or of the UUID.' },
      },
    },
    ...problemResponses([
      'IDGEN_REQUEST_INVALID',
      'IDGEN_ID_MALFORMED',
      'IDGEN_UNAUTHENTICATED',
      'IDGEN_FORBIDDEN',
      'IDGEN_NAME_INVALID',
      'IDGEN_TAG_NOT_FOUND',
      'IDGEN_RATE_LIMITED',
      'IDGEN_INTERNAL',
      'IDGEN_STORE_UNAVAILABLE',
    ]),
  },
} as const
