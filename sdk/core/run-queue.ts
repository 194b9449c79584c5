import { isStillOurs, type Moment } from './block-bond.ts'
import type { IdAnswer, IdRun } from './id-answer.ts'

interface Block {
  readonly born: Moment
  readonly runs: readonly IdRun[]
  readonly texts: readonly string[]
}

/**
 * The IDs of one tag that are in memory, and the cursor in them, which only goes forward:
 *
 *     block  run run run      block  run run
 *                ├──────┼─────────┤
 *                0    offset    limit        offset < limit: the ID at `offset` may be taken without looking at anything
 *
 * The first six fields are for the classes that print IDs: a take is one comparison and one addition. `look` sets
 * `limit`, after it has looked at clocks and process; `pause` takes it back.
 */
export class RunQueue {
  /** Taken so far out of the present run. */
  offset = 0
  limit = 0
  /** As `limit`; 0 in a run with values that a JavaScript number cannot hold. */
  safeLimit = 0
  /** The first value of the run as a number; only for offsets below `safeLimit`. */
  base = 0
  /** The first value of the run. */
  first = 0n
  /** Instead of values, in blocks that came as text. */
  texts: readonly string[] = NO_TEXTS
  readonly #blocks: Block[] = []
  #run = 0
  /** IDs in the present run. */
  #length = 0
  /** IDs in memory behind the present run. */
  #behind = 0
  #takenBefore = 0

  get left(): number {
    return this.#length - this.offset + this.#behind
  }

  /** IDs taken since the beginning. */
  get taken(): number {
    return this.#takenBefore + this.offset
  }

  /** When the last IDs that came were asked for. */
  get newest(): Moment | undefined {
    return this.#blocks.at(-1)?.born
  }

  /** `born`: before the request was sent. */
  put({ runs, texts }: IdAnswer, born: Moment): void {
    let count = texts.length
    for (const run of runs) count += run.count
    this.#behind += count
    this.#blocks.push({ born, runs, texts })
    if (this.#blocks.length === 1) this.#enter(0)
  }

  /** Drops what is not ours any more, and lets `most` takes go on without another look. */
  look(now: Moment, lifetimeMs: number, most: number): void {
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      if (isStillOurs(block.born, now, lifetimeMs)) break
      this.#dropFirst()
    }
    this.#skipUsed()
    this.limit = Math.min(this.#length, this.offset + most)
    this.safeLimit = this.#isSafe() ? this.limit : 0
  }

  /** The next take looks first. */
  pause(): void {
    this.limit = 0
    this.safeLimit = 0
  }

  /** How many of `most` IDs the present run has, from `offset` on; 0: there are none at all. The caller moves `offset`. */
  chunk(most: number): number {
    this.#skipUsed()
    return Math.min(most, this.#length - this.offset)
  }

  /** Whether the values of the present run fit a JavaScript number. */
  #isSafe(): boolean {
    return fits(this.first, this.#length)
  }

  get safe(): boolean {
    return this.#length === 0 || this.#isSafe()
  }

  /** IDs in memory whose values fit a JavaScript number. */
  get safeLeft(): number {
    let sum = 0
    for (const [at, block] of this.#blocks.entries())
      for (const [run, { first, count }] of block.runs.entries()) {
        if (!fits(first, count) || (at === 0 && run < this.#run)) continue
        sum += at === 0 && run === this.#run ? count - this.offset : count
      }
    return sum
  }

  /** Goes on to values that fit a JavaScript number and burns those before them; where there are none, nothing. */
  skipToSafe(): void {
    this.#skipUsed()
    if (this.safe || this.safeLeft === 0) return
    while (!this.#isSafe()) this.#nextRun()
  }

  /** All that is here is burnt. */
  drop(): void {
    while (this.#blocks.length > 0) this.#dropFirst()
  }

  #skipUsed(): void {
    while (this.offset === this.#length && this.#blocks.length > 0) this.#nextRun()
  }

  #nextRun(): void {
    const [block] = this.#blocks
    if (block !== undefined && this.#run + 1 < block.runs.length) this.#enter(this.#run + 1)
    else this.#dropFirst()
  }

  #dropFirst(): void {
    const block = this.#blocks.shift()
    if (block === undefined) return
    for (let run = this.#run + 1; run < block.runs.length; run += 1)
      this.#behind -= block.runs[run]?.count ?? 0
    this.#leaveRun()
    if (this.#blocks.length > 0) this.#enter(0)
  }

  #leaveRun(): void {
    this.#takenBefore += this.offset
    this.offset = 0
    this.#length = 0
    this.texts = NO_TEXTS
    this.pause()
  }

  #enter(run: number): void {
    this.#leaveRun()
    const [block] = this.#blocks
    this.#run = run
    this.#length = block?.runs[run]?.count ?? block?.texts.length ?? 0
    this.#behind -= this.#length
    this.first = block?.runs[run]?.first ?? 0n
    this.base = Number(this.first)
    this.texts = block?.texts ?? NO_TEXTS
  }
}

const NO_TEXTS: readonly string[] = []
const SAFE_END = 2n ** 53n

function fits(first: bigint, count: number): boolean {
  return first + BigInt(count) <= SAFE_END
}
