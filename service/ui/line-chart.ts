import { type Html, html } from './html.ts'

export interface LineChart {
  /** What it shows, with its numbers: all that somebody gets who cannot see it. */
  readonly label: string
  /** Oldest first; undefined: there is none, and the line has a gap. */
  readonly values: readonly (number | undefined)[]
  /** As many values as the width has room for: a short history stands at its right end. */
  readonly room: number
  /** Left out: as high as the highest value. */
  readonly top?: number
  readonly tone?: 'accent' | 'bad'
}

/** A small line over its area, drawn here: no script, no style, only attributes. */
export function lineChart({ label, values, room, top, tone = 'accent' }: LineChart): Html {
  const highest = Math.max(top ?? 0, ...values.map((value) => value ?? 0)) || 1
  const step = WIDTH / Math.max(1, room - 1)
  const from = WIDTH - (values.length - 1) * step
  const at = (value: number, index: number): string =>
    `${round(from + index * step)},${round(HEIGHT - 1 - (value / highest) * (HEIGHT - 3))}`
  const lines = runs(values).map(({ start, run }) => run.map((value, index) => at(value, start + index)))
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}" class="${TONES[tone]}">
<line x1="0" x2="${WIDTH}" y1="${HEIGHT - 0.5}" y2="${HEIGHT - 0.5}" class="stroke-line" vector-effect="non-scaling-stroke"></line>
${lines.map(
  (points) =>
    html`<polygon points="${areaOf(points)}" fill="currentColor" fill-opacity="0.12"></polygon><polyline points="${points.join(' ')}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" vector-effect="non-scaling-stroke"></polyline>`,
)}</svg>`
}

const WIDTH = 300
const HEIGHT = 64
const TONES = {
  accent: 'block h-16 w-full text-accent',
  bad: 'block h-16 w-full text-bad',
} as const

/** The values without the gaps, each run with where it begins. */
function runs(values: readonly (number | undefined)[]): { start: number; run: number[] }[] {
  const found: { start: number; run: number[] }[] = []
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue
    const last = found.at(-1)
    if (last !== undefined && last.start + last.run.length === at) last.run.push(value)
    else found.push({ start: at, run: [value] })
  }
  return found
}

function areaOf(points: readonly string[]): string {
  const [first = '0,0', last = first] = [points[0], points.at(-1)]
  return `${first.split(',')[0]},${HEIGHT} ${points.join(' ')} ${last.split(',')[0]},${HEIGHT}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
