import type { Stream } from '../http2/stream.ts'
import { CallStatus, type UnaryMethod } from './call.ts'
import { type CallTerms, ServedCall } from './served-call.ts'
import { STATUS } from './status-code.ts'

/** One message in, one out. Answered within the read that brought it when all is in memory. */
export class UnaryCall extends ServedCall {
  readonly #method: UnaryMethod
  #looks = 0
  #heldBack = false
  #whole = false

  constructor(stream: Stream, method: UnaryMethod, terms: CallTerms) {
    super(stream, method, terms)
    this.#method = method
  }

  data(bytes: Uint8Array, isLast: boolean): void {
    this.reader.add(bytes)
    if (isLast) return this.ended()
    this.keep()
    try {
      this.reader.checkOnly()
    } catch (thrown) {
      this.failed(thrown)
    }
  }

  ended(): void {
    if (this.cancelled) return
    if (this.#heldBack) {
      this.#whole = true
      return this.keep()
    }
    try {
      const message = this.reader.next()
      if (message === undefined || this.reader.unread > 0)
        // As grpc/grpc, doc/statuscodes.md wants it.
        throw (
          this.terms.addressDoor(this) ??
          new CallStatus(STATUS.UNIMPLEMENTED, 'This method takes one message, and gives one.')
        )
      const answer = this.#method.answer(message, this)
      if (answer instanceof Uint8Array) this.#answer(answer)
      else this.#wait(answer)
    } catch (thrown) {
      this.failed(thrown)
    }
  }

  /** No timer, as nearly all come whole at once. */
  unfinished(): void {
    this.#looks += 1
    if (this.#looks < UNFINISHED_LOOKS) return
    this.failed(new CallStatus(STATUS.DEADLINE_EXCEEDED, 'The request message did not come whole in time.'))
  }

  hurried(): void {
    this.failed(
      new CallStatus(STATUS.UNAVAILABLE, 'This server is shutting down, and the request did not come whole.'),
    )
  }

  drained(): void {}

  protected override holdBack(): void {
    this.#heldBack = true
  }

  protected override goOn(): void {
    this.#heldBack = false
    if (this.#whole) this.ended()
  }

  #answer(message: Uint8Array): void {
    this.sent(message)
    this.succeeded()
  }

  #wait(answer: Promise<Uint8Array>): void {
    this.watchDeadline()
    answer.then(
      (message) => this.#answer(message),
      (error: unknown) => this.failed(error),
    )
  }
}

/** Looks are 20 s apart: between 20 and 40 s, as HTTP gives a body 30 s. */
const UNFINISHED_LOOKS = 2
