import { type Html, html } from './html.ts'
import { shareOf, type TimeWindow, ticksOf } from './time-axis.ts'

/** A value that held from one moment to another. */
export interface Stretch {
  readonly fromMs: number
  readonly untilMs: number
  /** undefined: there was none, and the line has a gap. */
  readonly value: number | undefined
}

export interface LineChart {
  /** What it shows, with its numbers and times: all that somebody gets who cannot see it. */
  readonly label: string
  readonly window: TimeWindow
  /** Oldest first, each beginning where the one before it ends. */
  readonly stretches: readonly Stretch[]
  /** Times of which nothing is known: shaded. */
  readonly unknown: readonly { readonly fromMs: number; readonly untilMs: number }[]
  readonly tone?: 'accent' | 'bad'
  /** The value at the upper edge, where no value is higher. Left out: the highest one. */
  readonly top?: number
}

/**
 * A line over its area, drawn here: no script, no style, only attributes. It begins where its first stretch begins and then goes from
 * end to end, so that one stretch alone is a line too.
 *
 *      ┌╌╌╌╌╌╌╌┐
 *      ╎unknown╎    ╱╲___      ___
 *      ╎       ╎___╱     ╲    ╱
 */
export function lineChart({ label, window, stretches, unknown, tone = 'accent', top = 0 }: LineChart): Html {
  const highest = Math.max(top, ...stretches.map(({ value }) => value ?? 0)) || 1
  const x = (atMs: number): number => round(shareOf(atMs, window) * WIDTH)
  const point = (atMs: number, value: number): string =>
    `${x(atMs)},${round(HEIGHT - 1 - (value / highest) * (HEIGHT - 3))}`
  const lines = runs(stretches).map((run) =>
    run.flatMap(({ fromMs, untilMs, value }, at) =>
      at === 0 ? [point(fromMs, value), point(untilMs, value)] : [point(untilMs, value)],
    ),
  )
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}" class="${TONES[tone]}">
${unknown.map(({ fromMs, untilMs }) => html`<rect x="${x(fromMs)}" y="0" width="${round(x(untilMs) - x(fromMs))}" height="${HEIGHT}" class="fill-raised"></rect>`)}
${ticksOf(window).map(({ atMs }) => html`<line x1="${x(atMs)}" x2="${x(atMs)}" y1="0" y2="${HEIGHT}" class="stroke-line" stroke-dasharray="2 3" vector-effect="non-scaling-stroke"></line>`)}
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

interface Valued {
  readonly fromMs: number
  readonly untilMs: number
  readonly value: number
}

/** The stretches without the gaps between them. */
function runs(stretches: readonly Stretch[]): Valued[][] {
  const found: Valued[][] = []
  let open: Valued[] | undefined
  for (const { fromMs, untilMs, value } of stretches) {
    if (value === undefined) open = undefined
    else {
      if (open === undefined) found.push((open = []))
      open.push({ fromMs, untilMs, value })
    }
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
