import { ALGORITHMS, type AlgorithmName } from './algorithm.ts'
import type { NumberPair } from './decimal.ts'
import { type IdBatch, UUID_BYTES } from './id-batch.ts'
import { invariant } from './invariant.ts'
import { SEQUENCES_PER_MS } from './snowflake-layout.ts'
import { decodeOfLayout, type TagLayout } from './tag-layout.ts'

/** A sub-block on its way between threads: structured clone takes it, and its buffers may be transferred. */
export interface PackedSubBlock {
  /** Who may use it: process id, boot id and a nonce of the thread that asked. */
  readonly owner: string
  readonly algorithm: AlgorithmName
  readonly degraded: boolean
  /** Unix milliseconds by the wall clock of the machine, which all threads share. */
  readonly takenAtMs: number
  /** (hi, lo, count) of each run, as in id-batch.ts; empty for UUIDs. */
  readonly runs: Uint32Array<ArrayBuffer>
  /** 16 bytes each; empty for numbers. */
  readonly uuids: Uint8Array<ArrayBuffer>
}

/** Copies the IDs of a batch, which nobody else may use then: they are spent, for the owner alone. */
export function packSubBlock(batch: IdBatch, owner: string, takenAtMs: number): PackedSubBlock {
  const runs = new Uint32Array(batch.runCount * FIELDS)
  for (let run = 0; run < batch.runCount; run++) {
    runs[run * FIELDS] = batch.runHi(run)
    runs[run * FIELDS + 1] = batch.runLo(run)
    runs[run * FIELDS + 2] = batch.runLength(run)
  }
  const { algorithm, degraded } = batch
  return { owner, algorithm, degraded, takenAtMs, runs, uuids: batch.uuidBytes().slice() }
}

/**
 * A share of one tag's IDs, held by one thread: already spent from their grant, so no other thread, process or
 * successor can come upon them, whatever becomes of the grant. What is not used is burnt (design.md section 2).
 *
 *     runs  │ used │ #run: (hi, lo + #offset) ──▶ │ (hi, lo, count) │ …        one cursor, only forward
 *
 * `take` drops everything when it is not the owner who asks (a copy of this memory by fork or snapshot: peers.md
 * section 4, 18), and when the share is older than SHARE_LIFE_MS.
 */
export class SubBlock {
  readonly algorithm: AlgorithmName
  readonly degraded: boolean
  readonly #owner: string
  readonly #takenAtMs: number
  readonly #runs: Uint32Array
  readonly #uuids: Uint8Array
  #run = 0
  /** IDs used of the current run; with UUIDs, of all. */
  #offset = 0
  #left: number

  /**
   * `layout`: the tag's own, of its snowflakes; left out: as those of all tags.
   * @throws when it is not what `packSubBlock` makes, or was meant for another owner
   */
  constructor(packed: PackedSubBlock, owner: string, layout?: TagLayout) {
    invariant(packed.owner === owner, 'a sub-block is used by the one who asked for it')
    invariant(ALGORITHMS.includes(packed.algorithm), 'a sub-block names its algorithm')
    invariant(Number.isFinite(packed.takenAtMs), 'a sub-block says when it was taken')
    this.algorithm = packed.algorithm
    this.degraded = packed.degraded
    this.#owner = owner
    this.#takenAtMs = packed.takenAtMs
    this.#runs = packed.runs
    this.#uuids = packed.uuids
    this.#left = countOf(packed, layout)
  }

  /** IDs that `take` may still bring. */
  get remaining(): number {
    return this.#left
  }

  /** The same for `owner` at `nowMs`; what it may not use any more is dropped. */
  usable(owner: string, nowMs: number): number {
    this.#dropUnlessUsable(owner, nowMs)
    return this.#left
  }

