import { KEY_TEXT_MAX, keyDigest } from '../app/authenticator.ts'
import type { ClientAddresses } from '../app/client-addresses.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import type { Call, CallHead } from './call.ts'

/** What the metadata of a call say. Nothing here is checked yet. */
export interface CallContext {
  /** From `authorization: Bearer <key>`, else `x-api-key: <key>`; undefined without either. */
  readonly keyText: string | undefined
  /** Of `keyText` (keyDigest); undefined where that is none. */
  readonly keyDigest: string | undefined
  /** 32 hex digits of a valid `traceparent` (W3C Trace Context); undefined without one. */
  readonly traceId: string | undefined
  /** Who asks, by address, as the limits count it. */
  readonly address: string
  /** From `idgen-client-dc`, as clientDcOf says. */
  readonly clientDc: number
}

/** What the head alone says, found out once for all calls that have the same one. */
interface HeadFacts {
  readonly keyText: string | undefined
  readonly keyDigest: string | undefined
  readonly traceId: string | undefined
  readonly clientDc: number
}

export function callContextOf(
  { head, peer }: Pick<Call, 'head' | 'peer'>,
  addresses: ClientAddresses,
): CallContext {
  const facts = (head.memo ??= factsOf(head)) as HeadFacts
  const known = addresses.peerOf(peer, peer.address)
  const address =
    known.proxy === undefined ? known.name : addresses.nameOf(known, head.field(addresses.header))
  return { ...facts, address }
}

function factsOf(head: CallHead): HeadFacts {
  const keyText = keyTextOf(head)
  return {
    keyText,
    // Longer ones are no keys.
    keyDigest: keyText === undefined || keyText.length > KEY_TEXT_MAX ? undefined : keyDigest(keyText),
    traceId: traceIdOf(head.field('traceparent')),
    clientDc: clientDcOf(head.field(CLIENT_DC_HEADER)),
  }
}

function keyTextOf(head: CallHead): string | undefined {
  const authorization = head.field('authorization')
  // The scheme's name is case-insensitive (RFC 9110 section 11.1).
  if (authorization?.slice(0, BEARER.length).toLowerCase() === BEARER)
    return authorization.slice(BEARER.length).trim()
  return head.field('x-api-key')
}

function traceIdOf(header = ''): string | undefined {
  const [, version, traceId, spanId, more] = TRACEPARENT.exec(header) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  return ALL_ZERO.test(traceId ?? '0') || ALL_ZERO.test(spanId ?? '0') ? undefined : traceId
}

const BEARER = 'bearer '
/** The tail of later versions is bounded, so that a long header costs nothing. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.{0,400})?$/
const ALL_ZERO = /^0+$/
