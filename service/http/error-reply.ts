import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusalHeaders } from '../app/refusal-headers.ts'
import type { IdgenError } from '../core/errors.ts'
import type { Log } from '../ports/log.ts'
import { requestError } from './foreign-error.ts'
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.ts'
import { tellTrace, traceContextOf } from './trace-context.ts'

/** Answers a request that failed, whatever was thrown, and logs what a person has to know. */
export function replyWithError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const error = requestError(thrown)
  const trace = request.trace ?? traceContextOf(request.raw.headers)
  logFailure(error, request, trace.traceId, log)
  tellTrace(reply, trace)
  reply.header('cache-control', 'no-store')
  reply.headers(refusalHeaders(error))
  // Sent as text: a serializer of the route's schema could fail in its turn.
  return reply
    .code(error.row.http)
    .header('content-type', PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemOf(error, trace.traceId)))
}

/**
 * A fault of ours is an error. Retryable refusals come by the thousand while a store is away, and whoever saw the
 * store fail has logged it: one line per request would only fill the disk.
 */
function logFailure(error: IdgenError, request: FastifyRequest, traceId: string, log: Log): void {
  const fields = {
    traceId,
    code: error.code,
    method: request.method,
    url: pathOf(request.url),
    keyId: request.caller?.keyId,
  }
  if (error.code === 'IDGEN_INTERNAL') log.error({ ...fields, err: error }, 'request failed')
  else if (error.row.http >= 500 && !error.row.retryable)
    log.warn({ ...fields, err: error }, 'request failed')
  else log.debug({ ...fields, detail: error.message }, 'request refused')
}

/** For the log. A query is left out: people put keys there, which belong into a header. */
export function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, URL_LOGGED_MAX)
}

const URL_LOGGED_MAX = 500
