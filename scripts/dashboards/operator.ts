import { type Dashboard, type Panel, type Variable, WINDOW } from './dashboard.ts'

/** Two operators run, and only one leads; what it says of objects, each says that has them in memory. */
const OWN = 'generator_namespace=~"$namespace",generator=~"$generator"'

const VARIABLES: readonly Variable[] = [
  {
    name: 'namespace',
    label: 'namespace',
    from: 'idgen_operator_replicas',
    choices: 'generator_namespace',
    all: '.+',
  },
  {
    name: 'generator',
    label: 'IdGenerator',
    from: 'idgen_operator_replicas{generator_namespace=~"$namespace"}',
    choices: 'generator',
    all: '.+',
  },
]

const OBJECTS: readonly Panel[] = [
  {
    title: 'IdGenerators',
    description: 'By whether they are ready.',
    kind: 'number',
    unit: 'none',
    series: [{ expr: 'max by (ready) (idgen_operator_generators)', legend: 'ready: {{ready}}' }],
  },
  {
    title: 'BizTags',
    description: 'By whether they are ready.',
    kind: 'number',
    unit: 'none',
    series: [{ expr: 'max by (ready) (idgen_operator_biztags)', legend: 'ready: {{ready}}' }],
  },
  {
    title: 'Rollouts',
    description: 'IdGenerators by the state of their last rollout.',
    kind: 'number',
    unit: 'none',
    series: [{ expr: 'max by (state) (idgen_operator_rollouts)', legend: '{{state}}' }],
  },
  {
    title: 'Revisions rolled back',
    description: 'And not tried again (IdgenRolloutFailed).',
    kind: 'number',
    unit: 'none',
    bound: 1,
    series: [
      {
        expr: `sum(max by (generator_namespace, generator) (idgen_operator_rollout_failed{${OWN}}))`,
        legend: '',
      },
    ],
  },
  {
    title: 'The nearest end of a certificate',
    description: 'Renewed at two thirds of its life (IdgenCertificateEnds).',
    kind: 'number',
    unit: 's',
    bound: 604_800,
    goodAbove: true,
    series: [{ expr: `min(idgen_operator_certificate_expiry_seconds{${OWN}}) - time()`, legend: '' }],
  },
  {
    title: 'Leaders',
    description: 'Always 1.',
    kind: 'number',
    unit: 'none',
    bound: 1,
    goodAbove: true,
    series: [{ expr: 'sum(leader_election_master_status)', legend: '' }],
  },
]

const PODS: readonly Panel[] = [
  {
    title: 'Pods',
    description: 'Wanted and ready. Fewer ready than wanted for 5 minutes: IdgenReplicasMissing.',
    kind: 'lines',
    unit: 'none',
    series: [
      {
        expr: `max by (generator_namespace, generator, state) (idgen_operator_replicas{${OWN}})`,
        legend: '{{generator_namespace}}/{{generator}} {{state}}',
      },
    ],
  },
  {
    title: 'Reconciles',
    description: 'By controller and result. Errors are tried again with back-off.',
    kind: 'stacked',
    unit: 'ops',
    series: [
      {
        expr: `sum by (controller, result) (rate(controller_runtime_reconcile_total[${WINDOW}]))`,
        legend: '{{controller}} {{result}}',
      },
    ],
  },
  {
    title: 'Duration of a reconcile',
    description: 'P99, by controller.',
    kind: 'lines',
    unit: 's',
    series: [
      {
        expr: `histogram_quantile(0.99, sum by (controller, le) (rate(controller_runtime_reconcile_time_seconds_bucket[${WINDOW}])))`,
        legend: '{{controller}}',
      },
    ],
  },
  {
    title: 'Objects that wait',
    description: 'In the queues. One that grows: the API server is slow, or a reconcile hangs.',
    kind: 'lines',
    unit: 'none',
    series: [{ expr: 'max by (name) (workqueue_depth)', legend: '{{name}}' }],
  },
  {
    title: 'The longest reconcile that runs',
    description: 'Seconds so far.',
    kind: 'lines',
    unit: 's',
    series: [{ expr: 'max by (name) (workqueue_longest_running_processor_seconds)', legend: '{{name}}' }],
  },
  {
    title: 'Lists and watches that failed',
    description: 'By kind: the API server or rights. The operator begins anew by itself.',
    kind: 'lines',
    unit: 'ops',
    series: [
      { expr: `sum by (kind) (rate(reflector_list_failures_total[${WINDOW}]))`, legend: 'list {{kind}}' },
      { expr: `sum by (kind) (rate(reflector_watch_failures_total[${WINDOW}]))`, legend: 'watch {{kind}}' },
    ],
  },
]

/** What the operator does. */
export const OPERATOR: Dashboard = {
  name: 'operator',
  title: 'operator',
  description: 'IdGenerators and BizTags, and how the operator keeps them as they are wanted.',
  variables: VARIABLES,
  // metrics.serviceMonitor.interval of the chart.
  scrapedEvery: '30s',
  rows: [
    { title: 'Objects', panels: OBJECTS },
    { title: 'Pods and work', panels: PODS },
  ],
}
