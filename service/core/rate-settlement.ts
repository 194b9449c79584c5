/**
 * How instances hold one limit together. Each has a bucket of its own for a name (rate-limit.ts), and there is one for all of
 * them in a place that all reach; from time to time an instance adds there what it used, and fills its own up to it:
 *
 *     own      ├──────── level ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┤ full
 *     of all   ├──────────────────────────── level ┄┤
 *                               ╰── charge ─▶╯
 *
 * Levels are times until empty, in milliseconds, so clocks need not agree.
 */
export interface LevelReport {
  /** What was used took so long to drain through the limit; milliseconds. */
  readonly usedMs: number
  /** It was used within so many milliseconds before now. */
  readonly elapsedMs: number
}

/**
 * When the bucket of all will have run empty, once `usedMs` was added to one that would at `emptyMs`. It counts as used at the
 * earliest time possible: whoever is alone finds there at most what he has himself. `mostMs`: more is not remembered.
 */
export function emptyOfAll(emptyMs: number, nowMs: number, report: LevelReport, mostMs: number): number {
  const added = Math.max(emptyMs, nowMs - report.elapsedMs) + report.usedMs
  return Math.min(added, nowMs + mostMs)
}

/**
 * The most that is remembered of a name: every instance let a whole bucket through before it knew of the others. A clock of
 * Redis that jumps, or somebody who writes there, keeps nobody out for longer.
 */
export function mostLevelMs(fullMs: number, everyMs: number, instances: number): number {
  return fullMs + instances * (fullMs + everyMs)
}

export interface Levels {
  /** Of this instance, and of all of them, at the same time. */
  readonly ownMs: number
  readonly allMs: number
  /** What fits into the bucket. */
  readonly fullMs: number
  /** That settle, this one included. */
  readonly instances: number
}

/**
 * What to add to the own bucket. Up to full it is the level of all; what all used beyond that is a debt that the instances
 * wait off together, each its part: were each to wait for the whole, all would let nothing through, then all together too
 * much, and so on. What is not charged now is still there the next time.
 */
export function chargeMs({ ownMs, allMs, fullMs, instances }: Levels): number {
  const room = Math.max(0, Math.min(allMs, fullMs) - ownMs)
  const debt = Math.max(0, allMs - Math.max(ownMs, fullMs))
  return room + debt / instances
}
