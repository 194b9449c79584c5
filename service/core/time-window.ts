import { firstStampMs, type SnowflakeLayout } from './snowflake-layout.ts'

/** All in milliseconds. */
export interface WindowRules {
  /** How far beyond now a hold is extended; more than the snowflake's borrowMaxMs, or borrowing has no room. */
  readonly windowMs: number
  /** How far the wall clock may lie ahead of the store's. */
  readonly maxAheadMs: number
  /** The layout's first usable millisecond, Unix time. */
  readonly firstStampMs: number
}

export type WindowVerdict = { readonly untilMs: number } | { readonly refused: string }

/**
 * Up to where a hold is extended now. Where a hold already reaches further its own `untilMs` stands: the caller
 * never lowers it.
 *
 * A clock ahead of the store's is refused, because time it stamps is burnt for ever: a successor starts above
 * `until` and would have to wait until the world catches up. A clock behind is let through: it burns nothing,
 * and the hold starts at the previous `until` anyway.
 */
export function nextUntil(nowMs: number, storeNowMs: number, rules: WindowRules): WindowVerdict {
  const aheadMs = nowMs - storeNowMs
  // Written so that a clock that reads NaN is refused too.
  if (!(aheadMs <= rules.maxAheadMs))
    return {
      refused: `The clock of this server is ${aheadMs} ms ahead of the store's (at most ${rules.maxAheadMs} ms are allowed); set the clock.`,
    }
  if (nowMs < rules.firstStampMs)
    return {
      refused: `The snowflake layout stamps no time before Unix ms ${rules.firstStampMs} and it is ${nowMs}; use an epoch at least 2^32 ms (49.7 days) in the past.`,
    }
  return { untilMs: Math.floor(nowMs) + rules.windowMs }
}

/**
 * First millisecond a new hold stamps: the greatest of the hold's `untilMs` (what the one before may have
 * used), now, and the layout's first millisecond.
 */
export function startMs(heldUntilMs: number, nowMs: number, layout: SnowflakeLayout): number {
  return Math.max(heldUntilMs, Math.floor(nowMs), firstStampMs(layout))
}
