import { authorize } from '../app/authenticator.ts'
import { type DecodedId, decodeId, decodeOfTag } from '../app/decode-id.ts'
import type { UseCases } from '../app/use-cases.ts'
import type { UnaryMethod } from './call.ts'
import {
  type DecodeRequest,
  type DecodeResponse,
  IdServiceDefinition,
} from './generated/idgen/v1/id_service.ts'
import { unaryMethods } from './method-table.ts'
import { unary } from './unary.ts'

/** idgen.v1.IdService/Decode: any valid key may ask, but for one that only writes alerts (unary.ts). */
export function decodeMethod(useCases: UseCases): UnaryMethod[] {
  const { fullName, methods } = IdServiceDefinition
  const { layout, directory } = useCases
  const answer = unary<DecodeRequest, DecodeResponse>(useCases, undefined, async ({ id, tag }, _, caller) => {
    if (tag === undefined) return decodeResponse(decodeId(id, layout))
    // A number behind a shuffled text shows how many there were: who may issue them may know.
    authorize(caller, 'issue', tag)
    const live = await directory.resolve(tag)
    return decodeResponse(decodeOfTag(id, live.tag, layout))
  })
  return unaryMethods({ fullName, methods: { decode: methods.decode } }, { decode: answer })
}

function decodeResponse(decoded: DecodedId): DecodeResponse {
  const { id } = decoded
  switch (decoded.kind) {
    case 'segment':
      return { id, segment: decoded.date === undefined ? {} : { date: decoded.date } }
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
