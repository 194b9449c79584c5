/** Which calls are traced. Pure: chance and time come in as arguments. */
export interface Sampling {
  /** Share of the calls that bear no decision of their caller, 0..1. */
  readonly ratio: number
  /** Most calls that begin to be traced a second, by ratio or because their callers wish it. */
  readonly perSecond: number
}

/**
 * Decides for a call that begins a trace how many calls after it are not traced: one comparison a call, where a draw for
 * each would cost more than all else of an untraced one.
 *
 * @param chance 0 up to, but not including, 1
 * @returns calls to let pass before the next one is traced; Infinity: none ever is
 */
export function callsToSkip(ratio: number, chance: number): number {
  if (ratio <= 0) return Number.POSITIVE_INFINITY
  if (ratio >= 1) return 0
  // Geometric, as if each call were drawn for: no pattern of callers can hide from it.
  return Math.floor(Math.log1p(-chance) / Math.log1p(-ratio))
}

/** No more than so many a second: who may set a header must not make this process export without end. */
export class SecondBudget {
  #left = 0
  #second = Number.NaN

  /** Takes one of this second's. */
  tryTake(perSecond: number, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#left = perSecond
    }
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
