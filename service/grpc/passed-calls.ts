import type { ClientAddresses } from '../app/client-addresses.ts'
import { CLIENT_DC_HEADER } from '../app/dc-traffic.ts'
import type { RateLimits } from '../app/rate-limits.ts'
import { IdgenError } from '../core/errors.ts'
import { type Call, type CallHead, CallStatus, type Method, type UnaryMethod } from './call.ts'
import { callContextOf, newTraceId, traceParentOf } from './call-context.ts'
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

/**
 * The main thread's end: answers calls that came in over a protocol thread, which has counted their addresses, as if they had
 * come here. Never rejects.
 */
export async function answerPassed(
  methods: ReadonlyMap<string, Method>,
  question: unknown,
): Promise<PassedResult> {
  const { path, message, fields, peer, certificateText } = question as PassedCall
  const method = methods.get(path)
  const head = { path, memo: undefined, field: (name: string) => fields[name] }
  const call: Call = { head, peer: { address: peer, certificateText }, counted: true, cancelled: false }
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

export interface PassingParts {
  readonly addresses: ClientAddresses
  readonly rates: Pick<RateLimits, 'admitAddress'>
  /** Asks the main thread; `client`: for whom, by address. @throws IDGEN_OVERLOADED */
  readonly passOn: (call: PassedCall, client: string) => Promise<unknown>
}

/**
 * The thread's end: a method that asks the main thread, once the limit of its address is asked: strangers must not fill the
 * places that there are on the way.
 */
export function passingMethod(path: string, parts: PassingParts): UnaryMethod {
  return {
    path,
    answer: async (message, call) => {
      const { head, peer } = call
      const { address } = callContextOf(call, parts.addresses)
      const fields = Object.fromEntries(
        FIELDS.flatMap((name) => {
          const value = head.field(name)
          return value === undefined ? [] : [[name, value]]
        }),
      )
      const result = await passed(parts, address, head, {
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
  { rates, passOn }: PassingParts,
  client: string,
  head: CallHead,
  call: PassedCall,
): Promise<PassedResult> {
  try {
    rates.admitAddress(client)
    return (await passOn(call, client)) as PassedResult
  } catch (thrown) {
    throw failure(thrown, head)
  }
}

function failure(thrown: unknown, head: CallHead): CallStatus {
  return errorStatus(IdgenError.from(thrown), traceParentOf(head)?.traceId ?? newTraceId())
}
