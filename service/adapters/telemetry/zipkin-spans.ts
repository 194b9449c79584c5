import type { EndedSpan } from '../../core/ended-span.ts'
import type { ReportingService } from './otlp-values.ts'

/** A list of spans for `POST /api/v2/spans`: times in microseconds, all values as text. */
export function zipkinBody(spans: readonly EndedSpan[], service: ReportingService): string {
  return JSON.stringify(spans.map((span) => zipkinSpan(span, service)))
}

function zipkinSpan(span: EndedSpan, service: ReportingService): object {
  const { traceId, spanId, parentId, name, kind, startMs, durationMs, facts, fault } = span
  return {
    traceId,
    id: spanId,
    ...(parentId === undefined ? {} : { parentId }),
    name,
    // Zipkin knows no other kinds; a step within the process has none.
    ...(kind === 'internal' ? {} : { kind: kind.toUpperCase() }),
    timestamp: Math.floor(startMs * 1000),
    // Zero means unknown there.
    duration: Math.max(1, Math.round(durationMs * 1000)),
    localEndpoint: { serviceName: 'idgen' },
    tags: {
      ...Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)])),
      'service.version': service.version,
      'service.instance.id': service.instance,
      'idgen.dc': String(service.dc),
      ...(fault === undefined ? {} : { error: fault }),
    },
  }
}
