/** Upper bounds in seconds; what took longer counts in the sum and in the last, open class only. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]

export interface DurationCounts {
  /** How many took at most so many seconds, per bound. */
  readonly atMost: readonly number[]
  readonly count: number
  readonly sumSeconds: number
}

/** Counts durations by classes, for a Prometheus histogram. */
export class DurationHistogram {
  /** One per class, then how many there are, then the sum of seconds. */
  readonly #cells: Float64Array

  /** `cells`: DURATION_CELLS zeros, where another thread is to read along. */
  constructor(cells: Float64Array = new Float64Array(DURATION_CELLS)) {
    this.#cells = cells
  }

  /** `ms` below 0 (a clock that was set) counts as 0. `times`: requests that took it together. */
  observe(ms: number, times = 1): void {
    const seconds = Math.max(0, ms) / 1000
    this.#raise(CLASSES, times)
    this.#raise(CLASSES + 1, seconds * times)
    const at = DURATION_BOUNDS.findIndex((bound) => seconds <= bound)
    if (at >= 0) this.#raise(at, times)
  }

  /** Takes over what another histogram has in its cells. */
  add(cells: Float64Array): void {
    for (const [at, value] of cells.entries()) this.#raise(at, value)
  }

  /** With `instant` more that took no time worth measuring. */
  counts(instant: number): DurationCounts {
    let sum = instant
    const atMost = Array.from(this.#cells.subarray(0, CLASSES), (count) => (sum += count))
    const [count = 0, sumSeconds = 0] = this.#cells.subarray(CLASSES)
    return { atMost, count: count + instant, sumSeconds }
  }

  #raise(at: number, by: number): void {
    this.#cells[at] = (this.#cells[at] ?? 0) + by
  }
}

const CLASSES = DURATION_BOUNDS.length
/** What a histogram keeps. */
export const DURATION_CELLS = CLASSES + 2
