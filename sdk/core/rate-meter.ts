/**
 * IDs a second: the last full second or what came since, whichever is more. So a burst counts at once, and each request
 * of a growing one can be twice as large as the one before; a pause counts after a second.
 */
export class RateMeter {
  #fromMs = Number.NaN
  #fromTotal = 0
  #lastSecond = 0

  /** `total`: never decreasing; `nowMs`: of a monotonic clock. */
  perSecond(total: number, nowMs: number): number {
    const elapsedMs = nowMs - this.#fromMs
    if (elapsedMs >= 0 && elapsedMs < WINDOW_MS) return Math.max(this.#lastSecond, total - this.#fromTotal)
    // The first call, and a clock that began anew, are no measurement.
    this.#lastSecond =
      elapsedMs >= 0 ? ((total - this.#fromTotal) * 1000) / elapsedMs : total - this.#fromTotal
    this.#fromMs = nowMs
    this.#fromTotal = total
    return this.#lastSecond
  }
}

const WINDOW_MS = 1000
