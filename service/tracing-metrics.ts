import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { OpenTracing } from './open-tracing.ts'
import { gauge } from './plain-metrics.ts'

/** Traces on their way to the collector. */
export function tracingSources({ exporter }: OpenTracing): MetricSource[] {
  return [
    {
      name: 'idgen_trace_spans_total',
      help: 'Spans of traced calls, by what became of them: exported, dropped here because too many waited, refused by the collector',
      kind: 'counter',
      labels: ['outcome'],
      read: (set) => {
        for (const [outcome, count] of Object.entries(exporter.counters)) set([outcome], count)
      },
    },
    gauge('idgen_trace_spans_waiting', 'Spans that wait for the collector', () => exporter.waiting),
  ]
}
