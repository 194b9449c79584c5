import { type DecodedId, decodeId } from '../app/decode-id.ts'
import type { UseCases } from '../app/use-cases.ts'
import type { UnaryMethod } from './call.ts'
import { type DecodeResponse, IdServiceDefinition } from './generated/idgen/v1/id_service.ts'
import { unaryMethods } from './method-table.ts'
import { unary } from './unary.ts'

/** idgen.v1.IdService/Decode: any valid key may ask. */
export function decodeMethod(useCases: UseCases): UnaryMethod[] {
  const { fullName, methods } = IdServiceDefinition
  const answer = unary<{ readonly id: string }, DecodeResponse>(useCases, undefined, async ({ id }) =>
    decodeResponse(decodeId(id, useCases.layout)),
  )
  return unaryMethods({ fullName, methods: { decode: methods.decode } }, { decode: answer })
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
