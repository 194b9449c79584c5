import type { Dashboard, Panel, Unit, Variable } from './dashboard.ts'
import { panelId } from './panel-id.ts'

/** A dashboard as Grafana reads it (schema 39: Grafana 10 and later). */
export function grafanaDashboard({
  name,
  title,
  description,
  variables,
  rows,
  scrapedEvery,
}: Dashboard): object {
  return {
    uid: `idgen-${name}`,
    title: `idgen: ${title}`,
    description,
    tags: ['idgen'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    // less than 10 s; processes are scraped every 5 s.
    refresh: '5s',
    time: { from: 'now-15m', to: 'now' },
    timepicker: { refresh_intervals: ['5s', '10s', '30s', '1m', '5m'] },
    links: [
      {
        type: 'dashboards',
        tags: ['idgen'],
        title: 'idgen',
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    templating: { list: [DATA_SOURCE, ...variables.map(variable)] },
    panels: laidOut(rows, scrapedEvery === undefined ? {} : { interval: scrapedEvery }),
  }
}

const DATA_SOURCE = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
  current: {},
}
const SOURCE = { type: 'prometheus', uid: '${datasource}' }

function variable({ name, label, from, choices, part, all }: Variable): object {
  return {
    name,
    label,
    type: 'query',
    datasource: SOURCE,
    query: { query: `label_values(${from}, ${choices})`, refId: name },
    definition: `label_values(${from}, ${choices})`,
    ...(part === undefined ? {} : { regex: `/${part}/` }),
    refresh: 2,
    sort: 3,
    multi: true,
    includeAll: true,
    ...(all === undefined ? {} : { allValue: all }),
    current: { selected: true, text: ['All'], value: ['$__all'] },
  }
}

/** From the left to the right, then the next line; numbers are small, charts take a third, tables the whole line. */
function laidOut(rows: Dashboard['rows'], ofEach: object): object[] {
  const panels: object[] = []
  const idOf = distinctIds()
  let y = 0
  for (const { title, panels: own } of rows) {
    panels.push({
      id: idOf(title),
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    })
    y += 1
    let x = 0
    let line = 0
    for (const panel of own) {
      const { w, h } = SIZES[panel.kind]
      if (x + w > WIDTH) {
        x = 0
        y += line
        line = 0
      }
      panels.push({ id: idOf(panel.title), ...grafanaPanel(panel), ...ofEach, gridPos: { x, y, w, h } })
      x += w
      line = Math.max(line, h)
    }
    y += line
  }
  return panels
}

/** @throws Error for a second title with the number of an earlier one: Grafana would show one of the two */
function distinctIds(): (title: string) => number {
  const titles = new Map<number, string>()
  return (title) => {
    const id = panelId(title)
    const earlier = titles.get(id)
    if (earlier !== undefined)
      throw new Error(`the panels "${earlier}" and "${title}" have the same number: rename one of them`)
    titles.set(id, title)
    return id
  }
}

const WIDTH = 24
const SIZES = {
  number: { w: 4, h: 4 },
  lines: { w: 8, h: 8 },
  stacked: { w: 8, h: 8 },
  table: { w: 24, h: 10 },
} as const

function grafanaPanel(panel: Panel): object {
  const { title, description, kind, series } = panel
  return {
    type: kind === 'number' ? 'stat' : kind === 'table' ? 'table' : 'timeseries',
    title,
    description,
    datasource: SOURCE,
    targets: series.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(kind === 'lines' || kind === 'stacked'
        ? { range: true }
        : { instant: true, range: false, format: kind === 'table' ? 'table' : 'time_series' }),
    })),
    fieldConfig: { defaults: fieldOf(panel), overrides: [] },
    ...optionsOf(panel),
  }
}

function fieldOf({ kind, unit, bound, goodAbove = false }: Panel): object {
  const [first, then] = goodAbove ? ['red', 'green'] : ['green', 'red']
  return {
    unit: unit satisfies Unit,
    ...(kind === 'lines' || kind === 'stacked' ? { min: 0 } : {}),
    custom:
      kind === 'lines' || kind === 'stacked'
        ? {
            lineWidth: 1,
            fillOpacity: kind === 'stacked' ? 40 : 5,
            showPoints: 'never',
            ...(kind === 'stacked' ? { stacking: { mode: 'normal', group: 'A' } } : {}),
            ...(bound === undefined ? {} : { thresholdsStyle: { mode: 'dashed' } }),
          }
        : {},
    thresholds: {
      mode: 'absolute',
      steps: [{ color: first, value: null }, ...(bound === undefined ? [] : [{ color: then, value: bound }])],
    },
  }
}

function optionsOf({ kind, series }: Panel): object {
  if (kind === 'number')
    return {
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: 'value',
        graphMode: 'none',
      },
    }
  if (kind === 'table')
    return {
      options: { showHeader: true, cellHeight: 'sm' },
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true },
            renameByName: Object.fromEntries(
              series.map(({ legend }, i) => [
                series.length > 1 ? `Value #${String.fromCharCode(65 + i)}` : 'Value',
                legend,
              ]),
            ),
          },
        },
      ],
    }
  return {
    options: {
      legend: { displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  }
}
