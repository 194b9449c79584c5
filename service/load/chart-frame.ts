/** One chart of the picture. Places are within the plot; y counts from its bottom for ticks. */
export interface Panel {
  readonly title: string
  readonly xTicks: readonly Tick[]
  readonly yTicks: readonly Tick[]
  /** SVG elements, y from the top of the plot. */
  readonly marks: readonly string[]
  /** What the horizontal axis counts; then the legend stands in its line, because the title needs its own. */
  readonly xTitle?: string
  readonly legend: readonly { readonly kind: 'first' | 'second' | 'asked'; readonly label: string }[]
}

export interface Tick {
  readonly at: number
  readonly label: string
}

/** The size of every plot, without its axes. */
export const PLOT = { width: 440, height: 220 } as const

/** The first line of the title is large. Long ones are broken, so that every parameter can be read. */
export function frame(title: readonly string[], panels: readonly Panel[]): string {
  const lines = title.flatMap((line) => broken(line))
  const top = 28 + lines.length * LINE_HEIGHT
  const width = COLUMNS * CELL.width
  const height = top + Math.ceil(panels.length / COLUMNS) * CELL.height
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title.join('; '))}</title>`,
    `<style>${CHART_STYLE}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...lines.map((line, i) => text(MARGIN, 30 + i * LINE_HEIGHT, line, i === 0 ? 'head' : 'sub')),
    ...panels.map((panel, i) =>
      drawn(panel, (i % COLUMNS) * CELL.width, top + Math.floor(i / COLUMNS) * CELL.height),
    ),
    '</svg>',
    '',
  ].join('\n')
}

function drawn(panel: Panel, x: number, y: number): string {
  const { width, height } = PLOT
  const rows = panel.yTicks.flatMap(({ at, label }) => [
    `<line class="grid" x1="0" x2="${width}" y1="${fixed(height - at)}" y2="${fixed(height - at)}"/>`,
    text(-8, height - at + 4, label, 'tick end'),
  ])
  const columns = panel.xTicks.flatMap(({ at, label }) => [
    `<line class="grid" x1="${fixed(at)}" x2="${fixed(at)}" y1="0" y2="${height}"/>`,
    text(at, height + 18, label, 'tick middle'),
  ])
  const legend = panel.legend.flatMap(({ kind, label }, i) => {
    const below = panel.xTitle !== undefined
    const at = below ? i * LEGEND_WIDTH : width - (panel.legend.length - i) * LEGEND_WIDTH
    const y = below ? height + BELOW_TICKS : -10
    return [
      `<line class="line ${kind}" x1="${at}" x2="${at + 18}" y1="${y - 4}" y2="${y - 4}"/>`,
      text(at + 24, y, label, 'tick'),
    ]
  })
  const axis = panel.xTitle === undefined ? [] : [text(width, height + BELOW_TICKS, panel.xTitle, 'tick end')]
  return [
    `<g transform="translate(${x + AXIS_WIDTH} ${y + TITLE_HEIGHT})">`,
    text(0, -10, panel.title, 'panel'),
    ...rows,
    ...columns,
    ...panel.marks,
    ...legend,
    ...axis,
    '</g>',
  ].join('\n')
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text class="${kind}" x="${fixed(x)}" y="${fixed(y)}">${escaped(content)}</text>`
}

function broken(line: string): string[] {
  const out: string[] = ['']
  for (const word of line.split(' ')) {
    const last = out.at(-1) ?? ''
    if (last !== '' && last.length + word.length >= LINE_LENGTH) out.push(word)
    else out[out.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return out
}

/** Tag names and messages come from outside. */
export function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** A tenth of a pixel is as fine as anybody sees. */
export function fixed(value: number): string {
  return value.toFixed(1)
}

const COLUMNS = 2
const CELL = { width: 540, height: 310 } as const
const AXIS_WIDTH = 72
const TITLE_HEIGHT = 44
const MARGIN = 24
const LINE_HEIGHT = 22
const LINE_LENGTH = 140
const LEGEND_WIDTH = 100
/** From the plot's lower edge. */
const BELOW_TICKS = 38

/** Colours that keep a contrast of 4.5 to their ground, and differ for colour-blind eyes (blue, orange). */
export const CHART_STYLE = `
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
.head { font-size: 18px; font-weight: 600 } .sub { font-size: 13px } .panel { font-size: 13px; font-weight: 600 }
.tick { fill: #59636e } .end { text-anchor: end } .middle { text-anchor: middle }
.ground { fill: #ffffff } .grid { stroke: #d1d9e0; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round } .first { stroke: #0969da } .second { stroke: #bc4c00 }
.asked { stroke: #59636e; stroke-dasharray: 5 4 } .bar { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .tick { fill: #9198a1 } .ground { fill: #0d1117 } .grid { stroke: #3d444d }
.first { stroke: #4493f8 } .second { stroke: #f0883e } .asked { stroke: #9198a1 } .bar { fill: #4493f8 }
}
`.trim()
