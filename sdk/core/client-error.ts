/** Codes of the client itself. All others are the service's: docs/errors.md. */
export const CLIENT_CODES = {
  /** A synchronous call found too few IDs in memory. More are on their way: call again, or `await next()`. */
  IDGEN_CLIENT_EMPTY: true,
  /** The IDs did not come in the time the caller gave; `cause` is what went wrong last, if anything did. */
  IDGEN_CLIENT_DEADLINE: true,
  /** More calls wait for IDs of one tag than the client holds. */
  IDGEN_CLIENT_OVERLOADED: true,
  /** No connection, or it broke before the answer. */
  IDGEN_CLIENT_UNREACHABLE: true,
  /** One endpoint did not answer in time. */
  IDGEN_CLIENT_TIMEOUT: true,
  /** What answered is not idgen, or something changed the answer on its way. */
  IDGEN_CLIENT_ANSWER_INVALID: false,
  /** An answer came a second time: a proxy or cache repeats answers, and with them IDs. */
  IDGEN_CLIENT_ANSWER_REPEATED: true,
  /** The tag issues another kind of ID than was asked for. */
  IDGEN_CLIENT_WRONG_KIND: false,
  /** The value does not fit a JavaScript number. */
  IDGEN_NUMBER_UNSAFE: false,
  /** An option or argument cannot be. */
  IDGEN_CLIENT_OPTION_INVALID: false,
  /** `close()` was called. */
  IDGEN_CLIENT_CLOSED: false,
} as const

export type ClientCode = keyof typeof CLIENT_CODES

export interface ClientErrorDetails {
  readonly cause?: unknown
  readonly endpoint?: string | undefined
  /** Of the code, if left out. */
  readonly retryable?: boolean
  readonly retryAfterMs?: number | undefined
  readonly traceId?: string | undefined
  readonly faults?: readonly FieldFault[]
}

/** Where in a request the service found the fault. */
export interface FieldFault {
  readonly path: string
  readonly message: string
}

/** The only error of this package; a call that is aborted by its signal throws the signal's reason instead. */
export class IdgenClientError extends Error {
  override readonly name = 'IdgenClientError'
  /** Stable: `IDGEN_TAG_NOT_FOUND` and others of the service, `IDGEN_CLIENT_…` of the client. Act on this. */
  readonly code: string
  /** The same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** Which address it is about. */
  readonly endpoint: string | undefined
  /** Earliest sensible retry at that address. */
  readonly retryAfterMs: number | undefined
  /** Names the call in the log of the service. */
  readonly traceId: string | undefined
  readonly faults: readonly FieldFault[]

  constructor(code: string, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryable = details.retryable ?? (isClientCode(code) && CLIENT_CODES[code])
    this.endpoint = details.endpoint
    this.retryAfterMs = details.retryAfterMs
    this.traceId = details.traceId
    this.faults = details.faults ?? []
  }
}

function isClientCode(code: string): code is ClientCode {
  return Object.hasOwn(CLIENT_CODES, code)
}

/** Anything thrown by a transport, as ours: what is not yet one is a connection that failed. */
export function asClientError(thrown: unknown, endpoint: string): IdgenClientError {
  if (thrown instanceof IdgenClientError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new IdgenClientError(
    'IDGEN_CLIENT_UNREACHABLE',
    `${endpoint} cannot be reached: ${message || 'the connection failed'}. Is the address right, and does idgen run there?`,
    { cause: thrown, endpoint },
  )
}
