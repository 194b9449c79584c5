import type { Stream } from '../http2/stream.ts'
import type { MessageInput, MessageOutput, StreamMethod } from './call.ts'
import { CallStatus } from './call.ts'
import { type CallTerms, ServedCall } from './served-call.ts'
import { STATUS } from './status-code.ts'

/** Messages in both directions: of us as many as its method likes, of the client as many or one (`requests`). */
export class StreamCall extends ServedCall {
  readonly #input: MessageInput
  readonly #takesOne: boolean
  #paused = false
  #inputEnded = false
  #delivering = false
  #delivered = false

  constructor(stream: Stream, method: StreamMethod, terms: CallTerms) {
    super(stream, method, terms)
    const output: MessageOutput = {
      send: (message) => this.sent(message),
      end: () => this.succeeded(),
      fail: (status) => this.failed(status),
      pause: () => this.#pause(),
      resume: () => this.#resume(),
    }
    this.#takesOne = method.requests === 'one'
    this.#input = method.open(this, output)
    this.watchDeadline()
  }

  data(bytes: Uint8Array, isLast: boolean): void {
    this.reader.add(bytes)
    this.#inputEnded ||= isLast
    this.#deliver()
    this.keep()
  }

  ended(): void {
    this.#inputEnded = true
    this.#deliver()
  }

  override awaited(): void {
    if (!this.#delivered) super.awaited()
  }

  unfinished(): void {
    if (this.#takesOne && !this.#delivered) this.waitsForMessage()
  }

  retired(): void {
    if (!this.cancelled) this.#input.retired?.()
  }

  drained(): void {
    if (!this.cancelled) this.#input.drained()
  }

  protected override holdBack(): void {
    this.#pause()
  }

  protected override goOn(): void {
    this.#resume()
  }

  protected override over(): boolean {
    const isFirst = super.over()
    // It may end while it opens.
    if (isFirst) queueMicrotask(() => this.#input.closed())
    return isFirst
  }

  #pause(): void {
    this.#paused = true
    this.stream.pause()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deliver()
    this.keep()
    if (!this.#paused && !this.cancelled) this.stream.resume()
  }

  #deliver(): void {
    // A method that resumes while it is told a message goes on with the loop that told it.
    if (this.#delivering) return
    this.#delivering = true
    try {
      while (!this.#paused && !this.cancelled) {
        if (this.#takesOne && this.#delivered) {
          if (this.reader.unread > 0) throw this.notOneMessage()
          break
        }
        const message = this.reader.next()
        if (message === undefined) break
        this.#delivered = true
        this.#input.receive(message)
      }
      if (this.#inputEnded && !this.#paused && !this.cancelled) this.#end()
    } catch (thrown) {
      this.failed(thrown)
    }
    this.#delivering = false
  }

  #end(): void {
    if (this.#takesOne && !this.#delivered) throw this.notOneMessage()
    if (this.reader.unread > 0) throw new CallStatus(STATUS.INTERNAL, 'The last message is not complete.')
    this.#inputEnded = false
    this.#input.ended()
  }
}
