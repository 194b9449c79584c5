import { CLIENT_DC_HEADER } from '../app/dc-traffic.ts'
import { IdgenError } from '../core/errors.ts'
import { type Call, type CallHead, CallStatus, type Method, type UnaryMethod } from './call.ts'
import { newTraceId, traceParentOf } from './call-context.ts'
import { errorStatus } from './error-status.ts'
import { STATUS } from './status-code.ts'

/** A call on its way from a protocol thread to the main thread: plain data, all that an answer can depend on. */
export interface PassedCall {
  readonly path: string
  readonly message: Uint8Array
  readonly fields: Readonly<Record<string, string>>
  /** Of the other end of the connection. */
  readonly peer: string
  readonly certificateText: string | undefined
}

export type PassedResult =
  | { readonly message: Uint8Array }
  | { readonly code: number; readonly text: string; readonly details: Uint8Array | undefined }

/** Headers that methods look at (call-context.ts). */
const FIELDS = [
  'authorization',
  'x-api-key',
  'traceparent',
  CLIENT_DC_HEADER,
  'x-forwarded-for',
  'forwarded',
] as const

/** The main thread's end: answers calls that came in over a protocol thread as if they had come here. Never rejects. */
export async function answerPassed(
  methods: ReadonlyMap<string, Method>,
  question: unknown,
): Promise<PassedResult> {
  const { path, message, fields, peer, certificateText } = question as PassedCall
  const method = methods.get(path)
  const head = { path, memo: undefined, field: (name: string) => fields[name] }
  const call: Call = { head, peer: { address: peer, certificateText }, cancelled: false }
  try {
    if (method === undefined || !('answer' in method))
      throw new CallStatus(STATUS.UNIMPLEMENTED, `There is no method ${path.slice(0, 200)}.`)
    // A copy: what lies in a pool of Node's would be sent with the whole pool.
    return { message: new Uint8Array(await method.answer(message, call)) }
  } catch (thrown) {
    const status = thrown instanceof CallStatus ? thrown : failure(thrown, head)
    return { code: status.code, text: status.message, details: status.details }
  }
}

/** The thread's end: a method that asks the main thread. `passOn` throws IDGEN_OVERLOADED. */
export function passingMethod(path: string, passOn: (call: PassedCall) => Promise<unknown>): UnaryMethod {
  return {
    path,
    answer: async (message, { head, peer }) => {
      const fields = Object.fromEntries(
        FIELDS.flatMap((name) => {
          const value = head.field(name)
          return value === undefined ? [] : [[name, value]]
        }),
      )
      const result = await passed(passOn, head, {
        path,
        message: new Uint8Array(message),
        fields,
        peer: peer.address,
        certificateText: peer.certificateText,
      })
      if ('message' in result) return result.message
      throw new CallStatus(result.code, result.text, result.details)
    },
  }
}

async function passed(
  passOn: (call: PassedCall) => Promise<unknown>,
  head: CallHead,
  call: PassedCall,
): Promise<PassedResult> {
  try {
    return (await passOn(call)) as PassedResult
  } catch (thrown) {
    throw failure(thrown, head)
  }
}

function failure(thrown: unknown, head: CallHead): CallStatus {
  return errorStatus(IdgenError.from(thrown), traceParentOf(head)?.traceId ?? newTraceId())
}
