import type { AlertRule, RuleScope } from './alert-rule.ts'

/** Worker ids and the time that pods may stamp. */
export function workerAlerts(scope: RuleScope): AlertRule[] {
  const { pods, member } = scope
  return [
    {
      alert: 'IdgenDataCentreClaimLost',
      expr: `idgen_dc_claim_ok{${pods}} == 0`,
      for: '15s',
      severity: 'critical',
      summary: 'The number of the data centre is claimed by another installation',
      description: `{{ $labels.${member} }} gets no worker id. Give one of the two another spec.datacenter.`,
    },
    {
      alert: 'IdgenWorkerIdMissing',
      expr: `idgen_worker_id{${pods}} == -1 or idgen_time_grant_ok{${pods}} == 0`,
      for: '1m',
      patience: 'A process that starts may wait for the lease of one that died.',
      severity: 'warning',
      summary: 'A pod cannot stamp snowflakes',
      description: `{{ $labels.${member} }} has no worker id or no time grant. It serves segments and UUIDs on. Its log says why: a clock ahead, no free worker id, no store.`,
    },
    {
      alert: 'IdgenWorkerIdLost',
      expr: `increase(idgen_worker_events_total{${pods},event="lost"}[15m]) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'A pod lost its worker id to another one',
      description: `{{ $labels.${member} }} was paused past its lease, or a store was edited by hand. It took another worker id; no ID was repeated.`,
    },
    {
      alert: 'IdgenTimeCopyBehind',
      expr: `idgen_time_copy_ok{${pods}} == 0`,
      for: '5m',
      patience:
        'It is what an etcd that is restored from a backup is found out by; a database that fails over mends it by itself.',
      severity: 'warning',
      summary: 'Copies of time grants in PostgreSQL lag behind',
      description: `{{ $labels.${member} }}: a restored etcd could not be noticed meanwhile. Check PostgreSQL.`,
    },
    {
      alert: 'IdgenClockSteppedBack',
      expr: `increase(idgen_snowflake_rollbacks_total{${pods},level="refused"}[5m]) > 0`,
      for: '0s',
      severity: 'warning',
      summary: 'The clock of a node stepped back further than can be bridged',
      description: `{{ $labels.${member} }} refused to stamp until the clock caught up. Check time synchronisation of its node.`,
    },
    {
      alert: 'IdgenWorkerIdsShort',
      expr: `count(idgen_worker_id{${pods}} >= 0) > 0.8 * 256`,
      for: '1m',
      patience: 'A rollout holds more worker ids for as long as old and new pods run side by side.',
      severity: 'warning',
      summary: 'More than 80 % of the worker ids of the data centre are held',
      description:
        '{{ $value }} of 256 are held. A process that finds none serves no snowflakes, and an upgrade needs some that are free. Lower server.workerIds or the number of processes.',
    },
    ...timeAlerts(scope),
  ]
}

/** People get more than a minute of it, where a grant lasts that long (snowflake.lease, snowflake.window). */
const LITTLE_TIME_SECONDS = 120
/**
 * A store that is away for 4 s (a new leader, a pause) is nobody's business: it is asked again within a second
 * (RETRY_MAX_MS of the service's TimeGrantKeeper), so a renewal is late for 5 s at most then.
 */
const RENEWAL_LATE_SECONDS = 5.5

function timeAlerts({ pods, member }: RuleScope): AlertRule[] {
  return [
    {
      alert: 'IdgenClockOff',
      expr: `abs(idgen_clock_offset_seconds{${pods}}) > 2`,
      for: '30s',
      severity: 'warning',
      summary: 'The clock of a machine is off',
      description: `The clock of {{ $labels.${member} }} is more than 2 s away from that of the stores. Further ahead than snowflake.maxClockAhead it gets no time. Check time synchronisation.`,
    },
    {
      alert: 'IdgenTimeGrantEnds',
      expr: `idgen_time_grant_left_seconds{${pods}} < ${LITTLE_TIME_SECONDS} and idgen_time_renewal_late_seconds{${pods}} > ${RENEWAL_LATE_SECONDS}`,
      // A grant of the default length lasts for 14 s more when its renewal is due: people are to hear of it before its end.
      for: '0s',
      urgent: true,
      severity: 'warning',
      summary: 'Time to stamp runs out, and no more is granted',
      description: `{{ $labels.${member} }} can stamp snowflakes for {{ $value | humanizeDuration }} more, then tags degrade. Check the store that grants time (etcd, or PostgreSQL without it).`,
    },
  ]
}
