import type { Random } from '../../ports/random.ts'

/**
 * Random ids in hex, out of a pool that one call fills: a call into the operating system's generator costs more than all else of
 * a span. All zero would be invalid, and is as likely as guessing an API key.
 */
export class DrawnIds {
  readonly #random: Random
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #used = POOL_BYTES

  constructor(random: Random) {
    this.#random = random
  }

  /** 32 digits of a trace id and 16 of a span id, printed together: each print costs as much as both. */
  traceAndSpan(): string {
    return this.#next(TRACE_BYTES + SPAN_BYTES)
  }

  /** 16 digits. */
  span(): string {
    return this.#next(SPAN_BYTES)
  }

  /** 0 up to, but not including, 1. */
  chance(): number {
    return this.#pool.readUInt32BE(this.#take(CHANCE_BYTES)) / 2 ** 32
  }

  #next(bytes: number): string {
    const from = this.#take(bytes)
    return this.#pool.toString('hex', from, from + bytes)
  }

  #take(bytes: number): number {
    if (this.#used + bytes > POOL_BYTES) {
      this.#random.fill(this.#pool)
      this.#used = 0
    }
    const from = this.#used
    this.#used += bytes
    return from
  }
}

const TRACE_BYTES = 16
const SPAN_BYTES = 8
const CHANCE_BYTES = 4
/** Of some 70 traces. A larger one would make the call that fills it a pause that is felt. */
const POOL_BYTES = 2048
