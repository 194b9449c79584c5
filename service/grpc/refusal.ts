import { IdgenError } from '../core/errors.ts'
import type { Log } from '../ports/log.ts'
import { NO_TRACER, type Tracer } from '../ports/tracer.ts'
import { CallStatus } from './call.ts'
import { type CallContext, newTraceId } from './call-context.ts'
import { errorStatus } from './error-status.ts'

/**
 * The status that a failed call ends with, whatever was thrown; logs what a person has to know.
 * Retryable refusals come by the thousand while a store is away, and whoever saw the store fail has logged it:
 * a line per call would only fill the disk.
 */
export function refusal(
  thrown: unknown,
  method: string,
  context: Pick<CallContext, 'traceId'>,
  log: Log,
  tracer: Pick<Tracer, 'active'> = NO_TRACER,
): CallStatus {
  if (thrown instanceof CallStatus) return thrown
  const error = IdgenError.from(thrown)
  const ours = error.row.http >= 500 && !error.row.retryable
  // Whoever reports a failed call needs a word to find it by; one that was answered needs none, and no random bytes.
  const traceId = context.traceId ?? tracer.active()?.traceId ?? newTraceId()
  const fields = { traceId, code: error.code, method }
  if (error.code === 'IDGEN_INTERNAL') log.error({ ...fields, err: error }, 'call failed')
  else if (ours) log.warn({ ...fields, err: error }, 'call failed')
  else log.debug({ ...fields, detail: error.message }, 'call refused')
  return errorStatus(error, traceId)
}
