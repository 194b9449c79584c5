/** The straight line through points by least squares. */
export interface FittedLine {
  readonly slope: number
  readonly mean: number
}

export function fittedLine(points: readonly (readonly [number, number])[]): FittedLine {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / n
  const along = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - mean), 0)
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return { slope: along / spread, mean }
}

/**
 * By how much of its mean a figure grew over the last `share` of a run (0 to 1), along the fitted line; what comes before may
 * fill caches and compile. Negative: it fell. NaN, which meets no bar, of fewer than two points.
 */
export function growthOverLast(share: number, points: readonly (readonly [number, number])[]): number {
  const part = points.slice(Math.floor(points.length * (1 - share)))
  const [first, last] = [part[0], part.at(-1)]
  if (first === undefined || last === undefined || first === last) return Number.NaN
  const { slope, mean } = fittedLine(part)
  return (slope * (last[0] - first[0])) / mean
}
