import { type Dashboard, now, type Panel, PROCESSES, rate } from './dashboard.ts'

const share = (hits: string, misses: string): string =>
  `sum(${rate(hits)}) / (sum(${rate(hits)}) + sum(${rate(misses)}) > 0)`

const ANSWERS: readonly Panel[] = (
  [
    ['PostgreSQL', 'idgen_database_ok', 'IdgenDatabaseUnreachable'],
    ['etcd', 'idgen_etcd_ok', 'IdgenEtcdUnreachable'],
    ['The witness', 'idgen_witness_ok', 'IdgenWitnessUnavailable'],
    ['Redis', 'idgen_redis_ok', 'IdgenRedisUnreachable'],
    ['Copies of time', 'idgen_time_copy_ok', 'IdgenTimeCopyBehind'],
    ['News of keys', 'idgen_key_news_ok', 'IdgenKeyNewsMissing'],
  ] as const
).map(([title, metric, alert]) => ({
  title,
  description: `Processes that reach it, as a share. Below 100 %: ${alert}. Empty where none is configured.`,
  kind: 'number' as const,
  unit: 'percentunit' as const,
  bound: 1,
  goodAbove: true,
  series: [{ expr: `avg(${now(metric)})`, legend: '' }],
}))

const DATABASE: readonly Panel[] = [
  {
    title: 'Allocations, by how the witness took part',
    description:
      'blind: the promise is suspended (IdgenWitnessBlind); alone: below the ceiling that etcd promised, or without etcd.',
    kind: 'stacked',
    unit: 'ops',
    series: [{ expr: `sum by (witness) (${rate('idgen_segment_grants_total')})`, legend: '{{witness}}' }],
  },
  {
    title: 'Allocations that failed',
    description: 'Tags go on with what is in memory, then degrade.',
    kind: 'lines',
    unit: 'ops',
    series: [{ expr: `sum by (instance) (${rate('idgen_segment_refusals_total')})`, legend: '{{instance}}' }],
  },
  {
    title: 'Next segment was ready',
    description: 'Share of switches to the next segment that found it fetched ahead. The bar is 99 %.',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.99,
    goodAbove: true,
    series: [
      {
        expr: `sum(${rate('idgen_segment_switches_ready_total')}) / (sum(${rate('idgen_segment_switches_total')}) > 0)`,
        legend: 'ready',
      },
    ],
  },
  {
    title: 'Connections to PostgreSQL',
    description: 'In the pools of the processes. Callers that wait: IdgenDatabasePoolExhausted.',
    kind: 'lines',
    unit: 'short',
    series: [
      { expr: `sum(${now('idgen_database_pool_connections')})`, legend: 'open' },
      { expr: `sum(${now('idgen_database_pool_idle')})`, legend: 'idle' },
      { expr: `sum(${now('idgen_database_pool_waiting')})`, legend: 'callers that wait' },
    ],
  },
  {
    title: 'Requests that wait for a grant',
    description: 'Above 100 in a process IdgenRequestsWait fires.',
    kind: 'lines',
    unit: 'short',
    bound: 100,
    series: [{ expr: now('idgen_generate_waiting'), legend: '{{instance}}' }],
  },
  {
    title: 'Degradations and recoveries',
    description: 'Moves of tags along their chain.',
    kind: 'lines',
    unit: 'ops',
    series: [{ expr: `sum by (kind) (${rate('idgen_router_moves_total')})`, legend: '{{kind}}' }],
  },
]

const CACHES: readonly Panel[] = [
  {
    title: 'Keys found in the cache',
    description: 'Share of calls whose API key was in the process (L1), and of the others in Redis (L2).',
    kind: 'lines',
    unit: 'percentunit',
    series: [
      {
        expr: share('idgen_api_key_cache_hits_total', 'idgen_api_key_cache_misses_total'),
        legend: 'process',
      },
      {
        expr: share('idgen_api_key_shared_hits_total', 'idgen_api_key_shared_misses_total'),
        legend: 'Redis',
      },
    ],
  },
  {
    title: 'Segments found in Redis',
    description: 'Share of allocations that needed no database.',
    kind: 'lines',
    unit: 'percentunit',
    series: [
      { expr: share('idgen_segment_block_hits_total', 'idgen_segment_block_misses_total'), legend: 'found' },
    ],
  },
  {
    title: 'Calls to Redis',
    description: 'By outcome; refused: not sent while it is away.',
    kind: 'stacked',
    unit: 'ops',
    series: [{ expr: `sum by (outcome) (${rate('idgen_redis_calls_total')})`, legend: '{{outcome}}' }],
  },
]

