import { frame, type Panel, PLOT } from '../service/load/chart-frame.ts'
import { compact, line, type Point, ticksOf } from '../service/load/chart-line.ts'
import { linearScale, logScale, type Scale } from '../service/load/chart-scale.ts'
import type { Axis, Curve } from './bench-result.ts'

/** The curves of a bench as one SVG, readable on light and dark grounds, in the manner of `idgen bench --picture`. */
export function drawCurves(title: readonly string[], curves: readonly Curve[]): string {
  return frame(title, curves.map(panelOf))
}

function panelOf({ title, x, y, lines }: Curve): Panel {
  const points = lines.flatMap((one) => one.points)
  const across = scaleOf(
    x,
    points.map(([at]) => at),
    PLOT.width,
  )
  const up = scaleOf(
    y,
    points.map(([, at]) => at),
    PLOT.height,
  )
  return {
    title: `${title}, ${y.unit}`,
    xTitle: x.unit,
    xTicks: ticksOf(across, compact),
    yTicks: ticksOf(up, compact),
    marks: lines.map(({ points: own }, i) =>
      line(
        // What could not be measured is a gap, not a point.
        own
          .filter((point) => point.every(Number.isFinite))
          .map(([from, to]): Point => [across.place(from), up.place(to)]),
        kindOf(i),
      ),
    ),
    legend: lines.length === 1 ? [] : lines.map(({ label }, i) => ({ kind: kindOf(i), label })),
  }
}

function scaleOf({ scale }: Axis, values: readonly number[], length: number): Scale {
  const finite = values.filter(Number.isFinite)
  const most = Math.max(...finite, 0)
  if (scale === 'linear') return linearScale(0, most > 0 ? most : 1, length)
  const least = Math.min(...finite.filter((value) => value > 0), most > 0 ? most : 1)
  return logScale(least, most > least ? most : least * 10, length)
}

function kindOf(line: number): 'first' | 'second' | 'asked' {
  return (['first', 'second', 'asked'] as const)[line] ?? 'asked'
}
