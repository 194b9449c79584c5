import { type Dashboard, now, type Panel, PROCESSES, rate } from './dashboard.ts'

const TRAFFIC: readonly Panel[] = [
  {
    title: 'Calls, by data centre of the caller and of the server',
    description:
      'A caller names its data centre by the header Idgen-Client-Dc; the client library does. The others count as unknown.',
    kind: 'stacked',
    unit: 'reqps',
    series: [
      {
        expr: `sum by (client_dc, server_dc) (${rate('idgen_dc_requests_total')})`,
        legend: '{{client_dc}} → {{server_dc}}',
      },
    ],
  },
  {
    title: 'Calls, by server',
    description: 'How the data centres share the load.',
    kind: 'stacked',
    unit: 'reqps',
    series: [
      {
        expr: `sum by (server_dc) (${rate('idgen_dc_requests_total')})`,
        legend: 'data centre {{server_dc}}',
      },
    ],
  },
  {
    title: 'Number space used',
    description: 'Of the fullest tag, in this data centre. Above 80 % plan a new tag (IdgenRangeNearlyUsed).',
    kind: 'lines',
    unit: 'percentunit',
    bound: 0.8,
    series: [{ expr: `max by (instance) (${now('idgen_range_used_ratio_max')})`, legend: '{{instance}}' }],
  },
]

const GUARDS: readonly Panel[] = [
  {
    title: 'Claims of the data centre',
    description:
      '1: no other installation has this number of a data centre. At 0 there are no worker ids (IdgenDataCentreClaimLost).',
    kind: 'lines',
    unit: 'none',
    series: [{ expr: now('idgen_dc_claim_ok'), legend: '{{instance}}' }],
  },
  {
    title: 'Range conflicts',
    description: 'Tags whose name or numbers another database claims: always 0 (IdgenRangeConflict).',
    kind: 'lines',
    unit: 'none',
    bound: 1,
    series: [{ expr: now('idgen_range_conflicts'), legend: '{{instance}}' }],
  },
  {
    title: 'Listed processes',
    description: 'Those that clients and other processes find.',
    kind: 'lines',
    unit: 'none',
    series: [{ expr: `sum(${now('idgen_node_listed')})`, legend: 'listed' }],
  },
]

const TIME: readonly Panel[] = [
  {
    title: 'Worker ids',
    description: 'Held by each process; -1: none, so it stamps no snowflakes. 256 in a data centre.',
    kind: 'table',
    unit: 'none',
    series: [{ expr: now('idgen_worker_id'), legend: 'worker id' }],
  },
  {
    title: 'Time granted ahead',
    description:
      'So long can a process stamp without its store. Below 120 s, with renewals that fail, IdgenTimeGrantEnds fires.',
    kind: 'lines',
    unit: 's',
    series: [{ expr: now('idgen_time_grant_left_seconds'), legend: '{{instance}}, {{slot}}' }],
  },
  {
    title: 'Renewals tried in vain',
    description: 'For how long, of worker id and time. Above 5.5 s no store answers, or the clock is off.',
    kind: 'lines',
    unit: 's',
    bound: 5.5,
    series: [{ expr: now('idgen_time_renewal_late_seconds'), legend: '{{instance}}, {{slot}}' }],
  },
  {
    title: 'Age of the lease',
    description: 'Above snowflake.renewEvery (10 s) a renewal failed.',
    kind: 'lines',
    unit: 's',
    bound: 15,
    series: [{ expr: now('idgen_worker_lease_age_seconds'), legend: '{{instance}}, {{slot}}' }],
  },
  {
    title: 'Clock beside the store',
    description: 'Above 2 s IdgenClockOff fires; check time synchronisation of the machine.',
    kind: 'lines',
    unit: 's',
    bound: 2,
    series: [{ expr: `abs(${now('idgen_clock_offset_seconds')})`, legend: '{{instance}}' }],
  },
  {
    title: 'Clock steps',
    description: 'The clock stepped back: waited for, bridged by time granted before, or refused.',
    kind: 'lines',
    unit: 'ops',
    series: [{ expr: `sum by (level) (${rate('idgen_snowflake_rollbacks_total')})`, legend: '{{level}}' }],
  },
  {
    title: 'Worker ids come and go',
    description:
      'Lost: the process was paused past its lease, or a store was edited by hand (IdgenWorkerIdLost).',
    kind: 'lines',
    unit: 'ops',
    series: [{ expr: `sum by (event) (${rate('idgen_worker_events_total')})`, legend: '{{event}}' }],
  },
]

/** What data centres share, and what keeps them apart. */
export const DATA_CENTRES: Dashboard = {
  name: 'data-centres',
  title: 'data centres',
  description: 'Traffic between data centres, and what keeps their numbers and stamps apart.',
  variables: PROCESSES,
  rows: [
    { title: 'Traffic', panels: TRAFFIC },
    { title: 'What keeps them apart', panels: GUARDS },
    { title: 'Time and worker ids', panels: TIME },
  ],
}
