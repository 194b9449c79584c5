import { ERRORS, type ErrorCode, type FieldFault, type IdgenError } from '../core/errors.ts'

/** An error as HTTP tells it: RFC 9457 problem details with the members of ours that a program acts on. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly traceId: string
  readonly faults?: readonly FieldFault[]
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8'

/** More faults than a person reads; a body of thousands of unknown fields must not come back as megabytes. */
const FAULTS_MAX = 20

/** The cause of the error stays in the log: what a foreign library says may name hosts, files or queries. */
export function problemOf(error: IdgenError, traceId: string): Problem {
  const { http, title, retryable } = error.row
  const problem = {
    type: problemType(error.code),
    title,
    status: http,
    detail: error.message,
    code: error.code,
    retryable,
    traceId,
  }
  return error.faults.length === 0 ? problem : { ...problem, faults: error.faults.slice(0, FAULTS_MAX) }
}

/** An identifier, as RFC 9457 wants it; docs/errors.md says the same things at greater length. */
export function problemType(code: ErrorCode): string {
  return `https://idgen.io/errors/${code}`
}

const CODES = Object.keys(ERRORS) as ErrorCode[]

/** Component `Problem` of the OpenAPI document. */
export const PROBLEM_SCHEMA = {
  $id: 'Problem',
  type: 'object',
  description: 'RFC 9457 problem details. Act on `code` and `retryable`; `detail` is for people.',
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'traceId'],
  properties: {
    type: { type: 'string', description: 'Identifies the kind of problem.' },
    title: { type: 'string', description: 'Constant text for the code.' },
    status: { type: 'integer', description: 'The HTTP status again.' },
    detail: { type: 'string', description: 'What happened, with which value, and what to do.' },
    code: {
      type: 'string',
      enum: CODES,
      description: CODES.map((code) => `- \`${code}\` (${ERRORS[code].http}): ${ERRORS[code].title}`).join(
        '\n',
      ),
    },
    retryable: { type: 'boolean', description: 'The same call may succeed later, see Retry-After.' },
    traceId: { type: 'string', description: 'Names the call in the log of the server.' },
    faults: {
      type: 'array',
      description: 'Where in the request the faults lie, at most 20.',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string', description: 'JSON pointer into the body, or `?name` for the query.' },
          message: { type: 'string' },
        },
      },
    },
  },
} as const

/** What any call behind authentication may end in. */
export const COMMON_CODES: readonly ErrorCode[] = [
  'IDGEN_REQUEST_INVALID',
  'IDGEN_UNAUTHENTICATED',
  'IDGEN_FORBIDDEN',
  'IDGEN_RATE_LIMITED',
  'IDGEN_INTERNAL',
  'IDGEN_STORE_UNAVAILABLE',
]

/** Response schemas of a route for the codes it may answer, one per HTTP status. */
export function problemResponses(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus: Record<string, ErrorCode[]> = {}
  for (const code of new Set(codes)) (byStatus[ERRORS[code].http] ??= []).push(code)
  const responses: Record<string, object> = {}
  for (const [status, ofStatus] of Object.entries(byStatus))
    responses[status] = {
      description: ofStatus.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
      content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
      ...(Number(status) === ERRORS.IDGEN_RATE_LIMITED.http && { headers: QUOTA_HEADERS }),
    }
  return responses
}

/** draft-ietf-httpapi-ratelimit-headers-11. */
const QUOTA_HEADERS = {
  'Retry-After': { type: 'integer', description: 'Seconds after which the request may be sent again.' },
  RateLimit: {
    type: 'string',
    description: 'The limit that is used up, and in how many seconds it is not: `"address";r=0;t=1`.',
  },
  'RateLimit-Policy': {
    type: 'string',
    description: 'What it allows: `"address";q=1000;w=1`, 1000 requests in 1 second.',
  },
} as const
