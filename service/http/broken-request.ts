import type { Socket } from 'node:net'
import { IdgenError } from '../core/errors.ts'
import { NODE_HTTP } from './node-http.ts'
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.ts'
import { traceContextOf } from './trace-context.ts'

interface ClientError extends Error {
  readonly code?: string
}

/** What Node could not read as HTTP never reaches a route: it is answered on the bare socket, which then ends. */
export function answerBrokenRequest(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) socket.write(brokenRequestAnswer(error.code))
  socket.destroySoon()
}

export function brokenRequestAnswer(nodeCode: string | undefined): string {
  return bareAnswer(brokenRequestError(nodeCode))
}

/** All of an answer, after which the connection ends. */
export function bareAnswer(error: IdgenError): string {
  const { traceId, requestId } = traceContextOf({})
  const body = JSON.stringify(problemOf(error, traceId))
  return [
    `HTTP/1.1 ${error.row.http} ${NODE_HTTP.STATUS_CODES[error.row.http] ?? 'Error'}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...(error.retryAfterMs === undefined ? [] : [`retry-after: ${Math.ceil(error.retryAfterMs / 1000)}`]),
    'cache-control: no-store',
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

function brokenRequestError(nodeCode: string | undefined): IdgenError {
  if (nodeCode === 'HPE_HEADER_OVERFLOW')
    return new IdgenError('IDGEN_BODY_TOO_LARGE', 'The headers are larger than this server accepts (16 KB).')
  if (nodeCode === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new IdgenError('IDGEN_REQUEST_INVALID', 'The request did not arrive whole in time.')
  return new IdgenError('IDGEN_REQUEST_INVALID', 'This is not a valid HTTP/1.1 request.')
}
