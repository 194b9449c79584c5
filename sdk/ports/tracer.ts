/** What the client uses of OpenTelemetry's Tracer: `trace.getTracer('app')` of @opentelemetry/api is one. */
export interface ClientTracer {
  startSpan(name: string, options: ClientSpanOptions): ClientSpan
}

export interface ClientSpanOptions {
  /** SpanKind of OpenTelemetry: 2 is CLIENT. */
  readonly kind: number
  readonly attributes: Record<string, string | number | boolean>
}

export interface ClientSpan {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number }
  /** 2 is ERROR. */
  setStatus(status: { code: number; message?: string }): unknown
  end(): void
}
