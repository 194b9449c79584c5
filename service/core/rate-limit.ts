/** So many a second in the long run; so many at once after a rest. */
export interface RateLimit {
  readonly perSecond: number
  /** At least 1, or nothing would ever pass. */
  readonly burst: number
}

/** More could never be told apart from no limit at all, and is refused by the configuration. */
export const RATE_MAX = 1_000_000_000

/**
 * A bucket that leaks, in one number: when it will have run empty, `emptyMs`. Each request that passes puts that off by
 * 1 / perSecond; what would put it further off than burst / perSecond from now is refused and changes nothing.
 *
 *     now ├──────── emptyMs ┄┄┄┄┄┄┄┄┄┄┄┄┤ now + burst / perSecond
 *             used              left
 *
 * In any time t at most burst + perSecond · t pass, and who never sends more than `burst` within burst / perSecond is never
 * refused. This is GCRA of ITU-T I.371 (annex A), whose theoretical arrival time is `emptyMs`. One number, so that threads
 * share it by one compare-and-exchange (rate-table.ts). When a limit changes, the time until empty stays.
 */
export function fitting(limit: RateLimit, emptyMs: number, wanted: number, nowMs: number): number {
  const left = limit.burst - ((Math.max(emptyMs, nowMs) - nowMs) * limit.perSecond) / 1000
  return Math.max(0, Math.min(wanted, Math.floor(left + ROUNDING)))
}

/** When the bucket will have run empty once `taken` more have passed. */
export function emptyAfter(limit: RateLimit, emptyMs: number, taken: number, nowMs: number): number {
  return Math.max(emptyMs, nowMs) + (taken * 1000) / limit.perSecond
}

/** Until `wanted` would fit, or as many as ever can; milliseconds. */
export function waitMs(limit: RateLimit, emptyMs: number, wanted: number, nowMs: number): number {
  const over = Math.min(wanted, Math.floor(limit.burst)) - limit.burst
  return Math.max(0, Math.max(emptyMs, nowMs) - nowMs + (over * 1000) / limit.perSecond)
}

/**
 * Of a request. Sums of fractions end just below a whole number, and whoever waited as told would be refused again: after
 * days of a monotonic clock a double tells 10^-7 ms apart, which is 0.0001 requests at a million a second.
 */
const ROUNDING = 1e-3
