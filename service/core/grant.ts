/**
 * A grant is the exclusive right to issue a set of IDs, written durably before the first of them is issued
 * (design.md section 2). Grants never overlap, an issuer never leaves its grant, and one cursor walks it once.
 */

/** Numbers lo ≤ n < hi of one tag in one data centre; hi ≤ 2^53. Empty is not allowed: lo < hi. */
export interface SegmentGrant {
  readonly lo: number
  readonly hi: number
}

/**
 * The milliseconds a worker id may stamp: fromMs ≤ ms < untilMs, Unix time.
 * The store was raised to `untilMs` before this grant was handed out, so a successor starts at `untilMs` or later.
 */
export interface TimeGrant {
  readonly dc: number
  readonly worker: number
  readonly fromMs: number
  readonly untilMs: number
}
