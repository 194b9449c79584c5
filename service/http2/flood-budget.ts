import type { Clock } from '../ports/clock.ts'

/**
 * How many frames a client may send that cost work and ask for nothing: resets of requests under way (CVE-2023-44487), PING
 * and SETTINGS (CVE-2019-9512, -9515), empty DATA (-9518), and the like. A bucket that fills again with time.
 */
export class FloodBudget {
  readonly #clock: Clock
  #left = BURST
  #filledMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#filledMs = clock.monotonicMs()
  }

  /** false: too many, the connection is to end. */
  spend(): boolean {
    this.#left -= 1
    // The clock is read only when it matters.
    if (this.#left > 0) return true
    const nowMs = this.#clock.monotonicMs()
    this.#left = Math.min(BURST, ((nowMs - this.#filledMs) * PER_SECOND) / 1000)
    this.#filledMs = nowMs
    return this.#left >= 1
  }
}

/** 256 requests under way can all be reset at once when a client goes, several times over. */
const BURST = 2000
/** A client that measures the line pings some ten times a second, and one whose deadlines are short may reset a tenth of what it asks. */
const PER_SECOND = 500
