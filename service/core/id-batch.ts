import type { AlgorithmName } from './algorithm.ts'
import type { IdPrinter } from './id-printer.ts'
import { invariant } from './invariant.ts'

/**
 * The IDs of one answer: runs for numbers, 16-byte values for UUIDs, never both.
 *
 *     #runs   ┌────┬────┬───────┬────┬────┬───────┬ ─ ─      run = the `count` consecutive numbers
 *     uint32  │ hi │ lo │ count │ hi │ lo │ count │          from hi · 2^32 + lo upwards
 *             └────┴────┴───────┴────┴────┴───────┴ ─ ─      (hi < 2^31: every ID is a positive int64)
 *     #uuids  ┌──────────────────┬──────────────────┬ ─ ─
 *     bytes   │ 16 bytes         │ 16 bytes         │
 *             └──────────────────┴──────────────────┴ ─ ─
 *
 * Numbers stay two uint32 until the edge prints them: a bigint per ID costs 10 to 30 times as much
 * (measured, Node 24), and a double loses digits above 2^53. One batch serves one request.
 */
export class IdBatch {
  /** Who issued it and whether that is not the tag's first choice; set by the router. */
  algorithm: AlgorithmName = 'segment'
  degraded = false
  /** Writes its numbers as text; undefined: in decimal. Set with `algorithm`, of the tag the IDs are of. */
  printer: IdPrinter | undefined = undefined
  #runs = new Uint32Array(FIELDS * 2)
  #runCount = 0
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
    const at = this.#runCount * FIELDS
    if (at === this.#runs.length) this.#runs = grown(this.#runs)
    this.#runs[at] = hi
    this.#runs[at + 1] = lo
    this.#runs[at + 2] = count
    this.#runCount += 1
    this.#numbers += count
  }

  /** All of it are numbers below 2^53. */
  get isSafe(): boolean {
    for (let run = 0; run < this.#runCount; run += 1) if (this.runHi(run) >= SAFE_HI) return false
    return this.#uuidCount === 0
  }

  runHi(index: number): number {
    return this.#runs[index * FIELDS] ?? 0
  }

  runLo(index: number): number {
    return this.#runs[index * FIELDS + 1] ?? 0
  }

  runLength(index: number): number {
    return this.#runs[index * FIELDS + 2] ?? 0
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

function grown(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(words.length * 2)
  next.set(words)
  return next
}
