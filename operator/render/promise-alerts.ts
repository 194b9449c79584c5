import type { AlertRule, RuleScope } from './alert-rule.ts'

/** What guards the promise that no ID is handed out twice. */
export function promiseAlerts({ pods, member }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenWitnessBlind',
      expr: `sum(increase(idgen_segment_grants_total{${pods},witness="blind"}[15m])) > 0`,
      for: '0s',
      severity: 'critical',
      summary: 'Numbers were granted without the witness: the promise is suspended',
      description:
        'witness.onUnavailable is "proceed" and etcd does not answer. A database that lost commits would now repeat IDs. Bring etcd back; do not restore a backup meanwhile.',
    },
    {
      alert: 'IdgenWitnessUnavailable',
      expr: `idgen_witness_ok{${pods}} == 0`,
      for: '20s',
      severity: 'warning',
      summary: 'etcd does not answer allocations in time',
      description: `{{ $labels.${member} }} allocates only below the ceiling that etcd promised; beyond it tags degrade. Check the latency of etcd.`,
    },
    {
      alert: 'IdgenSegmentStoreRegressed',
      expr: `sum(increase(idgen_database_history_changes_total{${pods},kind="regressed"}[15m])) > 0`,
      for: '0s',
      severity: 'critical',
      summary: 'The database lost commits',
      description:
        'The witness skipped what may have been granted, so no ID was repeated. Find out why: a restored backup, or a failover to a standby that lagged behind.',
    },
    {
      alert: 'IdgenRangeConflict',
      expr: `max(idgen_range_conflicts{${pods}}) > 0`,
      for: '15s',
      severity: 'critical',
      summary: 'Another database claims the same tags',
      description:
        '{{ $value }} tags. Two databases must not issue for one name: `idgen doctor` names them and what to do.',
    },
  ]
}
