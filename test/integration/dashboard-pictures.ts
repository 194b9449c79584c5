import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Curve } from '../../bench/bench-result.ts'
import { drawCurves } from '../../bench/draw-curves.ts'
import { type PanelQuery, panelQueries, readDashboards } from './dashboard-queries.ts'
import type { PrometheusServer } from './watch-servers.ts'

const FOLDER = join(import.meta.dirname, '../../docs/pictures')

/** Draws what the charts of these dashboards show of the last `seconds`, for docs/dashboards.md. `scene`: whom they watch. */
export async function savePictures(
  prometheus: PrometheusServer,
  dashboards: readonly string[],
  seconds: number,
  scene = 'One process under the load of a test',
): Promise<void> {
  const queries = panelQueries('10s').filter(({ type }) => type === 'timeseries')
  for (const dashboard of dashboards) {
    const curves: Curve[] = []
    for (const panel of new Set(
      queries.filter((one) => one.dashboard === dashboard).map(({ panel }) => panel),
    ))
      curves.push(
        await curveOf(
          prometheus,
          queries.filter((one) => one.dashboard === dashboard && one.panel === panel),
          seconds,
        ),
      )
    const title = readDashboards()[dashboard]?.title ?? dashboard
    const moving = curves.filter(({ lines }) => lines.some(({ points }) => points.some(([, y]) => y > 0)))
    const picture = drawCurves([title, `${scene}, as Prometheus answers; panels at 0 are left out`], moving)
    writeFileSync(join(FOLDER, `dashboard-${dashboard}.svg`), picture)
  }
}

async function curveOf(
  prometheus: PrometheusServer,
  queries: readonly PanelQuery[],
  seconds: number,
): Promise<Curve> {
  const lines: Line[] = []
  const toSeconds = Date.now() / 1000
  for (const { expr, legend } of queries)
    for (const { metric, values } of await prometheus.queryRange(expr, toSeconds - seconds, toSeconds))
      lines.push({
        label: legendOf(legend, metric),
        points: values.map(([at, value]) => [at - toSeconds, Number(value)] as const),
      })
  const [first] = queries
  return {
    title: first?.panel ?? '',
    x: { scale: 'linear', unit: 'seconds' },
    y: { scale: 'linear', unit: UNITS[first?.unit ?? ''] ?? 'count' },
    lines: highest(lines).map((one) => ({
      ...one,
      points: one.points.map(([x, y]) => [seconds + x, y] as const),
    })),
  }
}

type Line = Curve['lines'][number]

/** As many as the drawing tells apart. */
function highest(lines: readonly Line[]): Line[] {
  const most = ({ points }: Line): number => Math.max(...points.map(([, y]) => y).filter(Number.isFinite), 0)
  return lines.toSorted((a, b) => most(b) - most(a)).slice(0, LINES_MAX)
}

/** {{label}} filled in, cut to what fits below a chart: of several words each, since the first may be all that tells two lines apart. */
function legendOf(legend: string, metric: Readonly<Record<string, string>>): string {
  const text = legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '')
  if (text.length <= LABEL_MAX) return text
  const words = text.split(' ')
  const room = Math.floor((LABEL_MAX + 1) / words.length) - 1
  if (words.length === 1 || room < 2) return `…${text.slice(1 - LABEL_MAX)}`
  return words.map((word) => (word.length > room ? `${word.slice(0, room - 1)}…` : word)).join(' ')
}

const UNITS: Readonly<Record<string, string>> = {
  reqps: 'requests/s',
  ops: 'per second',
  s: 'seconds',
  percentunit: 'share',
  bytes: 'bytes',
}
const LINES_MAX = 3
const LABEL_MAX = 11
