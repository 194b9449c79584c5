import type { EndedSpan, SpanFacts, SpanKind } from '../../core/ended-span.ts'
import type { TracedService } from './span-upload.ts'

/** ExportTraceServiceRequest of OTLP 1.x in its JSON form: ids in hex, times in nanoseconds as decimal strings. */
export function otlpBody(spans: readonly EndedSpan[], service: TracedService): string {
  const resource = {
    'service.name': 'idgen',
    'service.version': service.version,
    'service.instance.id': service.instance,
    'idgen.dc': service.dc,
  }
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: 'idgen', version: service.version }, spans: spans.map(otlpSpan) }],
      },
    ],
  })
}

/** Spans that a collector took the request without. What cannot be read counts as none. */
export function otlpRejected(answer: string): number {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: { rejectedSpans?: unknown } }
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0)
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
  } catch {
    return 0
  }
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

function attributesOf(facts: SpanFacts): object[] {
  return Object.entries(facts).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  // A 64-bit integer, which JSON of protobuf writes as text.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** A number of nanoseconds since 1970 has more digits than a double. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms)
  return `${whole}${String(Math.floor((ms - whole) * 1_000_000)).padStart(6, '0')}`
}

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 }
const STATUS_ERROR = 2
