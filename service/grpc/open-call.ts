import type { RequestHead } from '../http2/request-head.ts'
import type { Stream, StreamHandler } from '../http2/stream.ts'
import { encodingRefusal, failedAnswer, httpRefusal } from './answer-heads.ts'
import { CallStatus, type Method } from './call.ts'
import type { CallTerms } from './served-call.ts'
import { STATUS } from './status-code.ts'
import { StreamCall } from './stream-call.ts'
import { UnaryCall } from './unary-call.ts'

/** By their paths. */
export type Methods = Pick<ReadonlyMap<string, Method>, 'get'>

/** What a request head asks for: a method, or the refusal that answers it. */
type Asked = Method | Uint8Array

/** Finds the method that a request asks for (grpc/grpc, doc/PROTOCOL-HTTP2.md). */
export function callOpener(methods: Methods, terms: CallTerms): (stream: Stream) => StreamHandler {
  const asked = new WeakMap<RequestHead, Asked>()
  return (stream) => {
    const { head } = stream
    let found = asked.get(head)
    if (found === undefined) asked.set(head, (found = askedOf(head, methods)))
    if (found instanceof Uint8Array) {
      // What there is not counts like what there is, or asking for it would be free.
      const limited = terms.addressDoor(stream)
      stream.end(limited === undefined ? found : failedAnswer(limited))
      return DEAF
    }
    return 'answer' in found ? new UnaryCall(stream, found, terms) : new StreamCall(stream, found, terms)
  }
}

function askedOf(head: RequestHead, methods: Methods): Asked {
  const type = head.field('content-type') ?? 'nothing'
  if (head.method !== 'POST')
    return httpRefusal(405, notGrpc(`${head.method} is no method of gRPC: POST is.`))
  if (!/^application\/grpc(\+proto)?($|;)/.test(type))
    return httpRefusal(
      415,
      notGrpc(`content-type is ${JSON.stringify(type.slice(0, 80))}; application/grpc is wanted.`),
    )
  const encoding = head.field('grpc-encoding') ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip')
    return encodingRefusal(
      unimplemented(`grpc-encoding ${encoding.slice(0, 80)} is not known: identity and gzip are.`),
    )
  return (
    methods.get(head.path) ?? failedAnswer(unimplemented(`There is no method ${head.path.slice(0, 200)}.`))
  )
}

function notGrpc(message: string): CallStatus {
  return new CallStatus(STATUS.INTERNAL, message)
}

function unimplemented(message: string): CallStatus {
  return new CallStatus(STATUS.UNIMPLEMENTED, message)
}

/** What still comes of a request that is refused. */
const DEAF: StreamHandler = { data() {}, ended() {}, drained() {}, gone() {} }
