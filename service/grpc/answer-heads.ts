import { encodeFields, type HeaderFields } from '../http2/hpack-encoder.ts'
import { type CallStatus } from './call.ts'
import { STATUS } from './status-code.ts'

/** The trailer in which gRPC libraries look for google.rpc.Status. */
export const STATUS_DETAILS = 'grpc-status-details-bin'

/** Header blocks of answers, as "gRPC over HTTP/2" (grpc/grpc, doc/PROTOCOL-HTTP2.md) wants them. */
const BEGIN: HeaderFields = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
]

const ACCEPTED = ['grpc-accept-encoding', 'identity,gzip'] as const

/** Before the first message. */
export const ANSWER_HEAD = encodeFields([...BEGIN, ACCEPTED])
/** Behind the last one. */
export const OK_TRAILERS = encodeFields([['grpc-status', String(STATUS.OK)]])

/** Behind the last message of a call that failed. */
export function failedTrailers(status: CallStatus): Uint8Array {
  return encodeFields(statusFields(status))
}

/** The whole answer, where no message was sent ("Trailers-Only"). */
export function failedAnswer(status: CallStatus): Uint8Array {
  return encodeFields([...BEGIN, ...statusFields(status)])
}

/** The answer to a message that is compressed in a way that nobody here knows. */
export function encodingRefusal(status: CallStatus): Uint8Array {
  return encodeFields([...BEGIN, ACCEPTED, ...statusFields(status)])
}

/** What is no call of gRPC is told so in HTTP's own words. */
export function httpRefusal(httpStatus: number, status: CallStatus): Uint8Array {
  return encodeFields([[':status', String(httpStatus)], ...BEGIN.slice(1), ...statusFields(status)])
}

function statusFields({ code, message, details }: CallStatus): HeaderFields {
  const fields: [string, string][] = [
    ['grpc-status', String(code)],
    ['grpc-message', percentEncoded(message)],
  ]
  if (details !== undefined) fields.push([STATUS_DETAILS, base64(details)])
  return fields
}

/** Bytes outside of printable ASCII, and the percent sign itself. */
function percentEncoded(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^ -$&-~]/g, escaped)
}

function escaped(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** Without the padding, which binary headers leave out. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
