import type { AlertRule, RuleScope } from './alert-rule.ts'

/** Worker ids and the time that pods may stamp. */
export function workerAlerts({ pods }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenDataCentreClaimLost',
      expr: `idgen_dc_claim_ok{${pods}} == 0`,
      for: '30s',
      severity: 'critical',
      summary: 'The number of the data centre is claimed by another installation',
      description: 'Pod {{ $labels.pod }} gets no worker id. Give one of the two another spec.datacenter.',
    },
    {
      alert: 'IdgenWorkerIdMissing',
      expr: `idgen_worker_id{${pods}} == -1 or idgen_time_grant_ok{${pods}} == 0`,
      for: '1m',
      severity: 'warning',
      summary: 'A pod cannot stamp snowflakes',
      description:
        'Pod {{ $labels.pod }} has no worker id or no time grant. It serves segments and UUIDs on. Its log says why: a clock ahead, no free worker id, no store.',
    },
    {
      alert: 'IdgenWorkerIdLost',
      expr: `increase(idgen_worker_events_total{${pods},event="lost"}[15m]) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'A pod lost its worker id to another one',
      description:
        'Pod {{ $labels.pod }} was paused past its lease, or a store was edited by hand. It took another worker id; no ID was repeated.',
    },
    {
      alert: 'IdgenTimeCopyBehind',
      expr: `idgen_time_copy_ok{${pods}} == 0`,
      for: '5m',
      severity: 'warning',
      summary: 'Copies of time grants in PostgreSQL lag behind',
      description: 'Pod {{ $labels.pod }}: a restored etcd could not be noticed meanwhile. Check PostgreSQL.',
    },
    {
      alert: 'IdgenClockSteppedBack',
      expr: `increase(idgen_snowflake_rollbacks_total{${pods},level="refused"}[5m]) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'The clock of a node stepped back further than can be bridged',
      description:
        'Pod {{ $labels.pod }} refused to stamp until the clock caught up. Check time synchronisation of its node.',
    },
  ]
}
