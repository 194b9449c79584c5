import type { ErrorCode } from './errors.ts'
import type { IdBatch } from './id-batch.ts'

/** In the order of the default degradation chain. */
export const ALGORITHMS = ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'] as const
export type AlgorithmName = (typeof ALGORITHMS)[number]

export const NUMERIC_ALGORITHMS: readonly AlgorithmName[] = ['segment', 'snowflake']

/** Why a take came back short, and what makes it go on. */
export type Shortage =
  /** Call again after `ms` (1 or more): the clock must move first. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** A new grant is needed; call again once it was installed. */
  | { readonly kind: 'refill' }
  /** This many at once will not come, and fewer may: the algorithm is well, the request is at fault. */
  | { readonly kind: 'too-many'; readonly message: string }
  /** This algorithm cannot go on now; the router takes the next one of the chain. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }

export interface AlgorithmStats {
  /** IDs handed out since the start. */
  readonly issued: number
  /** IDs granted by a store since the start; 0 where no grant is needed (UUID). */
  readonly granted: number
}

/**
 * What every algorithm offers. All of it is synchronous and pure: time comes in as an argument,
 * grants are installed from outside, and nothing is allocated when the IDs are in memory.
 */
export interface Algorithm {
  readonly name: AlgorithmName
  /**
   * Issues up to `count` (1 or more) IDs into `out` and returns how many (0..count).
   * Fewer than `count` means: ask `shortage` why. IDs in `out` are spent, whatever the caller does next.
   * `nowMs` is Unix time in milliseconds as the wall clock tells it; it may step back.
   */
  take(count: number, nowMs: number, out: IdBatch): number
  /** Why a take at `nowMs` cannot issue more. Asked only after a short take. */
  shortage(nowMs: number): Shortage
  /** undefined while healthy, else the reason. The router's recovery asks this. */
  fault(nowMs: number): string | undefined
  stats(): AlgorithmStats
}
