import type { ClientAddresses } from '../app/client-addresses.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Log } from '../ports/log.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { Call, Method } from './call.ts'
import { callContextOf } from './call-context.ts'
import { tracedCall } from './call-span.ts'
import { encodeBatchResponse, encodeGenerateResponse, type IssuedReply } from './encode-issued.ts'
import { formatOf } from './id-format.ts'
import { IdIssuer } from './id-issuer.ts'
import { type IdRequest, IdRequestReader } from './id-request.ts'
import { IssueStream } from './issue-stream.ts'
import type { OpenStreams } from './open-streams.ts'
import { refusal } from './refusal.ts'

/** What issuing needs, in the main thread or in another. */
export interface IssueParts {
  readonly issuer: TracedIssuer
  readonly addresses: ClientAddresses
  readonly log: Log
  readonly tracer: Tracer
}

/** The methods of idgen.v1.IdService that issue IDs. */
export function issueMethods(parts: IssueParts, streams: OpenStreams): Method[] {
  const answering = new IssueAnswers(parts)
  const { issuer, reader } = answering
  return [
    {
      path: '/idgen.v1.IdService/Generate',
      answer: (message, call) => answering.answer(call, () => reader.one(message), encodeGenerateResponse),
    },
    {
      path: '/idgen.v1.IdService/GenerateBatch',
      answer: (message, call) => answering.answer(call, () => reader.many(message), encodeBatchResponse),
    },
    {
      path: '/idgen.v1.IdService/GenerateStream',
      requests: 'many',
      open: (call, output) => new IssueStream({ ...parts, call, output, issuer, reader, streams }),
    },
  ]
}

/** One request, one answer. */
class IssueAnswers {
  readonly issuer: IdIssuer
  readonly reader = new IdRequestReader()
  readonly #parts: IssueParts

  constructor(parts: IssueParts) {
    this.#parts = parts
    this.issuer = new IdIssuer(parts.issuer, parts.addresses)
  }

  /** Without a promise when all is in memory: this is the path of every ID. */
  answer(
    call: Call,
    read: () => IdRequest,
    encode: (reply: IssuedReply) => Uint8Array,
  ): Uint8Array | Promise<Uint8Array> {
    return tracedCall(this.#parts.tracer, call, () => this.#answer(call, read, encode))
  }

  #answer(
    call: Call,
    read: () => IdRequest,
    encode: (reply: IssuedReply) => Uint8Array,
  ): Uint8Array | Promise<Uint8Array> {
    try {
      const request = read()
      const format = formatOf(request.format)
      const issued = this.issuer.issue({ tag: request.tag, count: request.count, format }, call)
      if (issued instanceof IdBatch) return encode({ batch: issued, format })
      return issued.then(
        // The bytes are written over by the next answer, and a promise's reader comes later.
        (batch) => Buffer.from(encode({ batch, format })),
        (error: unknown) => {
          throw this.#refused(error, call)
        },
      )
    } catch (error) {
      throw this.#refused(error, call)
    }
  }

  #refused(error: unknown, call: Call): Error {
    const { addresses, log, tracer } = this.#parts
    return refusal(error, call.head.path, callContextOf(call, addresses), log, tracer)
  }
}
