import { type DecodedId, decodeId } from '../app/decode-id.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Call, Method, UnaryMethod } from './call.ts'
import { callContextOf } from './call-context.ts'
import { encodeBatchResponse, encodeGenerateResponse, type IssuedReply } from './encode-issued.ts'
import { type DecodeResponse, IdServiceService } from './generated/idgen/v1/id_service.ts'
import { formatOf } from './id-format.ts'
import { IdIssuer, type IssueOrder } from './id-issuer.ts'
import { IdRequestReader } from './id-request.ts'
import { IssueStream } from './issue-stream.ts'
import { unaryMethods } from './method-table.ts'
import type { OpenStreams } from './open-streams.ts'
import { refusal } from './refusal.ts'
import { unary } from './unary.ts'

/** idgen.v1.IdService. */
export function idMethods(useCases: UseCases, streams: OpenStreams): Method[] {
  const issuer = new IdIssuer(useCases)
  const reader = new IdRequestReader()
  const { generate, generateBatch, generateStream, decode } = IdServiceService
  const one: UnaryMethod = {
    path: generate.path,
    answer: (message, call) => {
      const { tag } = reader.one(message)
      return answer(useCases, issuer, { tag, count: 1, format: 'text' }, call, encodeGenerateResponse)
    },
  }
  const many: UnaryMethod = {
    path: generateBatch.path,
    answer: (message, call) => {
      const { tag, count, format } = reader.many(message)
      const order = { tag, count, format: checkedFormat(useCases, format, call) }
      return answer(useCases, issuer, order, call, encodeBatchResponse)
    },
  }
  return [
    one,
    many,
    {
      path: generateStream.path,
      open: (call, output) => new IssueStream({ call, output, issuer, reader, useCases, streams }),
    },
    ...unaryMethods(
      { decode },
      {
        decode: unary(useCases, undefined, async ({ id }) => decodeResponse(decodeId(id, useCases.layout))),
      },
    ),
  ]
}

/** Without a promise when all is in memory: this is the path of every ID. */
function answer(
  useCases: UseCases,
  issuer: IdIssuer,
  order: IssueOrder,
  call: Call,
  encode: (reply: IssuedReply) => Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  const { format } = order
  try {
    const issued = issuer.issue(order, call)
    if (issued instanceof IdBatch) return encode({ batch: issued, format })
    return issued.then(
      // The bytes are written over by the next answer, and a promise's reader comes later.
      (batch) => Buffer.from(encode({ batch, format })),
      (error: unknown) => {
        throw refused(useCases, error, call)
      },
    )
  } catch (error) {
    throw refused(useCases, error, call)
  }
}

function checkedFormat(useCases: UseCases, format: number, call: Call): IssueOrder['format'] {
  try {
    return formatOf(format)
  } catch (error) {
    throw refused(useCases, error, call)
  }
}

function refused({ addresses, log }: UseCases, error: unknown, call: Call): Error {
  return refusal(error, call.head.path, callContextOf(call, addresses), log)
}

function decodeResponse(decoded: DecodedId): DecodeResponse {
  const { id } = decoded
  switch (decoded.kind) {
    case 'segment':
      return { id, segment: {} }
    case 'snowflake': {
      const { dc, worker, sequence, version, timeMs } = decoded
      return { id, snowflake: { time: new Date(timeMs), dc, worker, sequence, version } }
    }
    case 'uuid': {
      const time = decoded.timeMs === undefined ? undefined : new Date(decoded.timeMs)
      return { id, uuid: { version: decoded.version, time } }
    }
  }
}
