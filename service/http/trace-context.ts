import { randomFillSync } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What ties a call to its log lines, its audit records and the caller's own trace. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** W3C traceparent of this call: the caller's trace id, a span id of our own, the caller's sampling flag. */
  readonly traceparent: string
  /** The caller's X-Request-Id where it is a plain word, else the trace id. */
  readonly requestId: string
}

/** Takes the trace over from the request, or begins one. An invalid header counts as none (Trace Context 3.2). */
export function traceContextOf(headers: IncomingHttpHeaders): TraceContext {
  const parent = parseTraceparent(headers['traceparent'])
  const random = randomHex()
  const traceId = parent?.traceId ?? random.slice(0, TRACE_DIGITS)
  const given = headers['x-request-id']
  return {
    traceId,
    traceparent: `00-${traceId}-${random.slice(TRACE_DIGITS)}-${parent?.flags ?? NOT_SAMPLED}`,
    // Only a plain word is echoed: anything else could break a header or a log line.
    requestId: typeof given === 'string' && PLAIN_WORD.test(given) ? given : traceId,
  }
}

interface Parent {
  readonly traceId: string
  readonly flags: string
}

/** @returns undefined unless it is a valid traceparent of version 00, or of a later version that begins like it */
export function parseTraceparent(header: string | string[] | undefined): Parent | undefined {
  if (typeof header !== 'string') return undefined
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(header) ?? []
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined)
    return undefined
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return undefined
  return { traceId, flags: Number.parseInt(flags, 16) % 2 === 1 ? SAMPLED : NOT_SAMPLED }
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,400})?$/
const ALL_ZERO = /^0+$/
const PLAIN_WORD = /^[A-Za-z0-9._-]{1,128}$/
const TRACE_DIGITS = 32
const SAMPLED = '01'
const NOT_SAMPLED = '00'

/** 16 bytes of trace id and 8 of span id. */
const BYTES_PER_CALL = 24
/** One call into the kernel serves 170 requests; a draw per request would cost as much as the rest of the trace. */
const pool = Buffer.alloc(BYTES_PER_CALL * 170)
let used = pool.length

/** 48 hex digits. All zero would be invalid, and is as likely as guessing an API key. */
function randomHex(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += BYTES_PER_CALL
  return pool.toString('hex', used - BYTES_PER_CALL, used)
}
