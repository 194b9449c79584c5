import type { Curve, Row, Table } from './bench-result.ts'

/** What one kind of growth showed. */
export interface GrowthFindings {
  readonly conditions: readonly string[]
  readonly rows: readonly Row[]
  readonly tables: readonly Table[]
  readonly curves: readonly Curve[]
}

/** One line through all sizes, on a logarithmic axis of sizes. */
export function growthCurve<Size>(
  title: string,
  axis: { readonly x: string; readonly y: string },
  found: readonly Size[],
  lines: Readonly<Record<string, (one: Size) => readonly [number, number]>>,
): Curve {
  return {
    title,
    x: { unit: axis.x, scale: 'log' },
    y: { unit: axis.y, scale: 'linear' },
    lines: Object.entries(lines).map(([label, point]) => ({ label, points: found.map(point) })),
  }
}
