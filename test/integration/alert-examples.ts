/** Input of promtool: series that make an alert fire, and series that must not. */
export interface AlertExample {
  readonly fires: Series
  readonly quiet: Series
  /** Where ten minutes are too short to show it. */
  readonly at?: string
  /** What the two do not show. */
  readonly more?: readonly { readonly fires: boolean; readonly at: string; readonly series: Series }[]
}

/** By name and labels: values 15 s apart. */
type Series = Readonly<Record<string, string>>

const POD = 'job="idgen",instance="a:9464"'
const up = (metric: string, labels = ''): string => `${metric}{${POD}${labels === '' ? '' : `,${labels}`}}`

/** A gauge that has this value, or that one. */
function gauge(metric: string, bad: number, good: number, labels = ''): AlertExample {
  const series = up(metric, labels)
  return { fires: { [series]: `${bad}x40` }, quiet: { [series]: `${good}x40` } }
}

/** A counter that grows now, or that stands still at a high number. */
function counter(metric: string, labels = ''): AlertExample {
  const series = up(metric, labels)
  return { fires: { [series]: '0+1x40' }, quiet: { [series]: '7x40' } }
}

/** promtool begins at 1970, when three of 90 days are left; or three days of four, which is as it should be. */
function certificate(start: string, end: string): AlertExample {
  return {
    fires: { [end]: '259200x40', [start]: '-7516800x40' },
    quiet: { [end]: '259200x40', [start]: '-86400x40' },
  }
}

/** For how long it lasts, and for how long its renewal is tried for in vain; or not at all, which is as it should be. */
function timeGrant(left: string, late: string): AlertExample {
  const [leftSeconds, lateSeconds] = [
    up('idgen_time_grant_left_seconds', 'slot="0"'),
    up('idgen_time_renewal_late_seconds', 'slot="0"'),
  ]
  return {
    fires: { [leftSeconds]: left, [lateSeconds]: late },
    quiet: { [leftSeconds]: left, [lateSeconds]: '0x40' },
  }
}

function exportedAs(outcome: string): string {
  return up('idgen_audit_otlp_records_total', `outcome="${outcome}"`)
}

function ofOperator(metric: string, bad: Series, good: Series): AlertExample {
  const named = (values: Series): Series =>
    Object.fromEntries(
      Object.entries(values).map(([labels, value]) => [
        `${metric}{generator_namespace="shop",generator="orders"${labels}}`,
        value,
      ]),
    )
  return { fires: named(bad), quiet: named(good) }
}

const REQUESTS = up('idgen_generate_requests_total', 'tag="w/g/t",algorithm="segment"')
const FAILURES = up('idgen_generate_failures_total', 'code="IDGEN_INTERNAL"')
const ASKED = up('idgen_generate_duration_seconds_count')
const ISSUED = up('idgen_ids_issued_total', 'tag="w/g/t",algorithm="segment"')
const WRONG_KEYS = up('idgen_wrong_api_keys_total')
const UNSEEN_KEYS = up('idgen_rate_limited_total', 'kind="wrong-key"')
const UP = up('up')
const READY = up('idgen_ready')
const MOVES = 'idgen_router_moves_total'
const DEGRADED = up('idgen_tags_degraded')
/** A tag that moves a minute after the start and is back when so many times 15 s have passed. */
const degradedUntil = (end: number): Series => ({
  [up(MOVES, 'kind="degraded"')]: '0x3 1x120',
  [DEGRADED]: `0x3 1x${end - 4} 0x40`,
})
const operatorUp = (instance: string): string => `up{job="idgen-operator",instance="${instance}:8080"}`
const bucket = (le: string): string => up('idgen_generate_duration_seconds_bucket', `le="${le}"`)

