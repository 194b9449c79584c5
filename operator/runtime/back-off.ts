import type { Random } from './clock.ts'

export interface BackOffOptions {
  readonly firstMs: number
  readonly maxMs: number
}

/** Doubling waits with full jitter: many clients that failed together must not come back together. */
export class BackOff {
  readonly #options: BackOffOptions
  readonly #random: Random
  #failures = 0

  constructor(options: BackOffOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** What to wait after one more failure; `leastMs` is what the server asked for (Retry-After), jitter comes on top. */
  next(leastMs = 0): number {
    const ceilingMs = doubled(this.#options, this.#failures)
    this.#failures += 1
    return Math.min(leastMs, RETRY_AFTER_MAX_MS) + this.#random() * ceilingMs
  }

  reset(): void {
    this.#failures = 0
  }
}

/** firstMs · 2^failures, at most maxMs. */
export function doubled({ firstMs, maxMs }: BackOffOptions, failures: number): number {
  // 2^52 is beyond every cap, and no overflow to Infinity · 0.
  return Math.min(maxMs, firstMs * 2 ** Math.min(failures, 52))
}

/** A longer Retry-After is taken for a mistake: nobody would notice for as long that the cache is stale. */
const RETRY_AFTER_MAX_MS = 300_000