  /**
   * Issues up to `count` IDs into `out`, which holds none of another algorithm, and returns how many; nothing is
   * allocated. `owner`: who asks now. `nowMs`: Unix time by the wall clock.
   */
  take(count: number, owner: string, nowMs: number, out: IdBatch): number {
    this.#dropUnlessUsable(owner, nowMs)
    const wanted = Math.min(count, this.#left)
    if (wanted < 1) return 0
    // Before anything leaves: whatever fails below burns IDs, and repeats none.
    this.#left -= wanted
    if (this.#uuids.length > 0) this.#takeUuids(wanted, out)
    else this.#takeRuns(wanted, out)
    return wanted
  }

  /**
   * The same for `count` consecutive numbers, out of the first run that has as many left; what stands before it is
   * burnt. false: there is none, and nothing is spent.
   */
  takeRun(count: number, owner: string, nowMs: number, out: IdBatch): boolean {
    this.#dropUnlessUsable(owner, nowMs)
    if (this.#left < count) return false
    let burnt = 0
    for (let run = this.#run; run * FIELDS < this.#runs.length; run += 1) {
      const from = run === this.#run ? this.#offset : 0
      const left = (this.#runs[run * FIELDS + 2] ?? 0) - from
      if (left >= count) {
        this.#run = run
        this.#offset = from
        this.#left -= burnt
        return this.take(count, owner, nowMs, out) === count
      }
      burnt += left
    }
    return false
  }

  #dropUnlessUsable(owner: string, nowMs: number): void {
    // Written so that a clock that reads NaN drops it too.
    if (owner !== this.#owner || !(Math.abs(nowMs - this.#takenAtMs) <= SHARE_LIFE_MS)) this.drop()
  }

  /** What is left is burnt. */
  drop(): void {
    this.#left = 0
  }

  #takeUuids(count: number, out: IdBatch): void {
    const from = this.#offset
    this.#offset += count
    out.reserveUuids(count).set(this.#uuids.subarray(from * UUID_BYTES, (from + count) * UUID_BYTES))
  }

  #takeRuns(count: number, out: IdBatch): void {
    const runs = this.#runs
    for (let left = count; left > 0; ) {
      const at = this.#run * FIELDS
      const length = runs[at + 2] ?? 0
      const n = Math.min(left, length - this.#offset)
      invariant(n > 0, 'a sub-block holds what it counted')
      const lo = (runs[at + 1] ?? 0) + this.#offset
      this.#offset += n
      if (this.#offset === length) {
        this.#run += 1
        this.#offset = 0
      }
      // A segment's run may carry from lo into hi; a snowflake's ends with its millisecond, long before that.
      out.pushRun((runs[at] ?? 0) + (lo >= TWO_32 ? 1 : 0), lo >>> 0, n)
      left -= n
    }
  }
}

/**
 * A share is used up or burnt within this time. As far as a stamp may run ahead of the clock (snowflake.borrowMax),
 * an ID may come behind it: then the time in it is never off by more than a second, two threads are never further
 * than that out of order, and a deleted tag or a copied memory goes on for no longer.
 */
export const SHARE_LIFE_MS = 1000

const FIELDS = 3
const TWO_32 = 2 ** 32
/** hi of 2^53, where snowflakes begin, and of 2^62. */
const HI_SNOWFLAKE = 2 ** 21
const HI_END = 2 ** 30

function countOf({ algorithm, runs, uuids }: PackedSubBlock, layout: TagLayout | undefined): number {
  const numeric = algorithm === 'segment' || algorithm === 'snowflake'
  invariant(runs instanceof Uint32Array && uuids instanceof Uint8Array, 'a sub-block is two typed arrays')
  invariant((numeric ? uuids : runs).length === 0, 'a sub-block holds numbers or UUIDs, not both')
  invariant(runs.length % FIELDS === 0 && uuids.length % UUID_BYTES === 0, 'a sub-block ends with a whole ID')
  return numeric ? countRuns(algorithm, runs, layout) : uuids.length / UUID_BYTES
}

function checkStamps({ hi, lo }: NumberPair, length: number, layout: TagLayout | undefined): void {
  if (layout !== undefined) {
    const decoded = decodeOfLayout(layout, { hi, lo })
    invariant(decoded !== undefined, "a snowflake lies within its tag's layout")
    invariant(decoded.sequence + length <= 2 ** layout.sequenceBits, 'a run never crosses its unit')
    return
  }
  invariant(hi >= HI_SNOWFLAKE && hi < HI_END, 'a snowflake lies above all segment values')
  invariant((lo % SEQUENCES_PER_MS) + length <= SEQUENCES_PER_MS, 'a run never crosses its millisecond')
}

/** Also checks that each run lies where its algorithm may issue, and above the one before. */
function countRuns(algorithm: AlgorithmName, runs: Uint32Array, layout: TagLayout | undefined): number {
  let count = 0
  let endHi = 0
  let endLo = 0
  for (let at = 0; at < runs.length; at += FIELDS) {
    const [hi = 0, lo = 0, length = 0] = runs.subarray(at, at + FIELDS)
    invariant(length > 0, 'a run is not empty')
    invariant(hi > endHi || (hi === endHi && lo >= endLo), 'runs ascend')
    if (algorithm === 'snowflake') checkStamps({ hi, lo }, length, layout)
    const end = lo + length
    endHi = hi + Math.floor(end / TWO_32)
    endLo = end % TWO_32
    if (algorithm === 'segment')
      invariant(endHi < HI_SNOWFLAKE || (endHi === HI_SNOWFLAKE && endLo === 0), 'a segment ends below 2^53')
    count += length
  }
  return count
}
