/** What the caller says of the trace that a call belongs to (W3C Trace Context). */
export interface TraceParent {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** Of the span that the call was made in; 16 hex digits, not all zero. */
  readonly spanId: string
  /** Whether the caller records it. */
  readonly sampled: boolean
}

/** @returns undefined unless it is a valid traceparent of version 00, or of a later version that begins like it */
export function parseTraceparent(header: string | string[] | undefined): TraceParent | undefined {
  if (typeof header !== 'string') return undefined
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(header) ?? []
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined)
    return undefined
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(spanId)) return undefined
  return { traceId, spanId, sampled: Number.parseInt(flags, 16) % 2 === 1 }
}

export function printTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** The tail of later versions is bounded, so that a long header costs nothing. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,400})?$/
const ALL_ZERO = /^0+$/
