/**
 * IDs per second, from a running total and a clock that is read elsewhere.
 *
 *     ├── last full window (≥ 1 s) ──┼── window so far ──┤ now
 *
 * The greater of the two counts, so that a burst shows at once and the end of one only after a full window.
 */
export class RateMeter {
  #startMs: number | undefined
  #startTotal = 0
  #lastRate = 0

  /** `total`: never decreasing. Cheap: two comparisons within a window. */
  perSecond(total: number, nowMs: number): number {
    const elapsedMs = nowMs - (this.#startMs ?? nowMs)
    if (this.#startMs === undefined || elapsedMs < 0) {
      // First call, or the clock stepped back: a new window begins, the last full one still counts.
      this.#startMs = nowMs
      if (elapsedMs < 0) this.#startTotal = total
    } else if (elapsedMs >= WINDOW_MS) {
      this.#lastRate = ((total - this.#startTotal) * 1000) / elapsedMs
      this.#startMs = nowMs
      this.#startTotal = total
      return this.#lastRate
    }
    // A window shorter than a second counts as one: 1000 IDs in the first millisecond are not a million a second.
    return Math.max(this.#lastRate, total - this.#startTotal)
  }
}

const WINDOW_MS = 1000
