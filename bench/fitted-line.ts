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
 * By how much of its mean a figure grew over the second half of a run, along the fitted line; the first half may fill
 * caches and compile. Negative: it fell. NaN, which meets no bar, of fewer than two points.
 */
export function growthOfSecondHalf(points: readonly (readonly [number, number])[]): number {
  const half = points.slice(Math.floor(points.length / 2))
  const [first, last] = [half[0], half.at(-1)]
  if (first === undefined || last === undefined || first === last) return Number.NaN
  const { slope, mean } = fittedLine(half)
  return (slope * (last[0] - first[0])) / mean
}
