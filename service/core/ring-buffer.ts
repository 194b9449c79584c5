import { invariant } from './invariant.ts'

/**
 * A ring of fixed-size slots in shared memory for one producer and one consumer, in any two threads.
 *
 *     header (256 bytes)                          slots: capacity × slotWords uint32, capacity = 2^k
 *     │ shape │ … │ head │ … │ tail │ … │         │ 0 │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ 7 │
 *      64 bytes    64 bytes   64 bytes
 *
 *     slot of a position p: p & (capacity - 1)      ░ = filled
 *
 *     plain:   │   │ ░ │ ░ │ ░ │   │   │   │   │    wrapped:  │ ░ │ ░ │   │   │   │ ░ │ ░ │ ░ │
 *                    ▲           ▲                                     ▲           ▲
 *                    head = 1    tail = 4                              tail = 10   head = 5
 *
 * head counts slots taken out, tail counts slots put in; both only grow and wrap at 2^32, which is a multiple of
 * the capacity, so (tail - head) mod 2^32 is always the number of filled slots and no slot is wasted to tell
 * full from empty. Only the consumer writes head, only the producer writes tail. A slot's words are written
 * BEFORE the tail that publishes them and read BEFORE the head that frees them; Atomics order the two. Head and
 * tail lie 64 bytes apart so that two cores do not fight over one cache line.
 *
 * More than one consumer (or producer) would hand slots out twice: every thread has its own ring.
 */
export class RingBuffer {
  /** Pass it to another thread and attach there. */
  readonly shared: SharedArrayBuffer
  readonly capacity: number
  readonly slotWords: number
  readonly #refillAt: number
  readonly #header: Int32Array
  readonly #words: Uint32Array
  /** Each side's last look at the other's position: saves an atomic read while it is enough. */
  #tailSeen: number
  #headSeen: number
  #hits = 0
  #misses = 0
  #fills = 0

  private constructor(shared: SharedArrayBuffer) {
    const header = new Int32Array(shared, 0, HEADER_WORDS)
    invariant(header[MAGIC_AT] === MAGIC, 'the shared memory holds a ring buffer')
    this.shared = shared
    this.capacity = header[CAPACITY_AT] ?? 0
    this.slotWords = header[SLOT_WORDS_AT] ?? 0
    this.#refillAt = header[REFILL_AT] ?? 0
    this.#header = header
    this.#words = new Uint32Array(shared, HEADER_BYTES, this.capacity * this.slotWords)
    this.#tailSeen = Atomics.load(header, TAIL_AT)
    this.#headSeen = Atomics.load(header, HEAD_AT)
  }

  /**
   * `slots`: a power of two up to 2^24. `slotWords`: uint32 a slot: 2 for a number (hi, lo), 3 for a run
   * (hi, lo, count), 4 for a UUID. `refillAt`: needsRefill from that many filled slots downwards; half by
   * default, so that the producer has as long to refill as the consumer needs for the other half.
   */
  static create(options: { slots: number; slotWords: number; refillAt?: number }): RingBuffer {
    const { slots, slotWords, refillAt = slots >>> 1 } = options
    invariant(Number.isInteger(Math.log2(slots)) && slots <= SLOTS_MAX, 'slots is a power of two up to 2^24')
    invariant(slotWords >= 1 && slotWords <= SLOT_WORDS_MAX, 'a slot has 1 to 16 words')
    invariant(refillAt >= 0 && refillAt < slots, 'the refill threshold is below the capacity')
    const shared = new SharedArrayBuffer(HEADER_BYTES + slots * slotWords * 4)
    const header = new Int32Array(shared, 0, HEADER_WORDS)
    header[CAPACITY_AT] = slots
    header[SLOT_WORDS_AT] = slotWords
    header[REFILL_AT] = refillAt
    header[MAGIC_AT] = MAGIC
    return new RingBuffer(shared)
  }

  /** The ring another thread made. Not while this side's previous RingBuffer object is still in use. */
  static attach(shared: SharedArrayBuffer): RingBuffer {
    return new RingBuffer(shared)
  }

  /** Filled slots; exact for the thread that is both sides, else a moment old. */
  get size(): number {
    return (Atomics.load(this.#header, TAIL_AT) - Atomics.load(this.#header, HEAD_AT)) >>> 0
  }

  /** True from the threshold downwards: the producer should push. */
  needsRefill(): boolean {
    return this.size <= this.#refillAt
  }

  /**
   * Producer side. Copies up to `slots` slots from the start of `from` and returns how many fitted. All or part:
   * what did not fit was not published. A call that published something counts as one fill.
   */
  push(from: Uint32Array, slots = 1): number {
    const tail = Atomics.load(this.#header, TAIL_AT)
    let free = this.capacity - ((tail - this.#headSeen) >>> 0)
    if (free < slots) {
      this.#headSeen = Atomics.load(this.#header, HEAD_AT)
      free = this.capacity - ((tail - this.#headSeen) >>> 0)
    }
    const n = Math.min(slots, free)
    if (n === 0) return 0
    const words = this.slotWords
    for (let i = 0, w = 0; i < n; i++) {
      const to = ((tail + i) & (this.capacity - 1)) * words
      for (let k = 0; k < words; k++, w++) this.#words[to + k] = from[w] as number
    }
    Atomics.store(this.#header, TAIL_AT, (tail + n) | 0)
    this.#fills += 1
    return n
  }

  /** Consumer side. Copies up to `slots` slots to the start of `into` and returns how many there were. */
  pop(into: Uint32Array, slots = 1): number {
    const head = Atomics.load(this.#header, HEAD_AT)
    let filled = (this.#tailSeen - head) >>> 0
    if (filled < slots) {
      this.#tailSeen = Atomics.load(this.#header, TAIL_AT)
      filled = (this.#tailSeen - head) >>> 0
    }
    const n = Math.min(slots, filled)
    this.#hits += n
    this.#misses += slots - n
    if (n === 0) return 0
    const words = this.slotWords
    for (let i = 0, w = 0; i < n; i++) {
      const at = ((head + i) & (this.capacity - 1)) * words
      for (let k = 0; k < words; k++, w++) into[w] = this.#words[at + k] as number
    }
    Atomics.store(this.#header, HEAD_AT, (head + n) | 0)
    return n
  }

  /** Consumer side. Throws away all that is filled now and says how many slots that were. */
  clear(): number {
    const head = Atomics.load(this.#header, HEAD_AT)
    this.#tailSeen = Atomics.load(this.#header, TAIL_AT)
    Atomics.store(this.#header, HEAD_AT, this.#tailSeen)
    return (this.#tailSeen - head) >>> 0
  }

  /** Of this object, so of this thread's side: hits and misses in slots (consumer), fills in calls (producer). */
  stats(): { readonly hits: number; readonly misses: number; readonly fills: number } {
    return { hits: this.#hits, misses: this.#misses, fills: this.#fills }
  }
}

const MAGIC = 0x49_44_52_42
/** Indices of the header's int32 words; each group of 16 is one cache line. */
const MAGIC_AT = 0
const CAPACITY_AT = 1
const SLOT_WORDS_AT = 2
const REFILL_AT = 3
const HEAD_AT = 16
const TAIL_AT = 32
const HEADER_WORDS = 64
const HEADER_BYTES = HEADER_WORDS * 4
/** 2^24 slots of a UUID are 256 MB: more in one ring is a fault in a configuration. */
const SLOTS_MAX = 2 ** 24
const SLOT_WORDS_MAX = 16
