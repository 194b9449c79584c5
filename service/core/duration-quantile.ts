import { DURATION_BOUNDS, type DurationCounts } from './duration-histogram.ts'

/**
 * Seconds within which `share` of what was counted between the two was done; undefined: nothing was. As histogram_quantile of
 * Prometheus: even within a class, and the last bound for what lies beyond it.
 */
export function durationQuantile(
  share: number,
  from: DurationCounts,
  to: DurationCounts,
): number | undefined {
  const count = to.count - from.count
  if (count <= 0) return undefined
  const wanted = share * count
  let [before, lower] = [0, 0]
  for (const [at, upper] of DURATION_BOUNDS.entries()) {
    const upTo = (to.atMost[at] ?? 0) - (from.atMost[at] ?? 0)
    if (upTo >= wanted)
      return upTo === before ? upper : lower + ((upper - lower) * (wanted - before)) / (upTo - before)
    before = upTo
    lower = upper
  }
  return lower
}
