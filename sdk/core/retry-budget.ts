/**
 * What all calls of a client together may repeat. Without it a service in trouble would get, from every client at
 * once, several times the requests it has trouble with.
 *
 *     ░░░░░░░░░───────   each retry takes one; `perSecond` come back, up to `perSecond` × BURST_S
 */
export class RetryBudget {
  readonly #perSecond: number
  #left: number
  #atMs = Number.NaN

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#left = perSecond * BURST_S
  }

  /** false: not now. */
  take(nowMs: number): boolean {
    const elapsedS = Math.max(0, nowMs - this.#atMs) / 1000
    // NaN at the first call.
    if (elapsedS > 0)
      this.#left = Math.min(this.#perSecond * BURST_S, this.#left + elapsedS * this.#perSecond)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

/** A data centre is left after 2 s; until then each tag repeats its call about six times. */
const BURST_S = 25
