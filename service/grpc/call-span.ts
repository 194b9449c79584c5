import { IdgenError } from '../core/errors.ts'
import type { TraceParent } from '../core/traceparent.ts'
import type { SpanStart, Tracer } from '../ports/tracer.ts'
import { type Call, CallStatus } from './call.ts'
import { traceParentOf } from './call-context.ts'
import { errorStatus } from './error-status.ts'
import { STATUS } from './status-code.ts'

/**
 * Runs what answers a call, in a span of its own where the call is traced. Without a promise where `work` gives none:
 * this is on the path of every ID, so that a call which is not traced and has its answer at once costs a look at its head and
 * no more. `traceId`: of the trace that begins here where the caller names none; left out: a new one.
 */
export function tracedCall<T>(
  tracer: Tracer,
  call: Pick<Call, 'head'>,
  work: () => T | Promise<T>,
  traceId?: string,
): T | Promise<T> {
  if (!tracer.enabled) return work()
  const parent = traceParentOf(call.head)
  if (tracer.decide(parent)) return inSpan(tracer, stepOf(call, parent, traceId), work)
  const answer = work()
  if (!(answer instanceof Promise)) return answer
  // An answer that is there at once is not slow: what is waited for begins here.
  return perhapsLate(tracer, stepOf(call, parent, traceId), answer)
}

function stepOf(
  { head }: Pick<Call, 'head'>,
  parent: TraceParent | undefined,
  traceId: string | undefined,
): SpanStart {
  return {
    name: head.path.slice(1),
    kind: 'server',
    traceId: parent?.traceId ?? traceId,
    parentId: parent?.spanId,
    facts: RPC,
  }
}

function inSpan<T>(tracer: Tracer, step: SpanStart, work: () => T | Promise<T>): T | Promise<T> {
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

function perhapsLate<T>(tracer: Tracer, step: SpanStart, answer: Promise<T>): Promise<T> {
  const fromMs = tracer.nowMs()
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
