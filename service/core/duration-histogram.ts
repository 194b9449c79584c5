import { spreadEvenly } from './spread-evenly.ts'

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

export const NO_DURATIONS: DurationCounts = { atMost: DURATION_BOUNDS.map(() => 0), count: 0, sumSeconds: 0 }

/** Of the same classes. */
export function mergedCounts(
  one: DurationCounts,
  other: DurationCounts,
  by: (a: number, b: number) => number,
): DurationCounts {
  return {
    atMost: one.atMost.map((value, at) => by(value, other.atMost[at] ?? 0)),
    count: by(one.count, other.count),
    sumSeconds: by(one.sumSeconds, other.sumSeconds),
  }
}

/** Counts durations by classes, for a Prometheus histogram. */
export class DurationHistogram {
  /** One per class, then how many there are in these, then the sum of seconds, then how many took no time. */
  readonly #cells: Float64Array
  readonly #bounds: readonly number[]

  /** `cells`: durationCells(bounds) zeros, where another thread is to read along. */
  constructor(
    cells: Float64Array = new Float64Array(DURATION_CELLS),
    bounds: readonly number[] = DURATION_BOUNDS,
  ) {
    this.#cells = cells
    this.#bounds = bounds
  }

  /** `ms` below 0 (a clock that was set) counts as 0. `times`: requests that took it together. */
  observe(ms: number, times = 1): void {
    const seconds = Math.max(0, ms) / 1000
    this.addTo(classOf(ms, this.#bounds), times, seconds * times)
  }

  /** `times` more that took no time worth measuring. One addition, for it is on the path of every ID. */
  observeInstant(times: number): void {
    this.#raise(this.#cells.length - 1, times)
  }

  /** `times` more in the class of that number (classOf), which took `seconds` together. */
  addTo(at: number, times: number, seconds: number): void {
    const classes = this.#bounds.length
    // Before its class, so that who reads along finds none that is counted in a class only.
    this.#raise(classes, times)
    this.#raise(classes + 1, seconds)
    if (at < classes) this.#raise(at, times)
  }

  /** `times` that took from 0 to `withinMs`, spread evenly; `phase`: see spreadEvenly. */
  observeSpread(times: number, withinMs: number, phase: number): void {
    for (const [at, some] of spreadEvenly(times, withinMs, phase, this.#bounds).entries())
      if (some > 0) this.addTo(at, some, (some * withinMs) / 2000)
  }

  /** Of those, how many took no time worth measuring, so that nobody timed them. */
  get instant(): number {
    return this.#cells[this.#bounds.length + 2] ?? 0
  }

  /** Of all that it counted, how many. */
  get total(): number {
    return this.instant + (this.#cells[this.#bounds.length] ?? 0)
  }

  /** Takes over what another histogram has in its cells. */
  add(cells: Float64Array): void {
    for (const [at, value] of cells.entries()) this.#raise(at, value)
  }

  /** With `instant` more that took no time worth measuring. */
  counts(instant: number): DurationCounts {
    const classes = this.#bounds.length
    const [count = 0, sumSeconds = 0, noTime = 0] = this.#cells.subarray(classes)
    let sum = instant + noTime
    const atMost = Array.from(this.#cells.subarray(0, classes), (inClass) => (sum += inClass))
    return { atMost, count: count + instant + noTime, sumSeconds }
  }

  #raise(at: number, by: number): void {
    this.#cells[at] = (this.#cells[at] ?? 0) + by
  }
}

/** The number of its class; that of the open one is how many bounds there are. */
export function classOf(ms: number, bounds: readonly number[]): number {
  const seconds = Math.max(0, ms) / 1000
  const at = bounds.findIndex((bound) => seconds <= bound)
  return at < 0 ? bounds.length : at
}

/** What a histogram with these bounds keeps. */
export function durationCells(bounds: readonly number[]): number {
  return bounds.length + 3
}

export const DURATION_CELLS = durationCells(DURATION_BOUNDS)
