import type { AlertRule, RuleScope } from './alert-rule.ts'

/** What the service rests on: database, etcd, Redis. */
export function storeAlerts(scope: RuleScope): AlertRule[] {
  const { pods, member } = scope
  return [
    {
      alert: 'IdgenDatabaseUnreachable',
      expr: `idgen_database_ok{${pods}} == 0`,
      for: '15s',
      severity: 'critical',
      summary: 'The database does not answer',
      description: `{{ $labels.${member} }} goes on with the numbers it has; then tags degrade. Check PostgreSQL, its connections and the Secret with its URL.`,
    },
    {
      alert: 'IdgenDatabasePoolExhausted',
      expr: `idgen_database_pool_waiting{${pods}} > 0`,
      for: '1m',
      patience: 'A burst fills the pool for some seconds, and is over before anybody looks.',
      severity: 'warning',
      summary: 'Callers wait for a database connection',
      description: `{{ $value }} wait in {{ $labels.${member} }}. Raise spec.database.pool.max, or find slow queries.`,
    },
    {
      alert: 'IdgenEtcdUnreachable',
      expr: `idgen_etcd_ok{${pods}} == 0`,
      for: '20s',
      severity: 'warning',
      summary: 'etcd does not answer',
      description: `{{ $labels.${member} }} stamps on until its time grant ends, and allocates only below the ceiling of its tags. Check the members of etcd.`,
    },
    {
      alert: 'IdgenRedisUnreachable',
      expr: `idgen_redis_ok{${pods}} == 0`,
      for: '5m',
      patience:
        'Nobody notices: answers come from the database. A Redis that fails over is back in a minute.',
      severity: 'info',
      summary: 'Redis is not used',
      description: `{{ $labels.${member} }} works without its shared cache: slower, not wrong.`,
    },
    {
      alert: 'IdgenRateLimitsNotShared',
      // Redis may be well: its user may lack a command, or it may be too slow for a round.
      expr: `idgen_rate_settlement_age_seconds{${pods}} > ${NOT_SHARED_SECONDS}`,
      for: '30s',
      severity: 'warning',
      summary: 'Rate limits hold for each process alone',
      description: `{{ $labels.${member} }} has not told Redis for {{ $value | humanizeDuration }} what callers used, so of each limit as much passes as there are processes. Its log says why.`,
    },
    ...auditAlerts(scope),
  ]
}

function auditAlerts({ pods, member }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenAuditRecordsDropped',
      expr: `increase(idgen_audit_dropped_total{${pods}}[5m]) > 0 or increase(idgen_audit_file_missed_total{${pods}}[5m]) > 0 or sum without (outcome) (increase(idgen_audit_otlp_records_total{${pods},outcome!="exported"}[5m])) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'Audit records were dropped',
      description: `{{ $labels.${member} }} lost {{ $value | humanize }} records, because the database took them too slowly (audit.queueMax), audit.file could not be written, or the receiver of audit.otlp.endpoint did not take them.`,
    },
    {
      alert: 'IdgenAuditQueueFills',
      // Of records or of memory: a few hundred alerts take the room of thousands of other records.
      expr: `idgen_audit_used_ratio{${pods}} > 0.5 or idgen_audit_otlp_used_ratio{${pods}} > 0.5`,
      for: '30s',
      severity: 'warning',
      summary: 'A queue of audit records is half full',
      description: `{{ $labels.${member} }} has used {{ $value | humanizePercentage }} of the queue of records that the database, or the receiver of audit.otlp.endpoint, has not taken. When it is full records are dropped.`,
    },
  ]
}

/** A Redis that fails over is back in a minute; whoever limits callers is to know when they are not limited for longer. */
const NOT_SHARED_SECONDS = 300
