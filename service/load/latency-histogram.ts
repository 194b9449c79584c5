/**
 * How often each duration came, in classes that are never wider than 0.1 % of their value (the layout of
 * HdrHistogram with three digits), from 0.1 µs to 7 minutes.
 *
 *     units of 0.1 µs   0 ────── 2048 ────── 4096 ────── 8192 ────── …      1024 classes for every doubling
 *     width of a class     1           2           4           8
 *
 * Ours, because recording is on the path of every answer: a few nanoseconds here, where Node's own `createHistogram`
 * (the same layout in C) costs a call out of JavaScript for each value and does not hand out its classes, and the
 * JavaScript port of HdrHistogram brings a decompressor and a WebAssembly loader for what are forty lines.
 */
export class LatencyHistogram {
  readonly #counts: Float64Array<ArrayBuffer>
  #count = 0
  #sum = 0
  #max = 0

  constructor() {
    this.#counts = new Float64Array(CLASSES)
  }

  get count(): number {
    return this.#count
  }

  /** Of what was recorded, exact; 0 where nothing was. */
  get maxMs(): number {
    return this.#max / UNITS_PER_MS
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count / UNITS_PER_MS
  }

  /** Below 0 (the clock was set) counts as 0, above the range as its end. */
  record(ms: number): void {
    let units = Math.round(ms * UNITS_PER_MS)
    if (!(units > 0)) units = 0
    else if (units > UNITS_MAX) units = UNITS_MAX
    const at = classOf(units)
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#count += 1
    this.#sum += units
    if (units > this.#max) this.#max = units
  }

  /** The duration that `share` (0 to 1) of all are not above, as the upper end of its class; 0 where nothing was recorded. */
  quantileMs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count))
    let seen = 0
    for (let at = 0; at < CLASSES; at += 1) {
      seen += this.#counts[at] as number
      if (seen >= wanted) return Math.min(endOf(at), this.#max) / UNITS_PER_MS
    }
    return 0
  }

  /** Every class that is not empty, ascending: its upper end and how many it holds. */
  *classes(): Generator<{ readonly upToMs: number; readonly count: number }> {
    for (let at = 0; at < CLASSES; at += 1) {
      const count = this.#counts[at] as number
      if (count > 0) yield { upToMs: endOf(at) / UNITS_PER_MS, count }
    }
  }

  add(other: HistogramState): void {
    for (let i = 0; i < other.at.length; i += 1) {
      const at = other.at[i] as number
      this.#counts[at] = (this.#counts[at] as number) + (other.counts[i] as number)
      this.#count += other.counts[i] as number
    }
    this.#sum += other.sum
    this.#max = Math.max(this.#max, other.max)
  }

  /** What `add` takes, for another thread; and begins anew. */
  drain(): HistogramState {
    const at: number[] = []
    const counts: number[] = []
    for (let i = 0; i < CLASSES; i += 1) {
      const count = this.#counts[i] as number
      if (count === 0) continue
      at.push(i)
      counts.push(count)
      this.#counts[i] = 0
    }
    const state = { at, counts, sum: this.#sum, max: this.#max }
    this.#count = 0
    this.#sum = 0
    this.#max = 0
    return state
  }
}

/** The classes that are not empty. */
export interface HistogramState {
  readonly at: readonly number[]
  readonly counts: readonly number[]
  readonly sum: number
  readonly max: number
}

const UNITS_PER_MS = 10_000
const UNITS_MAX = 2 ** 32 - 1
/** Bits of a value that are kept. */
const KEPT_BITS = 11
const PER_DOUBLING = 2 ** (KEPT_BITS - 1)
const CLASSES = (32 - KEPT_BITS) * PER_DOUBLING + 2 * PER_DOUBLING

function classOf(units: number): number {
  const dropped = Math.max(0, 32 - KEPT_BITS - Math.clz32(units))
  return dropped * PER_DOUBLING + (units >>> dropped)
}

/** The largest value of the class. */
function endOf(at: number): number {
  const dropped = at < 2 * PER_DOUBLING ? 0 : Math.floor(at / PER_DOUBLING) - 1
  const kept = at - dropped * PER_DOUBLING
  return (kept + 1) * 2 ** dropped - 1
}
