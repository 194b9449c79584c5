import type { FieldFault, IdgenError } from '../core/errors.ts'
import { CallStatus } from './call.ts'
import { BadRequest, ErrorInfo, RetryInfo } from './generated/google/rpc/error_details.ts'
import { Status } from './generated/google/rpc/status.ts'
import { STATUS } from './status-code.ts'

/** Of every google.rpc.ErrorInfo that idgen sends. */
export const ERROR_DOMAIN = 'idgen.io'

/**
 * An error as gRPC tells it: status, text, and the same facts for programs (google.rpc.Status with ErrorInfo,
 * RetryInfo and BadRequest). The cause stays in the log: what a foreign library says may name hosts or queries.
 * `traceId` names the call in the server's log.
 */
export function errorStatus(error: IdgenError, traceId: string | undefined): CallStatus {
  const code = STATUS[error.row.grpc]
  const message = shortened(error.message)
  const details = [errorInfo(error, traceId), ...retryInfo(error), ...badRequest(error)]
  return new CallStatus(code, message, Status.encode({ code, message, details }).finish())
}

/**
 * Trailers travel in the header block, and clients refuse blocks above 8 KiB, so that the caller would see another
 * error than ours. The text is sent twice, once percent-encoded: 9 characters for one of ours at worst.
 */
const MESSAGE_MAX = 350
const FAULTS_MAX = 20
const FAULT_TEXT_MAX = 120
const FAULTS_BYTES_MAX = 2048

const TYPE_URL = 'type.googleapis.com/google.rpc.'

interface AnyMessage {
  readonly typeUrl: string
  readonly value: Buffer
}

function errorInfo(error: IdgenError, traceId: string | undefined): AnyMessage {
  const metadata: Record<string, string> = { retryable: String(error.row.retryable) }
  if (traceId !== undefined) metadata['traceId'] = traceId
  const message = ErrorInfo.encode({ reason: error.code, domain: ERROR_DOMAIN, metadata })
  return { typeUrl: `${TYPE_URL}ErrorInfo`, value: Buffer.from(message.finish()) }
}

function retryInfo({ retryAfterMs }: IdgenError): AnyMessage[] {
  if (retryAfterMs === undefined) return []
  const seconds = String(Math.floor(retryAfterMs / 1000))
  const nanos = Math.floor((retryAfterMs % 1000) * 1_000_000)
  const message = RetryInfo.encode({ retryDelay: { seconds, nanos } })
  return [{ typeUrl: `${TYPE_URL}RetryInfo`, value: Buffer.from(message.finish()) }]
}

function badRequest({ faults }: IdgenError): AnyMessage[] {
  if (faults.length === 0) return []
  const fieldViolations = faults.slice(0, FAULTS_MAX).map(fieldViolation)
  let value = Buffer.from(BadRequest.encode({ fieldViolations }).finish())
  while (value.length > FAULTS_BYTES_MAX) {
    fieldViolations.pop()
    value = Buffer.from(BadRequest.encode({ fieldViolations }).finish())
  }
  return [{ typeUrl: `${TYPE_URL}BadRequest`, value }]
}

/** The JSON pointer `/space/cellSize` is the field path `space.cell_size` of the message. */
function fieldViolation({ path, message }: FieldFault): { field: string; description: string } {
  const field = path
    .replace(/^\//, '')
    .replaceAll('/', '.')
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return { field: shortened(field, FAULT_TEXT_MAX), description: shortened(message, FAULT_TEXT_MAX) }
}

/** A cut may split a surrogate pair; and half of one cannot be encoded. */
function shortened(text: string, max = MESSAGE_MAX): string {
  return (text.length <= max ? text : `${text.slice(0, max - 1)}…`).toWellFormed()
}
