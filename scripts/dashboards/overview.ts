import { type Dashboard, now, type Panel, PROCESSES, type Row, rate } from './dashboard.ts'

const REQUESTS = `sum(${rate('idgen_generate_requests_total')})`
const FAILURES = `sum(${rate('idgen_generate_failures_total')})`
/** Of those that were asked: no calls, no share. */
const ERROR_SHARE = `${FAILURES} / (${REQUESTS} + ${FAILURES} > 0)`
const quantile = (share: number): string =>
  `histogram_quantile(${share}, sum by (le) (${rate('idgen_generate_duration_seconds_bucket')}))`
const DEGRADED_SHARE = `sum(${rate('idgen_generate_degraded_total')}) / (${REQUESTS} > 0)`

const NOW: readonly Panel[] = [
  {
    title: 'IDs a second',
    description: 'Handed out now.',
    kind: 'number',
    unit: 'ops',
    series: [{ expr: `sum(${rate('idgen_ids_issued_total')})`, legend: '' }],
  },
  {
    title: 'Requests a second',
    description: 'Answered with IDs now. Above 80 % of the capacity IdgenQpsHigh fires.',
    kind: 'number',
    unit: 'reqps',
    series: [{ expr: REQUESTS, legend: '' }],
  },
  {
    title: 'P99',
    description:
      'Until the IDs of a request were there; IDs in memory take no time worth measuring. The bar is 10 ms.',
    kind: 'number',
    unit: 's',
    bound: 0.01,
    series: [{ expr: quantile(0.99), legend: '' }],
  },
  {
    title: 'Errors',
    description: 'Share of requests that failed through no fault of their caller. The bar is 1 %.',
    kind: 'number',
    unit: 'percentunit',
    bound: 0.01,
    series: [{ expr: ERROR_SHARE, legend: '' }],
  },
  {
    title: 'Ready processes',
    description: 'Of those that Prometheus reaches.',
    kind: 'number',
    unit: 'none',
    bound: 1,
    goodAbove: true,
    series: [{ expr: `sum(${now('idgen_ready')})`, legend: '' }],
  },
  {
    title: 'Degraded',
    description:
      'Share of requests answered by another algorithm than the first of their tag. /status on the metrics port of a process says why.',
    kind: 'number',
    unit: 'percentunit',
    bound: 0.0001,
    series: [{ expr: DEGRADED_SHARE, legend: '' }],
  },
]

const TRAFFIC: readonly Panel[] = [
  {
    title: 'Requests a second, by process',
    description: 'Live QPS. Processes that differ much are reached by different callers.',
    kind: 'stacked',
    unit: 'reqps',
    series: [
      { expr: `sum by (instance) (${rate('idgen_generate_requests_total')})`, legend: '{{instance}}' },
    ],
  },
  {
    title: 'IDs a second, by process',
    description: 'One request can ask for many.',
    kind: 'stacked',
    unit: 'ops',
    series: [{ expr: `sum by (instance) (${rate('idgen_ids_issued_total')})`, legend: '{{instance}}' }],
  },
  {
    title: 'Share of algorithms',
    description: 'Of the IDs. A share that moves is a tag that degraded, or a new caller.',
    kind: 'stacked',
    unit: 'percentunit',
    series: [
      {
        expr: `sum by (algorithm) (${rate('idgen_ids_issued_total')}) / ignoring(algorithm) group_left () (sum(${rate('idgen_ids_issued_total')}) > 0)`,
        legend: '{{algorithm}}',
      },
    ],
  },
  {
    title: 'Latency',
    description: 'P50, P90 and P99 until the IDs of a request were there.',
    kind: 'lines',
    unit: 's',
    bound: 0.01,
    series: [0.5, 0.9, 0.99].map((share) => ({ expr: quantile(share), legend: `P${share * 100}` })),
  },
  {
    title: 'P99, by protocol',
    description: 'Until the IDs of a request were there; HTTPS counts as http.',
    kind: 'lines',
    unit: 's',
    bound: 0.01,
    series: [
      {
        expr: `histogram_quantile(0.99, sum by (protocol, le) (${rate('idgen_protocol_duration_seconds_bucket')}))`,
        legend: '{{protocol}}',
      },
    ],
  },
  {
    title: 'Requests a second, by protocol',
    description: 'Answered, failed and refused; HTTPS counts as http.',
    kind: 'stacked',
    unit: 'reqps',
    series: [
      {
        expr: `sum by (protocol, outcome) (${rate('idgen_protocol_requests_total')})`,
        legend: '{{protocol}} {{outcome}}',
      },
    ],
  },
  {
    title: 'Failures, by code',
    description: 'Requests that failed through no fault of their caller; docs/errors.md has the codes.',
    kind: 'stacked',
    unit: 'reqps',
    series: [{ expr: `sum by (code) (${rate('idgen_generate_failures_total')})`, legend: '{{code}}' }],
  },
  {
    title: 'Refusals, by code',
    description:
      'Requests refused because of what was asked, or by whom. A caller does something wrong, or too often.',
    kind: 'stacked',
    unit: 'reqps',
    series: [{ expr: `sum by (code) (${rate('idgen_generate_refusals_total')})`, legend: '{{code}}' }],
  },
]

