import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { AuditTrail } from './app/audit-trail.ts'
import { counter, gauge } from './plain-metrics.ts'

/** The audit log on its way into the database, and to its other places. */
export function auditSources(audit: AuditTrail): MetricSource[] {
  const { exporter } = audit
  return [
    gauge('idgen_audit_queued', 'Audit records that wait to be written', () => audit.queued),
    gauge(
      'idgen_audit_queue_max',
      'Records above which they are dropped (audit.queueMax)',
      () => audit.queueMax,
    ),
    gauge(
      'idgen_audit_used_ratio',
      'Share of that queue that is used, of its records or of their memory (1.5 KB for each, 1 MB at least), whichever is more; at 0.8 counts of calls, refused keys, reads and alerts are dropped, at 1 all',
      () => audit.used,
    ),
    counter('idgen_audit_written_total', 'Audit records written', () => audit.written),
    counter(
      'idgen_audit_dropped_total',
      'Audit records dropped because the queue was full',
      () => audit.dropped,
    ),
    counter(
      'idgen_audit_file_missed_total',
      'Audit records that could not be written to audit.file; 0 where there is none',
      () => audit.missedByCopy ?? 0,
    ),
    {
      name: 'idgen_audit_otlp_records_total',
      help: 'Audit records for audit.otlp.endpoint, by what became of them: exported, dropped here (too many waited, or the process stopped), refused by the receiver; 0 where there is none',
      kind: 'counter',
      labels: ['outcome'],
      read: (set) => {
        const counters = exporter?.counters ?? { exported: 0, dropped: 0, refused: 0 }
        for (const [outcome, count] of Object.entries(counters)) set([outcome], count)
      },
    },
    gauge(
      'idgen_audit_otlp_waiting',
      'Audit records that wait for the receiver of audit.otlp.endpoint',
      () => exporter?.waiting ?? 0,
    ),
    gauge(
      'idgen_audit_otlp_queue_max',
      'Records above which further ones are dropped (audit.otlp.queueMax); 0 where there is no receiver',
      () => exporter?.queueMax ?? 0,
    ),
    gauge(
      'idgen_audit_otlp_used_ratio',
      'Share of that queue that is used, of its records or of their memory (1.5 KB for each), whichever is more; at 1 further ones are dropped',
      () => exporter?.used ?? 0,
    ),
  ]
}
