import { v4 } from 'uuid'
import { UUID_BYTES } from './id-batch.ts'
import { RandomPool } from './random-pool.ts'
import { RingBuffer } from './ring-buffer.ts'

/**
 * Version 4 UUIDs made ahead of use.
 *
 *     fill ─▶ RandomPool ─▶ npm uuid v4 ─▶ RingBuffer ─▶ take        take: ring first, what is missing is made at once
 *
 * `refill` is the producer step: the app calls it when `needsRefill` says so, away from a request.
 */
export class UuidPool {
  readonly #random: RandomPool
  readonly #ring: RingBuffer
  readonly #words = new Uint32Array(UUID_WORDS)
  /** The same memory as #words: the ring moves words, UUIDs are bytes. */
  readonly #bytes = new Uint8Array(this.#words.buffer)
  /** npm uuid writes version and variant into it; one object, or each ID would cost an allocation. */
  readonly #parts = { random: new Uint8Array(UUID_BYTES) }

  /** `slots`: a power of two; 4096 are 64 KiB and last a millisecond at 4 M IDs/s. */
  constructor(fill: (bytes: Uint8Array) => void, slots = 4096) {
    this.#random = new RandomPool(fill)
    this.#ring = RingBuffer.create({ slots, slotWords: UUID_WORDS })
  }

  /** Writes `count` UUIDs of 16 bytes to the start of `into`. Never short. */
  take(count: number, into: Uint8Array): void {
    for (let i = 0; i < count; i++) {
      if (this.#ring.pop(this.#words) === 1) into.set(this.#bytes, i * UUID_BYTES)
      else this.#make(into, i * UUID_BYTES)
    }
  }

  needsRefill(): boolean {
    return this.#ring.needsRefill()
  }

  /**
   * Makes up to `limit` UUIDs and returns how many; 0 when the ring is full. The limit bounds how long one call
   * keeps the event loop: 1000 take about 0.2 ms.
   */
  refill(limit = 1000): number {
    const n = Math.min(limit, this.#ring.capacity - this.#ring.size)
    for (let i = 0; i < n; i++) {
      this.#make(this.#bytes, 0)
      this.#ring.push(this.#words)
    }
    return n
  }

  /** Forgets all randomness and all UUIDs made ahead. Call after a fork or a restored memory snapshot. */
  drop(): void {
    this.#random.drop()
    this.#ring.clear()
  }

  /** UUIDs found ready, UUIDs made on the spot, UUIDs made ahead. */
  stats(): { readonly hits: number; readonly misses: number; readonly fills: number } {
    return this.#ring.stats()
  }

  #make(into: Uint8Array, at: number): void {
    this.#random.copy(this.#parts.random, 0, UUID_BYTES)
    v4(this.#parts, into, at)
  }
}

const UUID_WORDS = UUID_BYTES / 4
