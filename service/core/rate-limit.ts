/** So many a second in the long run; so many at once after a rest. */
export interface RateLimit {
  readonly perSecond: number
  /** At least 1, or nothing would ever pass. */
  readonly burst: number
}

/** More could never be told apart from no limit at all, and is refused by the configuration. */
export const RATE_MAX = 1_000_000_000

/**
 * A bucket that leaks, in two numbers: how full it was, and when. What does not fit is refused and not poured in.
 *
 *     burst ┤- - - - ╱╲- ╱- -    refused above
 *           │      ╱   ╲╱ ╲      leaks `perSecond`
 *         0 ┼────╱──────────╲──▶ time
 *
 * In any time t at most burst + perSecond · t pass, and who never sends more than `burst` within burst / perSecond is never
 * refused. This is the continuous-state leaky bucket of ITU-T I.371 (annex A), which decides as GCRA does; its level is
 * kept in requests and not in time, so that a limit that changes applies to what was poured in before.
 */
export function levelAt(limit: RateLimit, level: number, elapsedMs: number): number {
  // A clock that stands still, or was given too late, lets nothing leak.
  return elapsedMs <= 0 ? level : Math.max(0, level - (elapsedMs * limit.perSecond) / 1000)
}

/** How many of `wanted` fit: whole ones. */
export function fitting(limit: RateLimit, level: number, wanted: number): number {
  return Math.max(0, Math.min(wanted, Math.floor(limit.burst - level + ROUNDING)))
}

/** Until `wanted` would fit, or as many as ever can; milliseconds. */
export function waitMs(limit: RateLimit, level: number, wanted: number): number {
  const over = level + Math.min(wanted, Math.floor(limit.burst)) - limit.burst
  return Math.max(0, (over * 1000) / limit.perSecond)
}

/** Sums of fractions end just below a whole number, and whoever waited as told would be refused again. */
const ROUNDING = 1e-6
