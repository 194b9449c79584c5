/**
 * The error registry: every way idgen can refuse, once, as data.
 *
 * A row binds the stable code to its HTTP status, its gRPC status and whether the same call may be sent again.
 * docs/errors.md lists the same rows; service/core/errors.test.ts compares both directions.
 */

/** Names of the gRPC status codes (google.rpc.Code); the gRPC server maps the name to its number. */
export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED'

/** First word of an error over the Redis protocol: clients choose by it. TRYAGAIN is sent again by some of them. */
export type RespWord = 'ERR' | 'NOAUTH' | 'NOPERM' | 'TRYAGAIN'

interface ErrorRow {
  readonly http: number
  readonly grpc: GrpcStatus
  readonly resp: RespWord
  /** The same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** Short, constant text: RFC 9457 `title`. The sentence with the offending value is the error's message. */
  readonly title: string
}

/** Kinds of errors that Redis has a word of its own for. */
const RESP_WORDS: Readonly<Partial<Record<GrpcStatus, RespWord>>> = {
  UNAUTHENTICATED: 'NOAUTH',
  PERMISSION_DENIED: 'NOPERM',
}

export const ERRORS = {
  IDGEN_REQUEST_INVALID: row(400, 'INVALID_ARGUMENT', false, 'The request is not valid'),
  IDGEN_NAME_INVALID: row(400, 'INVALID_ARGUMENT', false, 'The name is not allowed'),
  IDGEN_COUNT_OUT_OF_RANGE: row(400, 'INVALID_ARGUMENT', false, 'The count is out of range'),
  IDGEN_ID_MALFORMED: row(400, 'INVALID_ARGUMENT', false, 'The ID cannot be read'),
  IDGEN_NUMBER_UNSAFE: row(400, 'INVALID_ARGUMENT', false, 'The IDs do not fit a JavaScript number'),
  IDGEN_CURSOR_INVALID: row(400, 'INVALID_ARGUMENT', false, 'The page cursor is not valid'),
  IDGEN_UNAUTHENTICATED: row(401, 'UNAUTHENTICATED', false, 'No valid API key'),
  IDGEN_FORBIDDEN: row(403, 'PERMISSION_DENIED', false, 'The API key does not allow this'),
  IDGEN_ROUTE_NOT_FOUND: row(404, 'UNIMPLEMENTED', false, 'There is no such route'),
  IDGEN_WORKSPACE_NOT_FOUND: row(404, 'NOT_FOUND', false, 'There is no such workspace'),
  IDGEN_GROUP_NOT_FOUND: row(404, 'NOT_FOUND', false, 'There is no such group'),
  IDGEN_TAG_NOT_FOUND: row(404, 'NOT_FOUND', false, 'There is no such tag'),
  IDGEN_KEY_NOT_FOUND: row(404, 'NOT_FOUND', false, 'There is no such API key'),
  IDGEN_METHOD_NOT_ALLOWED: row(405, 'UNIMPLEMENTED', false, 'The route does not answer this method'),
  IDGEN_ALREADY_EXISTS: row(409, 'ALREADY_EXISTS', false, 'The name is taken'),
  IDGEN_NOT_EMPTY: row(409, 'FAILED_PRECONDITION', false, 'It still holds something'),
  IDGEN_IMMUTABLE: row(409, 'FAILED_PRECONDITION', false, 'This cannot be changed after creation'),
  IDGEN_KEY_REVOKED: row(409, 'FAILED_PRECONDITION', false, 'The API key was revoked for good'),
  IDGEN_KEY_ROTATING: row(409, 'FAILED_PRECONDITION', false, 'The API key has two valid secrets already'),
  IDGEN_TAG_CLAIMED: row(409, 'FAILED_PRECONDITION', false, 'Another object declares the tag'),
  IDGEN_TAG_DECLARED: row(409, 'FAILED_PRECONDITION', false, 'The tag is declared elsewhere'),
  IDGEN_DECLARATION_STALE: row(412, 'ABORTED', false, 'The declaration came too late'),
  IDGEN_VERSION_MISMATCH: row(412, 'ABORTED', false, 'It was changed by somebody else'),
  IDGEN_BODY_TOO_LARGE: row(413, 'RESOURCE_EXHAUSTED', false, 'The request is too large'),
  IDGEN_MEDIA_TYPE_UNSUPPORTED: row(415, 'INVALID_ARGUMENT', false, 'The body must be JSON'),
  IDGEN_RATE_LIMITED: row(429, 'RESOURCE_EXHAUSTED', true, 'Too many requests in a short time'),
  IDGEN_INTERNAL: row(500, 'INTERNAL', false, 'A fault inside idgen'),
  IDGEN_STORE_UNAVAILABLE: row(503, 'UNAVAILABLE', true, 'The database cannot be reached'),
  IDGEN_COORDINATION_UNAVAILABLE: row(503, 'UNAVAILABLE', true, 'etcd cannot be reached'),
  IDGEN_CACHE_UNAVAILABLE: row(503, 'UNAVAILABLE', true, 'Redis cannot be reached'),
  IDGEN_WITNESS_UNAVAILABLE: row(503, 'UNAVAILABLE', true, 'No numbers without the second store'),
  IDGEN_SEGMENT_UNAVAILABLE: row(503, 'UNAVAILABLE', true, 'No segment could be had'),
  IDGEN_WORKER_UNAVAILABLE: row(503, 'UNAVAILABLE', true, 'No worker id with usable time'),
  IDGEN_CLOCK_UNUSABLE: row(503, 'UNAVAILABLE', true, 'The clock of this server cannot be trusted'),
  IDGEN_ALGORITHMS_EXHAUSTED: row(503, 'UNAVAILABLE', true, 'Every algorithm of the tag has failed'),
  IDGEN_SHUTTING_DOWN: row(503, 'UNAVAILABLE', true, 'This server is shutting down'),
  IDGEN_OVERLOADED: row(503, 'RESOURCE_EXHAUSTED', true, 'Too many requests are waiting'),
  IDGEN_DEADLINE_EXCEEDED: row(504, 'DEADLINE_EXCEEDED', true, 'The request took too long'),
  IDGEN_RANGE_EXHAUSTED: row(507, 'RESOURCE_EXHAUSTED', false, 'The number space of the tag is used up'),
  IDGEN_LAYOUT_EXHAUSTED: row(
    507,
    'RESOURCE_EXHAUSTED',
    false,
    'The snowflake layout has reached its last date',
  ),
  IDGEN_LAYOUT_MISMATCH: row(
    500,
    'FAILED_PRECONDITION',
    false,
    'The snowflake layout differs from the recorded one',
  ),
  IDGEN_DC_CLAIMED: row(
    500,
    'FAILED_PRECONDITION',
    false,
    'The data centre number belongs to another installation',
  ),
  IDGEN_SPACE_MISMATCH: row(
    500,
    'FAILED_PRECONDITION',
    false,
    'The number space of the tag differs from the claimed one',
  ),
  IDGEN_COORDINATION_MISMATCH: row(
    500,
    'FAILED_PRECONDITION',
    false,
    'Another store grants the time of this data centre',
  ),
  IDGEN_CONFIG_INVALID: row(500, 'FAILED_PRECONDITION', false, 'The configuration is not valid'),
  IDGEN_DATA_FOLDER_IN_USE: row(
    500,
    'FAILED_PRECONDITION',
    false,
    'The data folder belongs to a running process',
  ),
  IDGEN_EMBEDDED_UNAVAILABLE: row(500, 'FAILED_PRECONDITION', false, 'The embedded database cannot run here'),
  IDGEN_PORT_IN_USE: row(500, 'FAILED_PRECONDITION', false, 'The port is taken'),
  IDGEN_SCHEMA_MISMATCH: row(
    500,
    'FAILED_PRECONDITION',
    false,
    'The database schema is not the expected one',
  ),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text)
}

