import type { Language } from './language.ts'
import type { Theme } from './preferences.ts'

/** A panel of one of the dashboards in dashboards/. */
export interface GrafanaPanel {
  readonly dashboard: 'idgen-overview' | 'idgen-tags'
  /** Made of its title (scripts/dashboards/panel-id.ts), so it stays where panels are added or moved. */
  readonly panel: number
  /** As it is called there: grafana-panels.test.ts holds the two against each other. */
  readonly title: string
  /** Of the frame in a Chinese page; what is in it, Grafana says. */
  readonly titleZh: string
}

/** Of the whole installation. */
export const INSTALLATION_PANELS: readonly GrafanaPanel[] = [
  {
    dashboard: 'idgen-overview',
    panel: 3_026_471,
    title: 'IDs a second, by process',
    titleZh: '每秒发号数（按进程）',
  },
  { dashboard: 'idgen-overview', panel: 10_772_218, title: 'Latency', titleZh: '响应时间' },
  { dashboard: 'idgen-overview', panel: 8_040_817, title: 'Failures, by code', titleZh: '失败（按错误码）' },
  { dashboard: 'idgen-overview', panel: 12_888_274, title: 'Share of algorithms', titleZh: '各算法占比' },
]

/** Of the tags of a business unit. */
export const UNIT_PANELS: readonly GrafanaPanel[] = [
  { dashboard: 'idgen-tags', panel: 3_838_503, title: 'IDs a second', titleZh: '每秒发号数' },
  { dashboard: 'idgen-tags', panel: 10_357_061, title: 'Requests a second', titleZh: '每秒请求数' },
  { dashboard: 'idgen-tags', panel: 11_784_718, title: 'Segment usage', titleZh: '号段使用率' },
  { dashboard: 'idgen-tags', panel: 15_522_732, title: 'Numbers in memory', titleZh: '内存中的号码' },
]

/** Quick choices of the time range. */
export const RANGES = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
type Range = (typeof RANGES)[number]
/** Where none was chosen. */
export const DEFAULT_RANGE = '1h' satisfies Range

export interface Shown {
  readonly range: Range
  /** `w`, `w/g` or `w/g/t`; '' is everything. */
  readonly within: string
  readonly theme: Theme
  readonly language: Language
}

/** The address of one panel alone, to be framed. `base`: server.ui.grafanaUrl. */
export function panelUrl(base: string, { dashboard, panel }: GrafanaPanel, shown: Shown): string {
  const query = queryOf(shown)
  query.set('panelId', String(panel))
  query.set('refresh', '30s')
  return `${trimmed(base)}/d-solo/${dashboard}/idgen?${query}`
}

/** The same of a whole dashboard, to be opened. */
export function dashboardUrl(base: string, dashboard: GrafanaPanel['dashboard'], shown: Shown): string {
  return `${trimmed(base)}/d/${dashboard}/idgen?${queryOf(shown)}`
}

function queryOf({ range, within, theme }: Shown): URLSearchParams {
  const query = new URLSearchParams({ orgId: '1', from: `now-${range}`, to: 'now' })
  // What the system wants cannot be told here; Grafana then takes its own setting.
  if (theme !== 'auto') query.set('theme', theme)
  const names = within === '' ? [] : within.split('/')
  for (const [at, variable] of ['workspace', 'group', 'tag'].entries()) {
    const name = names[at]
    if (name !== undefined) query.set(`var-${variable}`, name)
  }
  return query
}

function trimmed(base: string): string {
  return base.replace(/\/+$/, '')
}
