import { CHOSEN, type Dashboard, type Panel, PROCESSES, rate, type Variable } from './dashboard.ts'

/** Of a tag's path, workspace/group/tag, each part is chosen by itself: business units are workspaces and groups. */
const PATH = 'tag=~"($workspace)/($group)/($tag)"'
const FROM = 'idgen_generate_requests_total{job=~"$job",tag=~".+/.+"}'
const ANY = '[^/]+'

const VARIABLES: readonly Variable[] = [
  ...PROCESSES,
  { name: 'workspace', label: 'workspace', from: FROM, choices: 'tag', part: '^([^/]+)/', all: ANY },
  {
    name: 'group',
    label: 'group',
    from: 'idgen_generate_requests_total{job=~"$job",tag=~"($workspace)/.+"}',
    choices: 'tag',
    part: '^[^/]+/([^/]+)/',
    all: ANY,
  },
  {
    name: 'tag',
    label: 'tag',
    from: 'idgen_generate_requests_total{job=~"$job",tag=~"($workspace)/($group)/.+"}',
    choices: 'tag',
    part: '([^/]+)$',
    all: ANY,
  },
]

const busiest = (expr: string): string => `topk(20, ${expr})`
const ofTags = (metric: string): string => `${metric}{${CHOSEN},${PATH}}`
const REQUESTS = `sum by (tag) (${rate('idgen_generate_requests_total', PATH)})`
const IDS = `sum by (tag) (${rate('idgen_ids_issued_total', PATH)})`

const TRAFFIC: readonly Panel[] = [
  {
    title: 'Requests a second',
    description: 'Of the twenty busiest tags that are chosen.',
    kind: 'stacked',
    unit: 'reqps',
    series: [{ expr: busiest(REQUESTS), legend: '{{tag}}' }],
  },
  {
    title: 'IDs a second',
    description: 'Of the twenty that take most.',
    kind: 'stacked',
    unit: 'ops',
    series: [{ expr: busiest(IDS), legend: '{{tag}}' }],
  },
  {
    title: 'IDs a second, by algorithm',
    description: 'Of all that are chosen. A tag whose algorithm changes has degraded.',
    kind: 'stacked',
    unit: 'ops',
    series: [
      { expr: `sum by (algorithm) (${rate('idgen_ids_issued_total', PATH)})`, legend: '{{algorithm}}' },
    ],
  },
  {
    title: 'Failures a second',
    description: 'Through no fault of the caller. Empty as long as nothing has failed.',
    kind: 'stacked',
    unit: 'reqps',
    series: [
      { expr: busiest(`sum by (tag) (${rate('idgen_tag_failures_total', PATH)})`), legend: '{{tag}}' },
    ],
  },
]

const DURATIONS = `sum by (tag, le) (${rate('idgen_tag_duration_seconds_bucket', PATH)})`
const LATENCY: readonly Panel[] = [
  {
    title: 'P99 by tag',
    description:
      'Until the IDs of a request were there; the twenty slowest. Of the 100 busiest tags of each process (server.metrics.tagDurations).',
    kind: 'lines',
    unit: 's',
    bound: 0.01,
    series: [{ expr: busiest(`histogram_quantile(0.99, ${DURATIONS})`), legend: '{{tag}}' }],
  },
  {
    title: 'Slower than 10 ms, by tag',
    description:
      'Share of the requests of a tag; the twenty highest. Above 1 % its P99 is above the bar. Rare waits show here that a percentile hides.',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.01,
    series: [
      {
        expr: busiest(
          `1 - sum by (tag) (${rate('idgen_tag_duration_seconds_bucket', `le="0.01",${PATH}`)}) / (sum by (tag) (${rate('idgen_tag_duration_seconds_count', PATH)}) > 0)`,
        ),
        legend: '{{tag}}',
      },
    ],
  },
]

const SEGMENTS: readonly Panel[] = [
  {
    title: 'Segment usage',
    description: 'Issued share of all numbers ever granted; the twenty lowest.',
    kind: 'lines',
    unit: 'percentunit',
    series: [
      { expr: `bottomk(20, min by (tag) (${ofTags('idgen_segment_usage_ratio')}))`, legend: '{{tag}}' },
    ],
  },
  {
    title: 'Numbers in memory',
    description: 'As a share of one segment; the twenty lowest. Below 10 % the next segment is late.',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.1,
    goodAbove: true,
    series: [
      { expr: `bottomk(20, min by (tag) (${ofTags('idgen_segment_left_ratio')}))`, legend: '{{tag}}' },
    ],
  },
  {
    title: 'Numbers of the present date',
    description:
      'Granted share, of tags whose count begins anew with each date; the twenty fullest. Above 80 % IdgenDateNearlyUsed fires. Empty where no tag has dates.',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.8,
    series: [{ expr: busiest(`max by (tag) (${ofTags('idgen_date_used_ratio')})`), legend: '{{tag}}' }],
  },
  {
    title: 'Step',
    description:
      'Numbers in one segment. It follows the load; at its upper bound (step.max) allocations become frequent.',
    kind: 'lines',
    unit: 'short',
    series: [{ expr: busiest(`max by (tag) (${ofTags('idgen_segment_step')})`), legend: '{{tag}}' }],
  },
]

const TABLE: readonly Panel[] = [
  {
    title: 'The busiest tags',
    description: 'Sort by a column. What is not among the 1,000 busiest of a process is summed as _other.',
    kind: 'table',
    unit: 'short',
    series: [
      { expr: `topk(100, ${REQUESTS})`, legend: 'requests/s' },
      { expr: `topk(100, ${IDS})`, legend: 'IDs/s' },
      {
        expr: `topk(100, sum by (tag) (increase(idgen_ids_issued_total{${CHOSEN},${PATH}}[$__range])))`,
        legend: 'IDs in the time shown',
      },
      { expr: `min by (tag) (${ofTags('idgen_segment_left_ratio')})`, legend: 'numbers in memory / segment' },
    ],
  },
]

/** Who takes what: by workspace, group and tag. */
export const TAGS: Dashboard = {
  name: 'tags',
  title: 'tags',
  description: 'Who takes what: filter by workspace (business unit), group and tag.',
  variables: VARIABLES,
  rows: [
    { title: 'Traffic', panels: TRAFFIC },
    { title: 'Latency', panels: LATENCY },
    { title: 'Segments', panels: SEGMENTS },
    { title: 'Table', panels: TABLE },
  ],
}
