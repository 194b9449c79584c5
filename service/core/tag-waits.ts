import { classOf, type DurationCounts, DurationHistogram, durationCells } from './duration-histogram.ts'

/**
 * Classes of one tag, in seconds: few, since there are as many series for each of a hundred tags. Each is one of
 * DURATION_BOUNDS, so that what all tags have is told in the same classes.
 */
export const TAG_DURATION_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.25, 1]

/** The number of the class that a wait counts in. */
export function tagClassOf(ms: number): number {
  return classOf(ms, TAG_DURATION_BOUNDS)
}

/** How long requests for IDs of one tag waited. Those that did not wait are not told here: they are the others it answered. */
export class TagWaits {
  readonly #histogram = new DurationHistogram(
    new Float64Array(durationCells(TAG_DURATION_BOUNDS)),
    TAG_DURATION_BOUNDS,
  )
  /** Requests that the tag had answered when this began. */
  readonly #answeredBefore: number
  /** Requests that were answered after they waited. */
  #late = 0
  #instant = 0

  constructor(answeredBefore: number) {
    this.#answeredBefore = answeredBefore
  }

  /** `requests` waited `seconds` together, each in the class `at`; not `answered`: they failed. */
  add(at: number, requests: number, seconds: number, answered: boolean): void {
    if (answered) this.#late += requests
    this.#histogram.addTo(at, requests, seconds)
  }

  /** `answered`: as the tag has them now. Never less than before: what a thread counts comes in two parts, one later. */
  counts(answered: number): DurationCounts {
    this.#instant = Math.max(this.#instant, answered - this.#answeredBefore - this.#late)
    return this.#histogram.counts(this.#instant)
  }
}
