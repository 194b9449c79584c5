import type { AlgorithmName } from './algorithm.ts'
import type { IdPrinter } from './id-printer.ts'
import { invariant } from './invariant.ts'

/**
 * The IDs of one answer: runs for numbers, 16-byte values for UUIDs, never both.
 *
 *     #hi #lo #length   #more    ┌────┬────┬────────┬ ─ ─     run = the `length` consecutive numbers
 *     int32: the first  uint32   │ hi │ lo │ length │         from hi · 2^32 + lo upwards
 *     run               the rest └────┴────┴────────┴ ─ ─     (hi < 2^31: every ID is a positive int64)
 *     #uuids  ┌──────────────────┬──────────────────┬ ─ ─
 *     bytes   │ 16 bytes         │ 16 bytes         │
 *             └──────────────────┴──────────────────┴ ─ ─
 *
 * Numbers stay two uint32 until the edge prints them: a bigint per ID costs 10 to 30 times as much
 * (measured, Node 24), and a double loses digits above 2^53. Nearly every batch has one run, which lies in the batch itself: an
 * array beside it made a segment's ID 10.6 ns where it is 9.0. One batch serves one request.
 */
export class IdBatch {
  /** Who issued it and whether that is not the tag's first choice; set by the router. */
  algorithm: AlgorithmName = 'segment'
  degraded = false
  /** Writes its numbers as text; undefined: in decimal. Set with `algorithm`, of the tag the IDs are of. */
  printer: IdPrinter | undefined = undefined
  #runCount = 0
  #hi = 0
  #lo = 0
  #length = 0
  #more: Uint32Array<ArrayBuffer> = NO_WORDS
  #uuids = NO_BYTES
  #uuidCount = 0
  #numbers = 0

  /** IDs held. */
  get count(): number {
    return this.#numbers + this.#uuidCount
  }

  get runCount(): number {
    return this.#runCount
  }

  get uuidCount(): number {
    return this.#uuidCount
  }

  /** Drops what was taken; the IDs stay spent. Used when a chain moves on to its next algorithm. */
  clear(): void {
    this.#runCount = 0
    this.#uuidCount = 0
    this.#numbers = 0
  }

  /** Appends the `count` (1..2^32-1) numbers from (hi, lo) upwards. */
  pushRun(hi: number, lo: number, count: number): void {
    invariant(this.#uuidCount === 0, 'a batch holds numbers or UUIDs, not both')
    const before = this.#runCount
    this.#runCount = before + 1
    this.#numbers += count
    if (before > 0) return this.#pushMore((before - 1) * FIELDS, hi, lo, count)
    // As int32, which V8 keeps in the object; a number from 2^31 on would be put in a box.
    this.#hi = hi | 0
    this.#lo = lo | 0
    this.#length = count | 0
  }

  #pushMore(at: number, hi: number, lo: number, count: number): void {
    if (at === this.#more.length) this.#more = grown(this.#more)
    this.#more[at] = hi
    this.#more[at + 1] = lo
    this.#more[at + 2] = count
  }

  /** All of it are numbers below 2^53. */
  get isSafe(): boolean {
    for (let run = 0; run < this.#runCount; run += 1) if (this.runHi(run) >= SAFE_HI) return false
    return this.#uuidCount === 0
  }

  runHi(index: number): number {
    return index === 0 ? this.#hi : (this.#more[(index - 1) * FIELDS] ?? 0)
  }

  runLo(index: number): number {
    return index === 0 ? this.#lo >>> 0 : (this.#more[(index - 1) * FIELDS + 1] ?? 0)
  }

  runLength(index: number): number {
    return index === 0 ? this.#length >>> 0 : (this.#more[(index - 1) * FIELDS + 2] ?? 0)
  }

  /** Makes room for `count` more UUIDs and returns the bytes to write them into (16 each, in order). */
  reserveUuids(count: number): Uint8Array {
    invariant(this.#runCount === 0, 'a batch holds numbers or UUIDs, not both')
    const from = this.#uuidCount * UUID_BYTES
    const to = from + count * UUID_BYTES
    if (to > this.#uuids.length) {
      const bytes = new Uint8Array(to)
      bytes.set(this.#uuids.subarray(0, from))
      this.#uuids = bytes
    }
    this.#uuidCount += count
    return this.#uuidView(from, to)
  }

  /** The bytes of all UUIDs, 16 each; a view, valid until the batch changes. */
  uuidBytes(): Uint8Array {
    return this.#uuidView(0, this.#uuidCount * UUID_BYTES)
  }

  /** All of it as it is: a batch of one UUID is asked for its bytes every time, and a view costs 20 ns. */
  #uuidView(from: number, to: number): Uint8Array {
    return from === 0 && to === this.#uuids.length ? this.#uuids : this.#uuids.subarray(from, to)
  }
}

export const UUID_BYTES = 16
const FIELDS = 3
/** Upper word of 2^53. */
const SAFE_HI = 2 ** 21
const NO_BYTES = new Uint8Array(0)
const NO_WORDS = new Uint32Array(0)

function grown(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(Math.max(FIELDS * 2, words.length * 2))
  next.set(words)
  return next
}
