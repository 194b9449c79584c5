import type { EndedSpan, SpanKind } from '../../core/ended-span.ts'
import { attributesOf, nanoseconds, type ReportingService, resourceOf, scopeOf } from './otlp-values.ts'

/** ExportTraceServiceRequest of OTLP 1.x in its JSON form: ids in hex, times in nanoseconds as decimal strings. */
export function otlpBody(spans: readonly EndedSpan[], service: ReportingService): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: resourceOf(service),
        scopeSpans: [{ scope: scopeOf(service), spans: spans.map(otlpSpan) }],
      },
    ],
  })
}

function otlpSpan(span: EndedSpan): object {
  const { traceId, spanId, parentId, name, kind, startMs, durationMs, facts, fault } = span
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(startMs + durationMs),
    attributes: attributesOf(facts),
    status: fault === undefined ? {} : { code: STATUS_ERROR, message: fault },
  }
}

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 }
const STATUS_ERROR = 2
