/** What a dashboard shows, without what Grafana wants to know besides. */
export interface Dashboard {
  /** Of its file, and in addresses. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly variables: readonly Variable[]
  /** Where it is scraped more rarely than the data source says: windows of rates follow it. */
  readonly scrapedEvery?: string
  readonly rows: readonly Row[]
}

/** A filter above the panels. */
export interface Variable {
  readonly name: string
  readonly label: string
  /** A metric whose label has the choices, and that label. */
  readonly from: string
  readonly choices: string
  /** Which part of a choice counts: the first group. */
  readonly part?: string
  /** What "All" stands for in a matcher; undefined: one choice, or several by name. */
  readonly all?: string
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Panel {
  readonly title: string
  /** What it means, and what to do about it. */
  readonly description: string
  readonly kind: 'lines' | 'stacked' | 'number' | 'table'
  readonly unit: Unit
  readonly series: readonly Series[]
  /** Where a number turns from good (below) to bad (from there on); the other way round with `goodAbove`. */
  readonly bound?: number
  readonly goodAbove?: boolean
}

export interface Series {
  readonly expr: string
  /** {{label}} is filled in. */
  readonly legend: string
}

/** As Grafana calls them. */
export type Unit =
  | 'short'
  | 'reqps'
  | 'ops'
  | 's'
  | 'percentunit'
  | 'bytes'
  | 'Bps'
  | 'none'
  | 'dateTimeFromNow'

/** Window of rates: at least four scrapes, longer where a point stands for more than that. */
export const WINDOW = '$__rate_interval'

/** The processes that are chosen above. */
export const CHOSEN = 'job=~"$job",instance=~"$instance"'

export const rate = (metric: string, labels = ''): string =>
  `rate(${metric}{${CHOSEN}${labels === '' ? '' : `,${labels}`}}[${WINDOW}])`

export const now = (metric: string, labels = ''): string =>
  `${metric}{${CHOSEN}${labels === '' ? '' : `,${labels}`}}`

/** Filters of every dashboard about processes: which installation, which data centre, which process. */
export const PROCESSES: readonly Variable[] = [
  { name: 'job', label: 'installation', from: 'idgen_ready', choices: 'job', all: '.+' },
  {
    name: 'dc',
    label: 'data centre',
    from: 'idgen_dc_requests_total{job=~"$job"}',
    choices: 'server_dc',
    all: '.+',
  },
  {
    name: 'instance',
    label: 'process',
    // The one metric that says where a process stands.
    from: 'idgen_dc_requests_total{job=~"$job",server_dc=~"$dc"}',
    choices: 'instance',
  },
]