const NUMBERS: readonly Panel[] = [
  {
    title: 'Segment usage',
    description:
      'Issued share of all numbers ever granted, of the ten tags that used least: what is not used at a crash is lost.',
    kind: 'lines',
    unit: 'percentunit',
    series: [{ expr: `bottomk(10, min by (tag) (${now('idgen_segment_usage_ratio')}))`, legend: '{{tag}}' }],
  },
  {
    title: 'Numbers in memory',
    description:
      'As a share of one segment, of the ten tags that have least. Below 10 % IdgenSegmentNearlyOut fires.',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.1,
    goodAbove: true,
    series: [{ expr: `bottomk(10, min by (tag) (${now('idgen_segment_left_ratio')}))`, legend: '{{tag}}' }],
  },
  {
    title: 'Calls across data centres',
    description:
      'By the data centre that the caller names and the one that answers. What crosses pays with latency.',
    kind: 'stacked',
    unit: 'reqps',
    series: [
      {
        expr: `sum by (client_dc, server_dc) (${rate('idgen_dc_requests_total')})`,
        legend: '{{client_dc}} → {{server_dc}}',
      },
    ],
  },
]

const PROCESS: readonly Panel[] = [
  {
    title: 'Processor',
    description: 'Cores in use.',
    kind: 'lines',
    unit: 'short',
    series: [{ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' }],
  },
  {
    title: 'Memory',
    description: 'Resident.',
    kind: 'lines',
    unit: 'bytes',
    series: [{ expr: now('process_resident_memory_bytes'), legend: '{{instance}}' }],
  },
  {
    title: 'How late threads come to their work',
    description:
      'The worst of 15 to 30 s, of the main thread and of those that answer: no CPU, a pause, garbage. Above 250 ms for a minute IdgenEventLoopSlow fires.',
    kind: 'lines',
    unit: 's',
    bound: 0.25,
    series: [{ expr: now('idgen_thread_late_seconds'), legend: '{{instance}} {{thread}}' }],
  },
  {
    title: 'Time spent collecting garbage',
    description:
      'Share of a core: of the main thread, and of all protocol threads together, where there are any (with four of them it may reach 400 %).',
    kind: 'lines',
    unit: 'percentunit',
    series: [
      { expr: `sum by (instance) (${rate('nodejs_gc_duration_seconds_sum')})`, legend: '{{instance}} main' },
      {
        expr: `sum by (instance) (${rate('idgen_thread_gc_seconds_total')})`,
        legend: '{{instance}} protocol threads',
      },
    ],
  },
  {
    title: 'Connections',
    description: 'Open now, by protocol.',
    kind: 'lines',
    unit: 'short',
    series: [{ expr: `sum by (protocol) (${now('idgen_connections')})`, legend: '{{protocol}}' }],
  },
  {
    title: 'Turned away',
    description:
      'Connections refused because there were too many, requests above their limits, and wrong API keys (IdgenWrongKeys).',
    kind: 'lines',
    unit: 'reqps',
    series: [
      {
        expr: `sum by (protocol, reason) (${rate('idgen_connections_refused_total')})`,
        legend: 'connection: {{protocol}}, {{reason}}',
      },
      { expr: `sum by (kind) (${rate('idgen_rate_limited_total')})`, legend: 'limit per {{kind}}' },
      { expr: `sum(${rate('idgen_wrong_api_keys_total')})`, legend: 'wrong API key' },
    ],
  },
  {
    title: 'Management turned away',
    description:
      'Requests for anything but IDs that a thread could not pass on to the main thread: too many waited (full), or too many of that client (address). Above 10 in 5 minutes IdgenManagementRefused fires. Nothing where the main thread answers alone (server.threads).',
    kind: 'lines',
    unit: 'reqps',
    series: [
      {
        expr: `sum by (instance, reason) (${rate('idgen_thread_unpassed_total')})`,
        legend: '{{instance}} {{reason}}',
      },
    ],
  },
]

const ROWS: readonly Row[] = [
  { title: 'Now', panels: NOW },
  { title: 'Traffic', panels: TRAFFIC },
  { title: 'Numbers and data centres', panels: NUMBERS },
  { title: 'Processes', panels: PROCESS },
]

/** The first look: how much, how fast, how well. */
export const OVERVIEW: Dashboard = {
  name: 'overview',
  title: 'overview',
  description: 'How much is asked for, how fast it is answered and how well.',
  variables: PROCESSES,
  rows: ROWS,
}
