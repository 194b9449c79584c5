import type { Metadata } from '@grpc/grpc-js'
import type { ClientAddresses } from '../app/client-addresses.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'

/** What the metadata of a call say. Nothing here is checked yet. */
export interface CallContext {
  /** From `authorization: Bearer <key>`, else `x-api-key: <key>`; undefined without either. */
  readonly keyText: string | undefined
  /** 32 hex digits of a valid `traceparent` (W3C Trace Context); undefined without one. */
  readonly traceId: string | undefined
  /** Who asks, by address, as the limits count it. */
  readonly address: string
  /** From `idgen-client-dc`, as clientDcOf says. */
  readonly clientDc: number
}

/** The part of a call that says who asks. */
export interface IncomingCall {
  readonly metadata: Metadata
  getPeer(): string
}

export function callContextOf(call: IncomingCall, addresses: ClientAddresses): CallContext {
  const { metadata } = call
  return {
    keyText: keyTextOf(metadata),
    traceId: traceIdOf(metadata),
    address: addressOf(call, addresses),
    clientDc: clientDcOf(metadata.get(CLIENT_DC_HEADER)[0]),
  }
}

function addressOf(call: IncomingCall, addresses: ClientAddresses): string {
  const peer = call.getPeer()
  // `address:port`, of IPv6 as well, without brackets.
  const known = addresses.peerAt(peer.slice(0, Math.max(0, peer.lastIndexOf(':'))))
  if (known.proxy === undefined) return known.name
  const forwarded = call.metadata.get(addresses.header)
  return addresses.nameOf(known, forwarded.length === 0 ? undefined : forwarded.join())
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
