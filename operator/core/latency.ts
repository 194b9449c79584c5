/** Requests that took at most so many seconds, by the bound; +Inf has all of them. */
export type Durations = ReadonlyMap<number, number>

export interface Quantile {
  readonly seconds: number
  /** It lies above the last bound, so `seconds` is only the least that it can be. */
  readonly atLeast: boolean
}

/** As histogram_quantile of Prometheus: evenly spread within a bucket. undefined without any request. */
export function quantile(durations: Durations, share: number): Quantile | undefined {
  const bounds = [...durations.keys()].toSorted((a, b) => a - b)
  const total = countOf(durations)
  if (total === 0) return undefined
  const rank = share * total
  let below = 0
  let lower = 0
  for (const bound of bounds) {
    // Buckets are read one after the other while requests go on: a later one may lag.
    const upTo = Math.max(below, durations.get(bound) ?? 0)
    if (upTo >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return { seconds: lower, atLeast: true }
      const within = upTo === below ? 1 : (rank - below) / (upTo - below)
      return { seconds: lower + (bound - lower) * within, atLeast: false }
    }
    below = upTo
    lower = bound
  }
  return { seconds: lower, atLeast: true }
}

/** All requests that were measured. */
export function countOf(durations: Durations): number {
  return Math.max(0, ...durations.values())
}

/** Between which values a quantile may lie, and `value` be only by chance where it is. */
export interface QuantileRange {
  readonly low: number
  readonly high: number
}

/**
 * Of few requests a quantile is a lottery: among 100, two slow ones make the 99th percentile. The range reaches three
 * standard deviations of the number of slower requests to both sides: a rollout of two days is judged six thousand
 * times, and three failures in a row end it.
 */
export function quantileRange(durations: Durations, share: number): QuantileRange | undefined {
  const total = countOf(durations)
  const margin = 3 * Math.sqrt((share * (1 - share)) / total)
  const low = quantile(durations, Math.max(0, share - margin))
  const high = quantile(durations, Math.min(1, share + margin))
  if (low === undefined || high === undefined) return undefined
  return { low: low.seconds, high: high.atLeast ? Number.POSITIVE_INFINITY : high.seconds }
}