/** Where in the request the fault lies, e.g. { path: '/count', message: 'must be >= 1' }. */
export interface FieldFault {
  readonly path: string
  readonly message: string
}

interface ErrorOptions {
  /** Kept for the log; its text is never sent to a client. */
  readonly cause?: unknown
  /** Earliest sensible retry, milliseconds; becomes Retry-After and google.rpc.RetryInfo. */
  readonly retryAfterMs?: number
  readonly faults?: readonly FieldFault[]
  readonly quota?: Quota
}

/** The limit that a request ran into: what is allowed, for a program that paces itself. */
export interface Quota {
  /** Of whom: `address`, `key`, `tag`. */
  readonly name: string
  readonly requests: number
  /** In so many seconds, whole ones. */
  readonly windowS: number
}

/** The only error that crosses a layer. The message says what happened, with which value, and what to do. */
export class IdgenError extends Error {
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly faults: readonly FieldFault[]
  readonly quota: Quota | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'IdgenError'
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.faults = options.faults ?? []
    this.quota = options.quota
  }

  get row(): ErrorRow {
    return ERRORS[this.code]
  }

  /** Anything thrown, as an IdgenError: a foreign error becomes IDGEN_INTERNAL with the original as cause. */
  static from(thrown: unknown): IdgenError {
    if (thrown instanceof IdgenError) return thrown
    return new IdgenError('IDGEN_INTERNAL', 'An unexpected fault occurred; the server log has the details.', {
      cause: thrown,
    })
  }
}

function row(http: number, grpc: GrpcStatus, retryable: boolean, title: string): ErrorRow {
  return { http, grpc, resp: RESP_WORDS[grpc] ?? (retryable ? 'TRYAGAIN' : 'ERR'), retryable, title }
}
