import { keyDigest } from '../app/authenticator.ts'
import { UNKNOWN_DC } from '../app/dc-traffic.ts'
import type { CallerPlaces, RateLimits } from '../app/rate-limits.ts'
import type { TraceParent } from '../core/traceparent.ts'
import type { RespVersion } from './reply-buffer.ts'

/** What a connection has said of itself. */
export class Session {
  /** As CLIENT ID tells it; unique in this server, of which each thread has one. */
  readonly id: number
  /** Who it is, by address, as the limits count it. */
  readonly client: string
  version: RespVersion = 2
  /** By CLIENT SETNAME; '' without one. */
  name = ''
  /** Where the client runs, by IDGEN.DC. */
  clientDc = UNKNOWN_DC
  /** The key of the last AUTH that was right, or the certificate that the client showed, and its keyDigest. */
  keyText: string | undefined
  keyDigest: string | undefined
  /** Its key was right, or none is needed: a client of ours. */
  isKnown = false

  #trace: TraceParent | undefined
  #places: CallerPlaces | undefined
  readonly #certificateText: string | undefined

  /** `certificateText`: as certificateTextOf has it. */
  constructor(id: number, client: string, certificateText?: string) {
    this.id = id
    this.client = client
    this.#certificateText = certificateText
    this.#beginAs(certificateText)
  }

  /** IDGEN.TRACE: what comes next belongs to this trace. */
  set trace(parent: TraceParent) {
    this.#trace = parent
  }

  /** For the command that comes next, once. */
  takeTrace(): TraceParent | undefined {
    const trace = this.#trace
    if (trace !== undefined) this.#trace = undefined
    return trace
  }

  /** Where the limits count what it asks with this key: remembered, since it asks with the same one again and again. */
  placesIn(rates: Pick<RateLimits, 'placesOf'>, keyId: string): CallerPlaces {
    if (this.#places?.keyId !== keyId) this.#places = rates.placesOf(this.client, keyId)
    return this.#places
  }

  /** RESET: as a new connection. */
  reset(): void {
    this.version = 2
    this.name = ''
    this.clientDc = UNKNOWN_DC
    this.#trace = undefined
    this.#beginAs(this.#certificateText)
  }

  #beginAs(keyText: string | undefined): void {
    this.keyText = keyText
    this.keyDigest = keyText === undefined ? undefined : keyDigest(keyText)
    this.isKnown = false
  }
}
