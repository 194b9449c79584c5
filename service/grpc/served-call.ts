import type { Stream, StreamHandler } from '../http2/stream.ts'
import type { Clock } from '../ports/clock.ts'
import { ANSWER_HEAD, failedAnswer, failedTrailers, OK_TRAILERS } from './answer-heads.ts'
import { type Call, type CallHead, CallStatus, type Method } from './call.ts'
import type { AddressDoor, KeyDoor } from './key-door.ts'
import { MessageReader, PREFIX_BYTES } from './message-reader.ts'
import { STATUS } from './status-code.ts'

/** What all calls of a server share. */
export interface CallTerms {
  readonly clock: Clock
  /** Largest request message; bytes. */
  readonly maxMessageBytes: number
  readonly door: KeyDoor
  /** For calls that no method is asked about. */
  readonly addressDoor: AddressDoor
  /** Told of what no method should throw. */
  readonly onFault: (error: unknown) => void
}

/** A call on a stream of HTTP/2: messages out of DATA and into it, its deadline and its end. */
export abstract class ServedCall implements Call, StreamHandler {
  protected readonly stream: Stream
  protected readonly terms: CallTerms
  protected readonly reader: MessageReader
  readonly #keyless: boolean
  #deadline: Disposable | undefined
  #begun = false
  #ended = false
  #looks = 0

  constructor(stream: Stream, { keyless = false }: Method, terms: CallTerms) {
    this.stream = stream
    this.terms = terms
    this.#keyless = keyless
    this.reader = new MessageReader(terms.maxMessageBytes, stream.head.field('grpc-encoding') === 'gzip')
  }

  get head(): CallHead {
    return this.stream.head
  }

  get peer(): Call['peer'] {
    return this.stream.peer
  }

  get cancelled(): boolean {
    return this.#ended || this.stream.isOver
  }

  abstract data(bytes: Uint8Array, isLast: boolean): void
  abstract ended(): void
  abstract drained(): void
  /** Its method is not told of anything until `goOn`. */
  protected abstract holdBack(): void
  protected abstract goOn(): void

  /** A call that is whole at once is asked for its key by its method: this one's message is not waited for without. */
  awaited(): void {
    const refused = this.#keyless ? undefined : this.terms.door(this)
    if (refused === undefined) return
    if (refused instanceof CallStatus) return this.failed(refused)
    this.holdBack()
    refused.then(
      (status) => (status === undefined ? this.goOn() : this.failed(status)),
      (thrown: unknown) => this.failed(thrown),
    )
  }

  gone(): void {
    this.over()
  }

  /** At each look at which its only message has not come whole. No timer, as nearly all come whole at once. */
  protected waitsForMessage(): void {
    this.#looks += 1
    if (this.#looks < UNFINISHED_LOOKS) return
    this.failed(new CallStatus(STATUS.DEADLINE_EXCEEDED, 'The request message did not come whole in time.'))
  }

  /** Its method takes one message, and the client sent none, a part, or several. It counts: no method is asked about it, or not again. */
  protected notOneMessage(): CallStatus {
    // As grpc/grpc, doc/statuscodes.md wants it.
    return (
      this.terms.addressDoor(this) ??
      new CallStatus(STATUS.UNIMPLEMENTED, 'This method takes one message, no more and no less.')
    )
  }

  /** From now on its deadline counts: only calls that wait need a timer. */
  protected watchDeadline(): void {
    const timeoutMs = timeoutOf(this.head.field('grpc-timeout'))
    if (timeoutMs === undefined || this.#ended) return
    this.#deadline = this.terms.clock.after(timeoutMs, () => {
      this.failed(new CallStatus(STATUS.DEADLINE_EXCEEDED, 'The deadline of the call has passed.'))
    })
  }

  /** What is left of the bytes that came is needed later. */
  protected keep(): void {
    this.reader.keep()
    this.stream.keeps(this.reader.unread)
  }

  protected sent(message: Uint8Array): boolean {
    if (this.cancelled) return true
    if (!this.#begun) this.stream.respond(ANSWER_HEAD)
    this.#begun = true
    return this.stream.write(framed(message))
  }

  protected succeeded(): void {
    if (this.cancelled) return
    if (!this.#begun) this.stream.respond(ANSWER_HEAD)
    this.over()
    this.stream.end(OK_TRAILERS)
  }

  protected failed(thrown: unknown): void {
    if (this.cancelled) return
    const status = this.#statusOf(thrown)
    this.over()
    this.stream.end(this.#begun ? failedTrailers(status) : failedAnswer(status))
  }

  /** Called once, however it ends. */
  protected over(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#deadline?.[Symbol.dispose]()
    return true
  }

  #statusOf(thrown: unknown): CallStatus {
    if (thrown instanceof CallStatus) return thrown
    this.terms.onFault(thrown)
    return new CallStatus(STATUS.INTERNAL, 'A fault of this server.')
  }
}

/** With its prefix; valid until the next one. */
function framed(message: Uint8Array): Uint8Array {
  const bytes = PREFIX_BYTES + message.length
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(2 * bytes)
  scratch[0] = 0
  scratch[1] = message.length >>> 24
  scratch[2] = (message.length >>> 16) & 0xff
  scratch[3] = (message.length >>> 8) & 0xff
  scratch[4] = message.length & 0xff
  scratch.set(message, PREFIX_BYTES)
  const frame = scratch.subarray(0, bytes)
  if (scratch.length > KEPT_BYTES) scratch = Buffer.allocUnsafeSlow(BEGIN_BYTES)
  return frame
}

/** Looks are 20 s apart: between 20 and 40 s, as HTTP gives a body 30 s. */
const UNFINISHED_LOOKS = 2
const BEGIN_BYTES = 1024
/** Larger ones are let go of: a server that once answered a megabyte need not keep it. */
const KEPT_BYTES = 65_536
let scratch = Buffer.allocUnsafeSlow(BEGIN_BYTES)

/** `grpc-timeout`: up to 8 digits and a unit. undefined: none, or one that nobody can read. */
function timeoutOf(text: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text ?? '') ?? []
  if (digits === undefined || unit === undefined) return undefined
  return Math.min(TIMEOUT_MAX_MS, Number(digits) * (UNITS_MS[unit] ?? 1))
}

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
}
/** The longest that timers of Node take: 24 days. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1
