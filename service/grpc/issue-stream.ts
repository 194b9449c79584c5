import type { ClientAddresses } from '../app/client-addresses.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Log } from '../ports/log.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { Call, MessageInput, MessageOutput } from './call.ts'
import { callContextOf } from './call-context.ts'
import { tracedCall } from './call-span.ts'
import { encodeBatchResponse, type IssuedReply } from './encode-issued.ts'
import { formatOf } from './id-format.ts'
import type { IdIssuer, IssueOrder } from './id-issuer.ts'
import type { IdRequestReader } from './id-request.ts'
import type { OpenStreams } from './open-streams.ts'
import { refusal } from './refusal.ts'

export interface IssueStreamParts {
  readonly call: Call
  readonly output: MessageOutput
  readonly issuer: IdIssuer
  readonly reader: IdRequestReader
  readonly addresses: ClientAddresses
  readonly log: Log
  readonly tracer: Tracer
  readonly streams: OpenStreams
}

/**
 * One GenerateStream: a request is read, answered, and only then the next one is read.
 *
 *     reading ──IDs in memory──▶ send ──room left──▶ reading
 *        │                         └──no room──▶ full ──drained──▶ reading
 *        └──must wait──▶ waiting ──IDs came──▶ send
 *
 * While it is full or waiting the input is paused, so a client that does not read its answers gets no new ones made: one
 * answer beyond the windows of HTTP/2 is kept for it.
 */
export class IssueStream implements MessageInput {
  readonly #parts: IssueStreamParts
  readonly #open: Disposable
  #waiting = false
  #full = false
  #inputEnded = false
  #over = false
  #shuttingDown = false

  constructor(parts: IssueStreamParts) {
    this.#parts = parts
    this.#open = parts.streams.add(() => this.#shutDown())
  }

  receive(message: Uint8Array): void {
    if (this.#over) return
    const { issuer, reader, call, tracer } = this.#parts
    try {
      const { tag, count, format: wanted } = reader.many(message)
      const format = formatOf(wanted)
      const order: IssueOrder = { tag, count, format }
      const issued = tracedCall(tracer, call, () => issuer.issue(order, call))
      if (issued instanceof IdBatch) this.#answer({ batch: issued, format })
      else this.#wait(issued, format)
    } catch (error) {
      this.#fail(error)
    }
  }

  ended(): void {
    this.#inputEnded = true
    if (!this.#waiting) this.#end()
  }

  drained(): void {
    this.#full = false
    this.#readOn()
  }

  closed(): void {
    this.#over = true
    this.#open[Symbol.dispose]()
  }

  /** Ends the stream after the answer being worked on; nothing further is issued. */
  #shutDown(): void {
    this.#shuttingDown = true
    if (!this.#waiting) this.#fail(shuttingDown())
  }

  #wait(issued: Promise<IdBatch>, format: IssuedReply['format']): void {
    this.#waiting = true
    this.#parts.output.pause()
    issued.then(
      (batch) => {
        this.#waiting = false
        this.#answer({ batch, format })
        if (this.#shuttingDown) this.#fail(shuttingDown())
        else if (this.#inputEnded) this.#end()
        else this.#readOn()
      },
      (error: unknown) => {
        this.#waiting = false
        this.#fail(error)
      },
    )
  }

  #answer(reply: IssuedReply): void {
    if (this.#over) return
    const { output } = this.#parts
    if (output.send(encodeBatchResponse(reply))) return
    this.#full = true
    output.pause()
  }

  #readOn(): void {
    if (!this.#waiting && !this.#full && !this.#over) this.#parts.output.resume()
  }

  #end(): void {
    this.#over = true
    this.#parts.output.end()
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    const { call, output, addresses, log } = this.#parts
    output.fail(refusal(error, call.head.path, callContextOf(call, addresses), log))
  }
}

function shuttingDown(): IdgenError {
  return new IdgenError(
    'IDGEN_SHUTTING_DOWN',
    'This server is shutting down; open a stream to another one.',
    {
      retryAfterMs: 1000,
    },
  )
}
