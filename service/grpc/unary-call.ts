import type { Stream } from '../http2/stream.ts'
import { CallStatus, type UnaryMethod } from './call.ts'
import { type CallTerms, ServedCall } from './served-call.ts'
import { STATUS } from './status-code.ts'

/** One message in, one out. Answered within the read that brought it when all is in memory. */
export class UnaryCall extends ServedCall {
  readonly #method: UnaryMethod
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
      if (message === undefined || this.reader.unread > 0) throw this.notOneMessage()
      const answer = this.#method.answer(message, this)
      if (answer instanceof Uint8Array) this.#answer(answer)
      else this.#wait(answer)
    } catch (thrown) {
      this.failed(thrown)
    }
  }

  unfinished(): void {
    this.waitsForMessage()
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
