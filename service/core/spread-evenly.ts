/**
 * How many of `count` durations fall in each class, the open one last, when they lie evenly over (0, withinMs].
 * Whole numbers, since the sum of a counter that is told in pieces must never become less. `phase` (0 up to 1) moves what
 * is cut off: with one that differs each time a single duration is not always the middle one.
 */
export function spreadEvenly(
  count: number,
  withinMs: number,
  phase: number,
  bounds: readonly number[],
): number[] {
  let before = 0
  const inClass = (boundMs: number): number => {
    const upTo = boundMs >= withinMs ? count : Math.floor((count * boundMs) / withinMs + phase)
    const more = upTo - before
    before = upTo
    return more
  }
  return [...bounds.map((seconds) => inClass(seconds * 1000)), inClass(withinMs)]
}

/**
 * Numbers of 0 up to 1 that lie evenly at any length, one after another: multiples of the golden ratio. Chance would do,
 * and could not be repeated in a test.
 */
export class Phases {
  #last = 0

  next(): number {
    this.#last = (this.#last + GOLDEN) % 1
    return this.#last
  }
}

const GOLDEN = (Math.sqrt(5) - 1) / 2