/** 15,000,000 in 15 s are a million a second, which is the capacity of one process. */
export const ALERT_EXAMPLES: Readonly<Record<string, AlertExample>> = {
  IdgenQpsHigh: {
    fires: { [ASKED]: '0+12750000x40', [READY]: '1x40' },
    // A million IDs a request, as runs: it is requests that cost.
    quiet: { [ASKED]: '0+11250000x40', [ISSUED]: '0+11250000000000x40', [READY]: '1x40' },
  },
  IdgenQpsLow: {
    fires: { [ASKED]: '0+1500x5760 8640000+725x400', [UP]: '1x6160' },
    quiet: { [ASKED]: '0+1500x5760 8640000+775x400', [UP]: '1x6160' },
    at: '25h30m',
  },
  IdgenLatencyHigh: {
    fires: { [bucket('0.01')]: '0+980x40', [bucket('0.1')]: '0+1000x40', [bucket('+Inf')]: '0+1000x40' },
    quiet: { [bucket('0.01')]: '0+995x40', [bucket('0.1')]: '0+1000x40', [bucket('+Inf')]: '0+1000x40' },
  },
  IdgenErrorsHigh: {
    fires: { [REQUESTS]: '0+980x40', [FAILURES]: '0+20x40' },
    quiet: { [REQUESTS]: '0+995x40', [FAILURES]: '0+5x40' },
  },
  IdgenDegraded: {
    ...counter(MOVES, 'kind="degraded"'),
    more: [
      // One move, and degraded for 20 minutes; then back, and quiet once the move is five minutes old.
      { fires: true, at: '20m', series: degradedUntil(80) },
      { fires: true, at: '24m', series: degradedUntil(96) },
      { fires: false, at: '25m', series: degradedUntil(96) },
      // Back between two scrapes: the move alone tells.
      { fires: true, at: '4m', series: { [up(MOVES, 'kind="degraded"')]: '0x4 1x36', [DEGRADED]: '0x40' } },
      { fires: false, at: '9m', series: { [up(MOVES, 'kind="degraded"')]: '0x4 1x36', [DEGRADED]: '0x40' } },
    ],
  },
  IdgenRequestsWait: gauge('idgen_generate_waiting', 101, 99),
  IdgenDatabaseUnreachable: gauge('idgen_database_ok', 0, 1),
  IdgenDatabasePoolExhausted: gauge('idgen_database_pool_waiting', 1, 0),
  IdgenEtcdUnreachable: gauge('idgen_etcd_ok', 0, 1),
  IdgenRedisUnreachable: gauge('idgen_redis_ok', 0, 1),
  IdgenRateLimitsNotShared: gauge('idgen_rate_settlement_age_seconds', 301, 299),
  IdgenAuditRecordsDropped: {
    ...counter('idgen_audit_dropped_total'),
    more: [
      { fires: true, at: '5m', series: { [up('idgen_audit_file_missed_total')]: '0+1x40' } },
      {
        fires: true,
        at: '5m',
        series: { [exportedAs('dropped')]: '0+1x40', [exportedAs('refused')]: '0x40' },
      },
      {
        fires: true,
        at: '5m',
        series: { [exportedAs('dropped')]: '0x40', [exportedAs('refused')]: '0+1x40' },
      },
      {
        fires: false,
        at: '5m',
        series: { [exportedAs('exported')]: '0+9x40', [exportedAs('dropped')]: '7x40' },
      },
    ],
  },
  IdgenAuditQueueFills: {
    fires: { [up('idgen_audit_used_ratio')]: '0.51x40' },
    quiet: { [up('idgen_audit_used_ratio')]: '0.49x40' },
    more: [
      {
        // A queue that is full by memory has few records.
        fires: true,
        at: '5m',
        series: {
          [up('idgen_audit_used_ratio')]: '0.9x40',
          [up('idgen_audit_queued')]: '5x40',
          [up('idgen_audit_queue_max')]: '1000x40',
        },
      },
      {
        fires: true,
        at: '5m',
        series: { [up('idgen_audit_otlp_used_ratio')]: '0.51x40' },
      },
      {
        fires: false,
        at: '5m',
        series: { [up('idgen_audit_otlp_used_ratio')]: '0.49x40' },
      },
    ],
  },
  IdgenKeyNewsMissing: {
    fires: { [up('idgen_key_news_ok')]: '0x40', [up('idgen_database_ok')]: '1x40' },
    quiet: { [up('idgen_key_news_ok')]: '0x40', [up('idgen_database_ok')]: '0x40' },
  },
  IdgenWrongKeys: {
    fires: { [WRONG_KEYS]: '0+3x40', [UNSEEN_KEYS]: '0+3x40' },
    quiet: { [WRONG_KEYS]: '0+2x40', [UNSEEN_KEYS]: '0+2x40' },
  },
  IdgenSegmentNearlyOut: gauge('idgen_segment_left_ratio', 0.09, 0.11, 'tag="w/g/t"'),
  IdgenRangeNearlyUsed: gauge('idgen_range_used_ratio_max', 0.81, 0.79),
  IdgenRangeAlmostExhausted: gauge('idgen_range_used_ratio_max', 0.96, 0.94),
  IdgenDateNearlyUsed: gauge('idgen_date_used_ratio', 0.81, 0.79, 'tag="w/g/t"'),
  // promtool begins at 1970: four years, or six.
  IdgenLayoutEnds: gauge('idgen_snowflake_end_timestamp_seconds', 126_000_000, 190_000_000),
  IdgenWitnessBlind: counter('idgen_segment_grants_total', 'witness="blind"'),
  IdgenWitnessUnavailable: gauge('idgen_witness_ok', 0, 1),
  IdgenSegmentStoreRegressed: counter('idgen_database_history_changes_total', 'kind="regressed"'),
  IdgenRangeConflict: gauge('idgen_range_conflicts', 1, 0),
  IdgenDataCentreClaimLost: gauge('idgen_dc_claim_ok', 0, 1),
  IdgenWorkerIdMissing: gauge('idgen_worker_id', -1, 7, 'slot="0"'),
  IdgenWorkerIdLost: counter('idgen_worker_events_total', 'event="lost"'),
  IdgenTimeCopyBehind: gauge('idgen_time_copy_ok', 0, 1),
  IdgenClockSteppedBack: counter('idgen_snowflake_rollbacks_total', 'level="refused"'),
  IdgenWorkerIdsShort: {
    fires: Object.fromEntries(
      Array.from({ length: 205 }, (_, id) => [up('idgen_worker_id', `slot="${id}"`), `${id}x40`]),
    ),
    quiet: Object.fromEntries(
      Array.from({ length: 204 }, (_, id) => [up('idgen_worker_id', `slot="${id}"`), `${id}x40`]),
    ),
  },
  IdgenClockOff: gauge('idgen_clock_offset_seconds', -3, 1.9),
  IdgenTimeGrantEnds: {
    // A grant of the default length, whose renewal was due with 14 s left.
    ...timeGrant('8x40', '6x40'),
    more: [
      // A store that was away for 4 s was asked again within another one.
      { fires: false, at: '5m', series: timeGrant('9x40', '5x40').fires },
      // With snowflake.lease and snowflake.window of two minutes: more than one is left.
      { fires: false, at: '15s', series: timeGrant('96 91 76 61 46', '0 0 10 25 40').fires },
      { fires: true, at: '30s', series: timeGrant('96 91 76 61 46', '0 0 10 25 40').fires },
      // Of an hour: there is time, and what it is for may pass by itself.
      { fires: false, at: '5m', series: timeGrant('3400-15x40', '0+15x40').fires },
      { fires: true, at: '55m', series: timeGrant('3400-15x240', '0+15x240').fires },
    ],
  },
  IdgenDown: { fires: { [UP]: '0x40' }, quiet: { [UP]: '1x40' } },
  IdgenPodNotReady: { fires: { [READY]: '0x40' }, quiet: { [READY]: '1x40', [UP]: '1x40' } },
  IdgenThreadDied: counter('idgen_thread_deaths_total'),
  IdgenEventLoopSlow: gauge('idgen_thread_late_seconds', 0.26, 0.24, 'thread="protocol"'),
  IdgenConnectionsRefused: {
    fires: { [up('idgen_connections_refused_total', 'protocol="http",reason="full"')]: '0+1x40' },
    quiet: { [up('idgen_connections_refused_total', 'protocol="http",reason="full"')]: '0x30 0+1x8' },
  },
  IdgenManagementRefused: {
    fires: { [up('idgen_thread_unpassed_total', 'reason="full"')]: '0+1x40' },
    quiet: { [up('idgen_thread_unpassed_total', 'reason="full"')]: '0x30 0+1x8' },
  },
  IdgenServedCertificateEnds: certificate(
    up('idgen_certificate_start_timestamp_seconds'),
    up('idgen_certificate_end_timestamp_seconds'),
  ),
  IdgenReplicasMissing: ofOperator(
    'idgen_operator_replicas',
    { ',state="wanted"': '3x40', ',state="ready"': '2x40' },
    { ',state="wanted"': '3x40', ',state="ready"': '3x40' },
  ),
  IdgenRolloutFailed: ofOperator('idgen_operator_rollout_failed', { '': '1x40' }, { '': '0x40' }),
  IdgenCertificateEnds: ofOperator(
    'idgen_operator_certificate_expiry_seconds',
    { '': '259200x40' },
    { '': '700000x40' },
  ),
  IdgenOperatorCertificateEnds: certificate(
    'idgen_operator_status_certificate_start_timestamp_seconds{job="operator",namespace="idgen"}',
    'idgen_operator_status_certificate_end_timestamp_seconds{job="operator",namespace="idgen"}',
  ),
  IdgenOperatorDown: {
    fires: { [operatorUp('a')]: '1x4 0x40', [operatorUp('b')]: '1x4 0x40' },
    // One of two is moved.
    quiet: { [operatorUp('a')]: '1x4 0x40', [operatorUp('b')]: '1x44' },
    // Most who wire it by hand have none.
    more: [{ fires: false, at: '9m', series: { [UP]: '1x40' } }],
  },
}

/** Where the chart has another expression: its placeholders are names like any. */
const OF_CHART = 'namespace="RELEASE_NAMESPACE",job="OPERATOR_SERVICE"'
export const CHART_EXAMPLES: Readonly<Record<string, AlertExample>> = {
  ...ALERT_EXAMPLES,
  IdgenOperatorDown: {
    // One that was never there, or whose pods are all gone, is missed as well.
    fires: { [UP]: '1x40' },
    quiet: { [`up{${OF_CHART},pod="a"}`]: '0x40', [`up{${OF_CHART},pod="b"}`]: '1x40' },
    more: [{ fires: true, at: '9m', series: { [`up{${OF_CHART},pod="a"}`]: '0x40' } }],
  },
}
