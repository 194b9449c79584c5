import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../dashboards')

/** One expression of a panel, as Grafana would send it. */
export interface PanelQuery {
  /** "overview: Latency (A)". */
  readonly name: string
  readonly dashboard: string
  readonly panel: string
  readonly type: string
  readonly unit: string
  readonly expr: string
  readonly legend: string
}

interface GrafanaDashboard {
  readonly title: string
  readonly refresh: string
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly panels: readonly {
    readonly title: string
    readonly type: string
    readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
    readonly targets?: readonly {
      readonly refId: string
      readonly expr: string
      readonly legendFormat: string
    }[]
  }[]
}

/** The files of dashboards/, by name. */
export function readDashboards(): Readonly<Record<string, GrafanaDashboard>> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'))
  return Object.fromEntries(
    files.map((file) => [
      file.slice(0, -'.json'.length),
      JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as GrafanaDashboard,
    ]),
  )
}

/** What every panel asks, with all filters at "All". */
export function panelQueries(window: string): PanelQuery[] {
  return Object.entries(readDashboards()).flatMap(([dashboard, { panels }]) =>
    panels.flatMap(({ title, type, targets = [], fieldConfig }) =>
      targets.map(({ refId, expr, legendFormat }) => ({
        name: `${dashboard}: ${title} (${refId})`,
        dashboard,
        panel: title,
        type,
        unit: fieldConfig?.defaults.unit ?? '',
        expr: filledIn(expr, window),
        legend: legendFormat,
      })),
    ),
  )
}

/** What gives a filter its choices, as an expression with one series for each. */
export function choiceQueries(): { readonly name: string; readonly expr: string }[] {
  return Object.entries(readDashboards()).flatMap(([dashboard, { templating }]) =>
    templating.list.flatMap(({ name, definition = '' }) => {
      const [, from, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
      if (from === undefined) return []
      return [{ name: `${dashboard}: $${name}`, expr: `count by (${label}) (${filledIn(from, '')})` }]
    }),
  )
}

function filledIn(expr: string, window: string): string {
  const filled = expr
    .replaceAll('$__rate_interval', window)
    .replaceAll('$__range', '1m')
    .replaceAll(/\$(?:workspace|group|tag)\b/g, '[^/]+')
    .replaceAll(/\$(?:job|instance|dc|namespace|generator)\b/g, '.+')
  if (filled.includes('$')) throw new Error(`a filter that nobody fills in: ${expr}`)
  return filled
}
