import type { LevelReport } from '../core/rate-settlement.ts'

/** What one instance used of a name since its last report. */
export interface NamedReport extends LevelReport {
  /** The same in every instance; letters, digits, `_` and `-`. */
  readonly name: string
}

/** Who reports, and by which limit. */
export interface Settling {
  /** The same for all instances that hold limits together, and for no others. */
  readonly group: string
  readonly instance: string
  /** How often instances report: who has not for ten times as long is not counted. */
  readonly everyMs: number
  /** What fits into the bucket of a name (core/rate-settlement.ts). */
  readonly fullMs: number
}

export interface SettledLevels {
  /** How many of the group have reported lately, this one included: 1 or more. */
  readonly instances: number
  /** How full the bucket of all is, for each report in its order; milliseconds, 0 or more. */
  readonly levelsMs: readonly number[]
}

/**
 * The buckets that instances hold together. It may forget, which lets through what one instance alone would have. A report
 * counts once or not at all: a call that failed is never sent again, for it may have counted. Every failure is
 * IDGEN_CACHE_UNAVAILABLE.
 */
export interface RateLevels {
  /** Adds what was used to the bucket of each name (emptyOfAll of core/rate-settlement.ts): of NAMES_PER_CALL at most, none twice. */
  settle(settling: Settling, reports: readonly NamedReport[]): Promise<SettledLevels>
}

/** In times of `everyMs`. */
export const COUNTED_FOR = 10

/** A tenth of a millisecond of a Redis, which answers nobody else meanwhile. */
export const NAMES_PER_CALL = 100