/** Empty without limits.shared. */
const LIMITS: readonly Panel[] = [
  {
    title: 'Rounds of shared rate limits',
    description:
      'How often processes told Redis what callers used. Failed: until one goes well limits hold for each process alone. Empty without limits.shared.',
    kind: 'stacked',
    unit: 'ops',
    series: [{ expr: `sum by (outcome) (${rate('idgen_rate_settlements_total')})`, legend: '{{outcome}}' }],
  },
  {
    title: 'Time since limits were shared',
    description:
      'How long no round has gone well. Half a second is ordinary (limits.settleEvery); it stands still while there is nothing to tell, and above 5 minutes IdgenRateLimitsNotShared fires.',
    kind: 'lines',
    unit: 's',
    bound: 300,
    series: [{ expr: now('idgen_rate_settlement_age_seconds'), legend: '{{instance}}' }],
  },
  {
    title: 'Requests charged for other processes',
    description:
      'What addresses, keys and tags used elsewhere and cannot use here any more. None: every caller comes to one process only.',
    kind: 'stacked',
    unit: 'reqps',
    series: [{ expr: `sum by (kind) (${rate('idgen_rate_charged_requests_total')})`, legend: '{{kind}}' }],
  },
  {
    title: 'Names that waited for a round',
    description:
      'A round tells 1,000 names at most. Those that wait count for their process alone so long: a flood of addresses.',
    kind: 'stacked',
    unit: 'ops',
    series: [
      {
        expr: `sum by (kind) (${rate('idgen_rate_settlement_left_over_names_total')})`,
        legend: '{{kind}}',
      },
    ],
  },
]

const RECORDS: readonly Panel[] = [
  {
    title: 'Audit records that wait',
    description:
      'As a share of what the queue holds, by number or by memory, whichever is more. From 80 % on counts of calls, refused keys, reads and alerts are dropped, at 100 % all.',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.5,
    series: [
      { expr: now('idgen_audit_used_ratio'), legend: '{{instance}}' },
      {
        // No line where there is no receiver.
        expr: `${now('idgen_audit_otlp_used_ratio')} and ${now('idgen_audit_otlp_queue_max')} > 0`,
        legend: '{{instance}}, for OTLP',
      },
    ],
  },
  {
    title: 'Audit records',
    description:
      'Written, and dropped because the queue was full. For OTLP (audit.otlp.endpoint): taken by the receiver, dropped, refused by it.',
    kind: 'lines',
    unit: 'ops',
    series: [
      { expr: `sum(${rate('idgen_audit_written_total')})`, legend: 'written' },
      { expr: `sum(${rate('idgen_audit_dropped_total')})`, legend: 'dropped' },
      {
        expr: `sum by (outcome) (${rate('idgen_audit_otlp_records_total')})`,
        legend: '{{outcome}}, for OTLP',
      },
    ],
  },
  {
    title: 'Spans of traces',
    description: 'By what became of them. Empty where no call is traced (tracing.exporter).',
    kind: 'stacked',
    unit: 'ops',
    series: [{ expr: `sum by (outcome) (${rate('idgen_trace_spans_total')})`, legend: '{{outcome}}' }],
  },
]

/** What the service rests on. */
export const DEPENDENCIES: Dashboard = {
  name: 'dependencies',
  title: 'dependencies',
  description:
    'PostgreSQL, etcd, Redis, caches, shared rate limits, the audit log and traces, as the processes see them.',
  variables: PROCESSES,
  rows: [
    { title: 'Reached', panels: ANSWERS },
    { title: 'Allocations', panels: DATABASE },
    { title: 'Caches', panels: CACHES },
    { title: 'Rate limits over all processes', panels: LIMITS },
    { title: 'Records', panels: RECORDS },
  ],
}
