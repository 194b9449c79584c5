import type { handleBidiStreamingCall, handleUnaryCall, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import { type DecodedId, decodeId } from '../app/decode-id.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdBatch } from '../core/id-batch.ts'
import { callContextOf } from './call-context.ts'
import { encodeBatchResponse, encodeGenerateResponse, type IssuedReply } from './encode-issued.ts'
import {
  type DecodeRequest,
  type DecodeResponse,
  type GenerateBatchRequest,
  type GenerateRequest,
  type GenerateStreamRequest,
  IdServiceService,
} from './generated/idgen/v1/id_service.ts'
import { formatOf } from './id-format.ts'
import { IdIssuer, type IssueOrder } from './id-issuer.ts'
import { IssueStream } from './issue-stream.ts'
import type { OpenStreams } from './open-streams.ts'
import { refusal } from './refusal.ts'
import { unary } from './unary.ts'

/** The generated service, with answers written straight from the batch of IDs (encode-issued.ts). */
export const ID_SERVICE = {
  ...IdServiceService,
  generate: { ...IdServiceService.generate, responseSerialize: encodeGenerateResponse },
  generateBatch: { ...IdServiceService.generateBatch, responseSerialize: encodeBatchResponse },
  generateStream: { ...IdServiceService.generateStream, responseSerialize: encodeBatchResponse },
}

interface IdHandlers {
  readonly generate: handleUnaryCall<GenerateRequest, IssuedReply>
  readonly generateBatch: handleUnaryCall<GenerateBatchRequest, IssuedReply>
  readonly generateStream: handleBidiStreamingCall<GenerateStreamRequest, IssuedReply>
  readonly decode: handleUnaryCall<DecodeRequest, DecodeResponse>
}

export function idService(useCases: UseCases, streams: OpenStreams): IdHandlers {
  const issuer = new IdIssuer(useCases)
  return {
    generate: (call, callback) =>
      answer(call, callback, issuer, useCases, ({ tag }) => ({ tag, count: 1, format: 'text' })),
    generateBatch: (call, callback) =>
      answer(call, callback, issuer, useCases, ({ tag, count, format }) => ({
        tag,
        count,
        format: formatOf(format),
      })),
    generateStream: (call) => {
      const stream = new IssueStream(call, issuer, useCases)
      const open = streams.add(() => stream.shutDown())
      call.on('close', () => open[Symbol.dispose]())
      stream.start()
    },
    decode: unary(useCases, undefined, async ({ id }) => decodeResponse(decodeId(id, useCases.layout))),
  }
}

/** Without a promise when all is in memory: this is the path of every ID. */
function answer<Q>(
  call: ServerUnaryCall<Q, IssuedReply>,
  callback: sendUnaryData<IssuedReply>,
  issuer: IdIssuer,
  { log, addresses }: UseCases,
  orderOf: (request: Q) => IssueOrder,
): void {
  const context = callContextOf(call, addresses)
  const fail = (error: unknown): void => callback(refusal(error, call.getPath(), context, log))
  try {
    const order = orderOf(call.request)
    const issued = issuer.issue(context, order, call)
    if (issued instanceof IdBatch) callback(null, { batch: issued, format: order.format })
    else issued.then((batch) => callback(null, { batch, format: order.format }), fail)
  } catch (error) {
    fail(error)
  }
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
