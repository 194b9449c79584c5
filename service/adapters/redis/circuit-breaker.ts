import type { Clock } from '../../ports/clock.ts'

/**
 * Leaves a server alone that does not answer, so that a dead cache costs its callers nothing.
 *
 *     closed ──3 failures in a row──▶ open 1 s ──▶ one probe ──ok──▶ closed
 *                                      ▲  2, 4, 8, 10 s  │
 *                                      └─────failed──────┘
 *
 * Every `tryPass` that said true is followed by one `succeeded` or `failed`.
 */
export class CircuitBreaker {
  readonly #clock: Clock
  #failures = 0
  #openMs = 0
  #openUntilMs = 0
  #probing = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a call may be made now. */
  tryPass(): boolean {
    if (this.#openMs === 0) return true
    if (this.#probing || this.#clock.monotonicMs() < this.#openUntilMs) return false
    this.#probing = true
    return true
  }

  /** An answer in time, also to a call that began before the breaker opened: the server is well. */
  succeeded(): void {
    this.#failures = 0
    this.#openMs = 0
    this.#probing = false
  }

  /** Says whether this failure opened the breaker. */
  failed(): boolean {
    this.#failures += 1
    const wasOpen = this.#openMs > 0
    // What began before the breaker opened and fails now tells nothing new.
    if (wasOpen && !this.#probing) return false
    if (this.#failures < FAILURES_MAX) return false
    this.#openMs = wasOpen ? Math.min(OPEN_MAX_MS, this.#openMs * 2) : OPEN_MIN_MS
    this.#openUntilMs = this.#clock.monotonicMs() + this.#openMs
    this.#probing = false
    return !wasOpen
  }

  get open(): boolean {
    return this.#openMs > 0
  }
}

/** One may be a lost packet, two a pause of a fork for a dump; three in a row are trouble. */
const FAILURES_MAX = 3
const OPEN_MIN_MS = 1000
/** A Redis that is back serves again within 10 s; until then one call in 10 s waits for its deadline. */
const OPEN_MAX_MS = 10_000
