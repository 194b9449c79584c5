import type { Metadata } from '@grpc/grpc-js'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'

/** What the metadata of a call say. Nothing here is checked yet. */
export interface CallContext {
  /** From `authorization: Bearer <key>`, else `x-api-key: <key>`; undefined without either. */
  readonly keyText: string | undefined
  /** 32 hex digits of a valid `traceparent` (W3C Trace Context); undefined without one. */
  readonly traceId: string | undefined
  /** From `idgen-client-dc`, as clientDcOf says. */
  readonly clientDc: number
}

export function callContextOf(metadata: Metadata): CallContext {
  const clientDc = clientDcOf(metadata.get(CLIENT_DC_HEADER)[0])
  return { keyText: keyTextOf(metadata), traceId: traceIdOf(metadata), clientDc }
}

function keyTextOf(metadata: Metadata): string | undefined {
  const authorization = metadata.get('authorization')[0]
  // The scheme's name is case-insensitive (RFC 9110 section 11.1).
  if (typeof authorization === 'string' && authorization.slice(0, BEARER.length).toLowerCase() === BEARER)
    return authorization.slice(BEARER.length).trim()
  const key = metadata.get('x-api-key')[0]
  return typeof key === 'string' ? key : undefined
}

function traceIdOf(metadata: Metadata): string | undefined {
  const header = metadata.get('traceparent')[0]
  if (typeof header !== 'string') return undefined
  const [, version, traceId, spanId, more] = TRACEPARENT.exec(header) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  return ALL_ZERO.test(traceId ?? '0') || ALL_ZERO.test(spanId ?? '0') ? undefined : traceId
}

const BEARER = 'bearer '
/** The tail of later versions is bounded, so that a long header costs nothing. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.{0,400})?$/
const ALL_ZERO = /^0+$/
