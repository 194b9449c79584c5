/** One step of a traced call that has ended: plain data, for an exporter or on its way between threads. */
export interface EndedSpan {
  readonly traceId: string
  readonly spanId: string
  /** undefined: the trace begins with it. */
  readonly parentId: string | undefined
  /** The same for all steps of a kind: what differs from call to call stands in `facts`. */
  readonly name: string
  readonly kind: SpanKind
  /** Unix milliseconds with fractions, so that steps of one call stand in their order. */
  readonly startMs: number
  readonly durationMs: number
  readonly facts: SpanFacts
  /** Why it failed; undefined: it did not. */
  readonly fault: string | undefined
}

/** server: a call of ours was answered. client: another server was asked. internal: a step within this process. */
export type SpanKind = 'server' | 'client' | 'internal'

/** By the names of OpenTelemetry's conventions where there are any, else `idgen.…`. Never a secret. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>
