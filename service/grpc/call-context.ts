import { randomBytes } from 'node:crypto'
import { type Attempt, subjectOf } from '../app/attempt.ts'
import { KEY_TEXT_MAX, keyDigest } from '../app/authenticator.ts'
import type { ClientAddresses } from '../app/client-addresses.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import { parseTraceparent, type TraceParent } from '../core/traceparent.ts'
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

/** The trace that a call belongs to, as its caller says. */
export function traceParentOf(head: CallHead): TraceParent | undefined {
  return ((head.memo ??= factsOf(head)) as HeadFacts).parent
}

/** What the key of a call to one of our methods is shown for. `subject`: to what it would be done, or '' where nobody knows by then. */
export function callAttempt(
  { head }: Pick<Call, 'head'>,
  { traceId }: Pick<CallContext, 'traceId'>,
  subject: string,
): Attempt {
  return { operation: head.path, subject: subjectOf(subject), traceId }
}

/** For a call that begins a trace. All zero would be invalid, and is as likely as guessing an API key. */
export function newTraceId(): string {
  return randomBytes(16).toString('hex')
}

/** What the head alone says, found out once for all calls that have the same one. */
interface HeadFacts {
  readonly keyText: string | undefined
  readonly keyDigest: string | undefined
  readonly traceId: string | undefined
  readonly parent: TraceParent | undefined
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
  // A key that comes with the call goes before what the connection says.
  const { certificateText } = peer
  if (facts.keyText !== undefined || certificateText === undefined) return { ...facts, address }
  return { ...facts, keyText: certificateText, keyDigest: digestOf(peer, certificateText), address }
}

function factsOf(head: CallHead): HeadFacts {
  const keyText = keyTextOf(head)
  const parent = parseTraceparent(head.field('traceparent'))
  return {
    keyText,
    // Longer ones are no keys.
    keyDigest: keyText === undefined || keyText.length > KEY_TEXT_MAX ? undefined : keyDigest(keyText),
    traceId: parent?.traceId,
    parent,
    clientDc: clientDcOf(head.field(CLIENT_DC_HEADER)),
  }
}

/** Of a connection's certificate, once for each connection. */
function digestOf(peer: object, text: string): string {
  let digest = DIGESTS.get(peer)
  if (digest === undefined) DIGESTS.set(peer, (digest = keyDigest(text)))
  return digest
}

const DIGESTS = new WeakMap<object, string>()

function keyTextOf(head: CallHead): string | undefined {
  const authorization = head.field('authorization')
  // The scheme's name is case-insensitive (RFC 9110 section 11.1).
  if (authorization?.slice(0, BEARER.length).toLowerCase() === BEARER)
    return authorization.slice(BEARER.length).trim()
  return head.field('x-api-key')
}

const BEARER = 'bearer '
