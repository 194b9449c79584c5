import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Log } from '../ports/log.ts'
import { type CallContext, callContextOf } from './call-context.ts'
import type { IssuedReply } from './encode-issued.ts'
import type { GenerateStreamRequest } from './generated/idgen/v1/id_service.ts'
import { formatOf } from './id-format.ts'
import type { IdIssuer } from './id-issuer.ts'
import { refusal } from './refusal.ts'

export type IssueCall = ServerDuplexStream<GenerateStreamRequest, IssuedReply>

/**
 * One GenerateStream: a request is read, answered, and only then the next one is read.
 *
 *     reading ──IDs in memory──▶ write ──room left──▶ reading
 *        │                         └──no room──▶ full ──drain──▶ reading
 *        └──must wait──▶ waiting ──IDs came──▶ write
 *
 * While it is full or waiting the input is paused, so a client that does not read its answers gets no new ones made:
 * at most 16 answers (the stream's high-water mark) and one HTTP/2 window are kept for it.
 */
export class IssueStream {
  readonly #call: IssueCall
  readonly #issuer: IdIssuer
  readonly #log: Log
  readonly #context: CallContext
  #waiting = false
  #over = false
  #shuttingDown = false

  constructor(call: IssueCall, issuer: IdIssuer, { log, addresses }: Pick<UseCases, 'log' | 'addresses'>) {
    this.#call = call
    this.#issuer = issuer
    this.#log = log
    this.#context = callContextOf(call, addresses)
  }

  start(): void {
    this.#call.on('data', (request: GenerateStreamRequest) => this.#onRequest(request))
    this.#call.on('end', () => {
      this.#over = true
      this.#call.end()
    })
    this.#call.on('drain', () => this.#readOn())
  }

  /** Ends the stream after the answer being worked on; nothing further is issued. */
  shutDown(): void {
    this.#shuttingDown = true
    if (!this.#waiting) this.#fail(shuttingDown())
  }

  #onRequest(request: GenerateStreamRequest): void {
    // Cancelled, failed and draining calls may still have requests in their buffer.
    if (this.#over || this.#call.cancelled) return
    try {
      const format = formatOf(request.format)
      const order = { tag: request.tag, count: request.count, format }
      const issued = this.#issuer.issue(this.#context, order, this.#call)
      if (issued instanceof IdBatch) this.#answer({ batch: issued, format })
      else this.#wait(issued, format)
    } catch (error) {
      this.#fail(error)
    }
  }

  #wait(issued: Promise<IdBatch>, format: IssuedReply['format']): void {
    this.#waiting = true
    this.#call.pause()
    issued.then(
      (batch) => {
        this.#waiting = false
        this.#answer({ batch, format })
        if (this.#shuttingDown) this.#fail(shuttingDown())
        else if (!this.#call.writableNeedDrain) this.#readOn()
      },
      (error: unknown) => {
        this.#waiting = false
        this.#fail(error)
      },
    )
  }

  #answer(reply: IssuedReply): void {
    if (this.#over || this.#call.cancelled) return
    if (!this.#call.write(reply)) this.#call.pause()
  }

  #readOn(): void {
    if (!this.#waiting && !this.#over) this.#call.resume()
  }

  #fail(error: unknown): void {
    if (this.#over || this.#call.cancelled) return
    this.#over = true
    // grpc-js sends the status after all answers written before.
    this.#call.emit('error', refusal(error, this.#call.getPath(), this.#context, this.#log))
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
