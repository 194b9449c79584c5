import type { Clock } from './clock.ts'

export interface TokenBucketOptions {
  readonly perSecond: number
  /** How many may go at once after a quiet time. */
  readonly burst: number
}

/** Lets `perSecond` go in the long run. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #options: TokenBucketOptions
  /** Below 0: handed out ahead of time. */
  #tokens: number
  #countedAtMs: number

  constructor(clock: Clock, options: TokenBucketOptions) {
    this.#clock = clock
    this.#options = options
    this.#tokens = options.burst
    this.#countedAtMs = clock.monotonicMs()
  }

  /** Takes a token in any case, and says after how many milliseconds it may be used. */
  reserve(): number {
    this.#refill()
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#options.perSecond) * 1000
  }

  /** Takes a token if there is one now. */
  tryTake(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs()
    const grown = this.#tokens + ((nowMs - this.#countedAtMs) / 1000) * this.#options.perSecond
    this.#tokens = Math.min(this.#options.burst, grown)
    this.#countedAtMs = nowMs
  }
}
