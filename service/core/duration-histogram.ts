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
  readonly #counts = DURATION_BOUNDS.map(() => 0)
  #count = 0
  #sumSeconds = 0

  /** `ms` below 0 (a clock that was set) counts as 0. `times`: requests that took it together. */
  observe(ms: number, times = 1): void {
    const seconds = Math.max(0, ms) / 1000
    this.#count += times
    this.#sumSeconds += seconds * times
    const at = DURATION_BOUNDS.findIndex((bound) => seconds <= bound)
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + times
  }

  /** With `instant` more that took no time worth measuring. */
  counts(instant: number): DurationCounts {
    let sum = instant
    const atMost = this.#counts.map((count) => (sum += count))
    return { atMost, count: this.#count + instant, sumSeconds: this.#sumSeconds }
  }
}
