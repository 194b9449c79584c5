import { v7 } from 'uuid'
import type { Algorithm, AlgorithmStats, Shortage } from './algorithm.ts'
import { type IdBatch, UUID_BYTES } from './id-batch.ts'
import { RandomPool } from './random-pool.ts'

/**
 * UUID version 7 (RFC 9562 section 5.7, R-1.3.4): strictly increasing within the process.
 *
 *     48 bits    ver 12 bits   var  20 bits          42 bits
 *     unix ms  │ 7 │ counter │ 10 │ counter        │ random │     counter: 32 bits, RFC 9562 section 6.2 method 1
 *
 * The counter starts anew for every millisecond at a random value with a clear top bit, so at least 2^31 IDs
 * fit before it overflows. Unique by randomness, not by a grant: 42 fresh bits and the counter's 31 random ones.
 */
export class UuidV7 implements Algorithm {
  readonly name = 'uuid-v7'
  readonly #pool: RandomPool
  /** What npm uuid reads for every ID; one object, or each ID would cost an allocation. Only bytes 10..15 of `random` count. */
  readonly #parts = { msecs: 0, seq: 0, random: new Uint8Array(UUID_BYTES) }
  #issued = 0

  /** `fill` writes strong randomness into all of the bytes. */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#pool = new RandomPool(fill)
  }

  /** Never short. Throws only what `fill` throws. */
  take(count: number, nowMs: number, out: IdBatch): number {
    const bytes = out.reserveUuids(count)
    const parts = this.#parts
    // A fraction would make one millisecond begin twice, each time with another counter: out of order.
    const clockMs = Math.floor(nowMs)
    for (let i = 0; i < count; i++) {
      this.#advance(clockMs)
      this.#pool.copy(parts.random, RANDOM_FROM, UUID_BYTES)
      v7(parts, bytes, i * UUID_BYTES)
    }
    this.#issued += count
    return count
  }

  shortage(): Shortage {
    return { kind: 'wait', ms: 1 }
  }

  fault(): string | undefined {
    return undefined
  }

  stats(): AlgorithmStats {
    return { issued: this.#issued, granted: 0 }
  }

  /** Forgets fetched randomness. Call after a fork or a restored memory snapshot, before the next take. */
  dropPool(): void {
    this.#pool.drop()
    // Two copies of one process must not count on from one counter; a full one makes the next ID draw anew.
    this.#parts.seq = COUNTER_MAX
  }

  /**
   * Moves (msecs, seq) forward. On a clock that stands or steps back the last millisecond stays and the counter
   * counts on, so order holds. On overflow the millisecond moves once and the counter starts anew: going on
   * from a full counter would move it again with every ID (CPython #138862).
   */
  #advance(clockMs: number): void {
    const parts = this.#parts
    if (clockMs > parts.msecs) {
      parts.msecs = clockMs
      parts.seq = this.#counterStart()
    } else if (parts.seq === COUNTER_MAX) {
      parts.msecs += 1
      parts.seq = this.#counterStart()
    } else parts.seq += 1
  }

  #counterStart(): number {
    const r = this.#parts.random
    this.#pool.copy(r, 0, 4)
    return (((at(r, 0) & 0x7f) << 24) | (at(r, 1) << 16) | (at(r, 2) << 8) | at(r, 3)) >>> 0
  }
}

const COUNTER_MAX = 2 ** 32 - 1
/** First byte that npm uuid takes from `random` when `seq` is given. */
const RANDOM_FROM = 10

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
