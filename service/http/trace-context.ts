import { randomFillSync } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { parseTraceparent, printTraceparent } from '../core/traceparent.ts'
import { NO_TRACER, type Tracer } from '../ports/tracer.ts'

/** What ties a call to its log lines, its audit records and the caller's own trace. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** When the call came, by the tracer's time. */
  readonly fromMs: number
  /** Of this call; 16 hex digits. */
  readonly spanId: string
  /** Of the caller's span; undefined: the trace begins here. */
  readonly parentId: string | undefined
  /** Whether this process records the call. */
  readonly sampled: boolean
  /**
   * W3C traceparent of this call: trace id and span id, and whether it or its caller records it. undefined: nobody said when it
   * came that it is recorded, and the request id is its trace id, so that the answer has nothing more to say: with what
   * made it, the header cost some 7 % of an ID.
   */
  readonly traceparent: string | undefined
  /** The caller's X-Request-Id where it is a plain word, else the trace id. */
  readonly requestId: string
}

/**
 * Takes the trace over from the request, or begins one. An invalid header counts as none (Trace Context 3.2). `fromMs`: for who
 * knows already when the call came, so that the clock is asked once a call; left out: now.
 */
export function traceContextOf(
  headers: IncomingHttpHeaders,
  tracer: Pick<Tracer, 'decide' | 'nowMs'> = NO_TRACER,
  fromMs = tracer.nowMs(),
): TraceContext {
  const parent = parseTraceparent(headers['traceparent'])
  const random = randomHex()
  const traceId = parent?.traceId ?? random.slice(0, TRACE_DIGITS)
  const spanId = random.slice(TRACE_DIGITS)
  const sampled = tracer.decide(parent)
  const given = headers['x-request-id']
  // Only a plain word is echoed: anything else could break a header or a log line.
  const requestId = typeof given === 'string' && PLAIN_WORD.test(given) ? given : traceId
  const isTold = parent === undefined && !sampled && requestId === traceId
  return {
    traceId,
    fromMs,
    spanId,
    parentId: parent?.spanId,
    sampled,
    traceparent: isTold
      ? undefined
      : printTraceparent({ traceId, spanId, sampled: sampled || parent?.sampled === true }),
    requestId,
  }
}

/** In the headers of an answer. */
export function tellTrace(reply: FastifyReply, { requestId, traceparent }: TraceContext): void {
  reply.header('x-request-id', requestId)
  if (traceparent !== undefined) reply.header('traceparent', traceparent)
}

const PLAIN_WORD = /^[A-Za-z0-9._-]{1,128}$/
const TRACE_DIGITS = 32

/** 16 bytes of trace id and 8 of span id. */
const BYTES_PER_CALL = 24
const DIGITS_PER_CALL = 2 * BYTES_PER_CALL
/** One call into the kernel serves 176 requests: a draw per request would cost as much as the rest of the trace. */
const pool = Buffer.alloc(BYTES_PER_CALL * 176)
let drawn = pool.length
/**
 * Printed for 16 requests at once, a sixth of the price. Not for more: who keeps a trace id keeps the text that it is a part of,
 * and spans wait in thousands when the collector is away.
 */
const BYTES_PRINTED = BYTES_PER_CALL * 16
let digits = ''
let used = 0

/** 48 hex digits. All zero would be invalid, and is as likely as guessing an API key. */
function randomHex(): string {
  if (used === digits.length) {
    if (drawn === pool.length) {
      randomFillSync(pool)
      drawn = 0
    }
    drawn += BYTES_PRINTED
    digits = pool.toString('hex', drawn - BYTES_PRINTED, drawn)
    used = 0
  }
  used += DIGITS_PER_CALL
  return digits.slice(used - DIGITS_PER_CALL, used)
}
