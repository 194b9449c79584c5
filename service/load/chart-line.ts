import { fixed, type Panel, PLOT } from './chart-frame.ts'
import type { Scale } from './chart-scale.ts'

/** In the plot, from its lower left corner. */
export type Point = readonly [number, number]

/** From the bottom: y grows downwards in SVG. A single point is drawn as a short dash. */
export function line(points: readonly Point[], kind: string): string {
  const all =
    points.length === 1
      ? points.flatMap(([x, y]): Point[] => [
          [x - 6, y],
          [x + 6, y],
        ])
      : points
  const path = all.map(([x, y]) => `${fixed(x)},${fixed(PLOT.height - y)}`).join(' ')
  return `<polyline class="line ${kind}" points="${path}"/>`
}

export function ticksOf(scale: Scale, label: (value: number) => string): Panel['xTicks'] {
  return scale.ticks.map((value) => ({ at: scale.place(value), label: label(value) }))
}

export function compact(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))} k` : String(value)
}
