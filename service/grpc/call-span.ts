import { IdgenError } from '../core/errors.ts'
import type { SpanStart, Tracer } from '../ports/tracer.ts'
import { type Call, CallStatus } from './call.ts'
import { traceParentOf } from './call-context.ts'
import { errorStatus } from './error-status.ts'
import { STATUS } from './status-code.ts'

/**
 * Runs what answers a call, in a span of its own where the call is traced. Without a promise where `work` gives none:
 * this is on the path of every ID. `traceId`: of the trace that begins here where the caller names none; left out: a new one.
 */
export function tracedCall<T>(
  tracer: Tracer,
  call: Pick<Call, 'head'>,
  work: () => T | Promise<T>,
  traceId?: string,
): T | Promise<T> {
  if (!tracer.enabled) return work()
  const parent = traceParentOf(call.head)
  const step: SpanStart = {
    name: call.head.path.slice(1),
    kind: 'server',
    traceId: parent?.traceId ?? traceId,
    parentId: parent?.spanId,
    facts: RPC,
  }
  if (!tracer.decide(parent)) return perhapsLate(tracer, step, work)
  const span = tracer.begin(step)
  const failed = (thrown: unknown): never => {
    const code = codeOf(thrown)
    span.set('rpc.grpc.status_code', code)
    // Not its text, which may quote what the caller sent.
    span.fail(`answered status ${code}`)
    span.end()
    throw thrown
  }
  const answered = (answer: T): T => {
    span.set('rpc.grpc.status_code', STATUS.OK)
    span.end()
    return answer
  }
  try {
    const answer = tracer.within(span, work)
    return answer instanceof Promise ? answer.then(answered, failed) : answered(answer)
  } catch (thrown) {
    return failed(thrown)
  }
}

/** An answer that is there at once is not slow. */
function perhapsLate<T>(tracer: Tracer, step: SpanStart, work: () => T | Promise<T>): T | Promise<T> {
  const fromMs = tracer.nowMs()
  const answer = work()
  if (!(answer instanceof Promise)) return answer
  return answer.then(
    (value) => {
      tracer.late(step, tracer.nowMs() - fromMs, undefined)
      return value
    },
    (thrown: unknown) => {
      const code = codeOf(thrown)
      const fault = OURS.has(code) ? `answered status ${code}` : undefined
      tracer.late(
        { ...step, facts: { ...RPC, 'rpc.grpc.status_code': code } },
        tracer.nowMs() - fromMs,
        fault,
      )
      throw thrown
    },
  )
}

function codeOf(thrown: unknown): number {
  return thrown instanceof CallStatus ? thrown.code : errorStatus(IdgenError.from(thrown), undefined).code
}

const RPC = { 'rpc.system': 'grpc' } as const
/** As HTTP's 500 and above. */
const OURS: ReadonlySet<number> = new Set([STATUS.INTERNAL, STATUS.UNAVAILABLE, STATUS.DEADLINE_EXCEEDED])
