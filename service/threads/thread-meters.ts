import { DURATION_CELLS } from '../core/duration-histogram.ts'
import { newRespCounters, type RespCounters } from '../resp/resp-counters.ts'

/** Numbers of one protocol thread that the main thread reads along; one writer each. */
export class ThreadMeters {
  readonly memory: SharedArrayBuffer
  /** How long requests waited, as DurationHistogram keeps it. */
  readonly durations: Float64Array
  readonly #cells: Float64Array

  constructor(memory = new SharedArrayBuffer((FIELDS + DURATION_CELLS) * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#cells = new Float64Array(memory, 0, FIELDS)
    this.durations = new Float64Array(memory, FIELDS * Float64Array.BYTES_PER_ELEMENT)
  }

  /** Raised twice a second: a thread that does not is stuck. */
  get beats(): number {
    return this.#cells[0] ?? 0
  }

  /** With what the listener has counted so far. */
  beat(counters?: Readonly<RespCounters>): void {
    this.#cells[0] = this.beats + 1
    if (counters === undefined) return
    for (const [at, name] of COUNTERS.entries()) this.#cells[OWN + at] = counters[name]
  }

  /** As the thread last told them. */
  counters(): RespCounters {
    const counters = newRespCounters()
    for (const [at, name] of COUNTERS.entries()) counters[name] = this.#cells[OWN + at] ?? 0
    return counters
  }

  /** Requests that were answered after they had to wait. */
  get late(): number {
    return this.#cells[1] ?? 0
  }

  countLate(requests: number): void {
    this.#cells[1] = this.late + requests
  }
}

const COUNTERS = Object.keys(newRespCounters()) as (keyof RespCounters)[]
/** Beats, and requests that waited. */
const OWN = 2
const FIELDS = OWN + COUNTERS.length
