import { CHART_STYLE, escaped, fixed } from '../service/load/chart-frame.ts'
import { type BenchResult, figure, judgedFigure, type Row } from './bench-result.ts'

/**
 * Every bar of the issue in one SVG: how much of what it allows is used. The line is the bar itself; what ends left of it is
 * met, and half as long is twice as good.
 *
 *     http: idgen, no body      ████████████████▌   │        89 %
 */
export function drawBars(results: readonly BenchResult[]): string {
  const lines = results.flatMap(({ bench, rows }) =>
    rows.flatMap((row) => (row.bar === undefined ? [] : [{ label: `${bench}: ${row.what}`, row }])),
  )
  const height = TOP + lines.length * LINE_HEIGHT + MARGIN
  const limit = LABEL_WIDTH + ALLOWED_WIDTH
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    '<title>How much of each bar is used</title>',
    `<style>${CHART_STYLE} ${OWN_STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    text(MARGIN, 30, 'How much of each bar is used', 'head'),
    text(MARGIN, 52, 'The line is the bar. Blue: met; orange: not met, cut off at twice the bar.', 'sub'),
    ...lines.flatMap(({ label, row }, i) => drawn(label, row, TOP + i * LINE_HEIGHT)),
    `<line class="limit" x1="${limit}" x2="${limit}" y1="${TOP - 6}" y2="${height - MARGIN}"/>`,
    '</svg>',
    '',
  ].join('\n')
}

function drawn(label: string, row: Row, y: number): string[] {
  const share = usedShare(row)
  const width = Math.max(1, Math.min(MOST_SHARE, share) * ALLOWED_WIDTH)
  const kind = row.met === true ? 'bar' : 'missed'
  return [
    text(LABEL_WIDTH - 10, y + 13, label, 'tick end'),
    `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${fixed(width)}" height="${LINE_HEIGHT - 6}"/>`,
    text(LABEL_WIDTH + MOST_SHARE * ALLOWED_WIDTH + 12, y + 13, shareText(row, share), 'tick'),
  ]
}

/** Of a least the inverse: twice as much as asked for uses half. A bar of zero is kept or wholly missed. */
function usedShare(row: Row): number {
  const { bar } = row
  const found = judgedFigure(row)
  if (bar === undefined || !Number.isFinite(found)) return MOST_SHARE
  if ('atLeast' in bar) return bar.atLeast / found
  return bar.atMost === 0 ? (found <= 0 ? 0 : MOST_SHARE) : found / bar.atMost
}

/** Of nothing there is no share. */
function shareText(row: Row, share: number): string {
  const { bar } = row
  if (bar !== undefined && 'atMost' in bar && bar.atMost === 0) return `${figure(row.value)} ${row.unit}`
  return Number.isFinite(judgedFigure(row)) ? `${Math.round(share * 100)} %` : 'not measured'
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text class="${kind}" x="${fixed(x)}" y="${fixed(y)}">${escaped(content)}</text>`
}

const MOST_SHARE = 2
const LABEL_WIDTH = 540
const ALLOWED_WIDTH = 220
const WIDTH = 1090
const TOP = 76
const MARGIN = 24
const LINE_HEIGHT = 22
const OWN_STYLE = `.missed { fill: #bc4c00 } .limit { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { .missed { fill: #f0883e } .limit { stroke: #f0f6fc } }`
