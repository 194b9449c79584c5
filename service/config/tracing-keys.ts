import type { KeyRow } from './key-row.ts'

/** Traces of calls (docs/tracing.md). */
export const TRACING_KEYS = {
  'tracing.exporter': {
    kind: 'enum',
    default: 'none',
    values: ['none', 'otlp', 'zipkin'],
    reload: 'restart',
    doc: 'Where traces go: otlp (OpenTelemetry, JSON over HTTP; collectors, Jaeger, Tempo), zipkin (API v2), or none: then no call is traced.',
  },
  'tracing.endpoint': {
    kind: 'url',
    default: '',
    schemes: ['http', 'https'],
    emptyMeans: 'http://localhost:4318/v1/traces for otlp, http://localhost:9411/api/v2/spans for zipkin',
    reload: 'restart',
    local: true,
    doc: 'The whole address that traces are posted to, without user name and password: see tracing.authorization. No proxy is used.',
  },
  'tracing.authorization': {
    kind: 'string',
    default: '',
    emptyMeans: 'none',
    reload: 'restart',
    secret: true,
    doc: 'Value of the header Authorization for a collector that wants one, for example "Bearer …".',
  },
  'tracing.ratio': {
    kind: 'number',
    default: 0.001,
    min: 0,
    max: 1,
    reload: 'live',
    doc: 'Share of the calls that are traced of those whose callers say nothing about it. A caller that sends traceparent has decided: sampled is traced, not sampled is not. Of the Redis protocol it is the share of bursts.',
  },
  'tracing.maxPerSecond': {
    kind: 'integer',
    default: 100,
    min: 0,
    max: 100_000,
    unit: 'calls a second',
    reload: 'live',
    doc: 'Most calls that are traced, by ratio or because their callers wish it, in each thread of this process. Callers that ask for a trace of every call then cost no more than that.',
  },
  'tracing.slow': {
    kind: 'duration_ms',
    default: 1000,
    min: 0,
    max: 3_600_000,
    reload: 'restart',
    doc: 'A call over HTTP or gRPC that took this long, or failed by a fault of the service (500 and above), is recorded although it was not chosen: as one span without steps. It counts towards tracing.maxPerSecond. 0: none is.',
  },
  'tracing.queueMax': {
    kind: 'integer',
    default: 8192,
    min: 512,
    max: 1_000_000,
    unit: 'spans',
    reload: 'restart',
    doc: 'Spans that wait for the collector at most, and in all 0.5 KB of memory for each of so many: large ones take the room of several. More are dropped and counted (idgen_trace_spans_total).',
  },
} as const satisfies Record<string, KeyRow>
