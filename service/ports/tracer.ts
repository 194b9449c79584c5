import type { EndedSpan, SpanFacts, SpanKind } from '../core/ended-span.ts'
import type { Sampling } from '../core/span-sampling.ts'
import type { TraceParent } from '../core/traceparent.ts'

/**
 * Records what became of some calls, step by step. Nothing here throws, waits or changes what is answered; a call that is
 * not traced gets no span and costs one comparison.
 */
export interface Tracer {
  /** false: no call is traced, whatever callers wish. */
  readonly enabled: boolean
  readonly sampling: Sampling
  /** Whether this call is to be traced: as its caller decided, else by ratio. Each answer counts: ask once a call. */
  decide(parent: TraceParent | undefined): boolean
  /** A span that the caller ends. */
  begin(step: SpanStart): Span
  /** A call that was not chosen has ended after `tookMs`: recorded if that was slow, or `fault` says how we failed it. */
  late(step: SpanStart, tookMs: number, fault: string | undefined): void
  /** Monotonic milliseconds, for `agoMs` and `late`; 0 where nothing is traced. */
  nowMs(): number
  /** The span in which this code runs, unless it has ended. */
  active(): Span | undefined
  /** Runs `work` in `span`: what it calls, also later, finds it by `active`. */
  within<T>(span: Span, work: () => T): T
  /** Runs `work` as if in a span of another thread, until it returns or settles: its steps become children of that. */
  adopt<T>(parent: TraceParent, work: () => T): T
  /** Spans of another thread, which end here. */
  take(spans: readonly EndedSpan[]): void
  /** Live configuration. */
  configure(sampling: Sampling): void
}

export interface SpanStart {
  readonly name: string
  readonly kind: SpanKind
  /** undefined: the trace begins here, with a new id. */
  readonly traceId: string | undefined
  /** Left out: a new one. */
  readonly spanId?: string
  /** undefined: the trace begins here. */
  readonly parentId: string | undefined
  readonly facts?: SpanFacts
  /** It began so long ago; left out: now. */
  readonly agoMs?: number
}

/** A step under way. After `end` all calls do nothing. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly ended: boolean
  set(name: string, value: string | number | boolean): void
  fail(why: string): void
  end(): void
}

/** Runs `work` as a step of the call that is traced here, if any is. */
export function traced<T>(
  tracer: Tracer,
  step: { readonly name: string; readonly kind: SpanKind; readonly facts?: SpanFacts },
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const parent = tracer.active()
  return parent === undefined ? work(undefined) : tracedWithin(tracer, parent, step, work)
}

async function tracedWithin<T>(
  tracer: Tracer,
  parent: Span,
  step: { readonly name: string; readonly kind: SpanKind; readonly facts?: SpanFacts },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracer.begin({ ...step, traceId: parent.traceId, parentId: parent.spanId })
  try {
    return await tracer.within(span, () => work(span))
  } catch (thrown) {
    span.fail(thrown instanceof Error ? thrown.message : String(thrown))
    throw thrown
  } finally {
    span.end()
  }
}

/** Traces nothing. */
export const NO_TRACER: Tracer = {
  enabled: false,
  sampling: { ratio: 0, perSecond: 0 },
  decide: () => false,
  begin: ({ traceId = '', spanId = '' }) => ({
    traceId,
    spanId,
    ended: false,
    set() {},
    fail() {},
    end() {},
  }),
  late() {},
  nowMs: () => 0,
  active: () => undefined,
  within: (_span, work) => work(),
  adopt: (_parent, work) => work(),
  take() {},
  configure() {},
}
