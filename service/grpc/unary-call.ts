import type { Stream } from '../http2/stream.ts'
import { CallStatus, type UnaryMethod } from './call.ts'
import { type CallTerms, ServedCall } from './served-call.ts'
import { STATUS } from './status-code.ts'

/** One message in, one out. Answered within the read that brought it when all is in memory. */
export class UnaryCall extends ServedCall {
  readonly #method: UnaryMethod

  constructor(stream: Stream, method: UnaryMethod, terms: CallTerms) {
    super(stream, terms)
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
    try {
      const message = this.reader.next()
      if (message === undefined || this.reader.unread > 0)
        // As grpc/grpc, doc/statuscodes.md wants it.
        throw new CallStatus(STATUS.UNIMPLEMENTED, 'This method takes one message, and gives one.')
      const answer = this.#method.answer(message, this)
      if (answer instanceof Uint8Array) this.#answer(answer)
      else this.#wait(answer)
    } catch (thrown) {
      this.failed(thrown)
    }
  }

  drained(): void {}

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
