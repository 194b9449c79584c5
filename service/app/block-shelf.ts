import type { SegmentGrant } from '../core/grant.ts'

/** What one process remembers of the blocks of one (tag, dc). */
export class BlockShelf {
  /** End of the highest numbers this process got: what begins below would let IDs of one tag go back. */
  floor = 0
  /** Blocks are being put aside now; a miss meanwhile takes its own numbers only. */
  putting: Promise<void> | undefined
  readonly #blocksMax: number
  readonly #ttlMs: number
  /** Grants that came from the store and stayed whole, hi → lo: the only ones that may go back to it. */
  readonly #whole = new Map<number, number>()
  #wanted: number
  #lastMissMs: number | undefined
  #lastStep = 0

  constructor(blocksMax: number, ttlMs: number) {
    this.#blocksMax = blocksMax
    this.#ttlMs = ttlMs
    this.#wanted = blocksMax
  }

  /**
   * A request far above the usual ones, for one large batch: blocks are too small for it, and putting several more of
   * its size aside would waste what nobody asked for. The second one in a row is the new usual.
   */
  isUnusual(step: number): boolean {
    const unusual = this.#lastStep > 0 && step > this.#lastStep * UNUSUAL_FACTOR
    this.#lastStep = step
    return unusual
  }

  /**
   * How many blocks to put aside at this miss. When the blocks and the own numbers of the last one lasted longer than
   * blocks live, some expired untouched: half as many; when they were used up in time, twice as many.
   */
  wantedAt(nowMs: number): number {
    if (this.#lastMissMs !== undefined) {
      const usedInTime = nowMs - this.#lastMissMs < this.#ttlMs
      this.#wanted = usedInTime
        ? Math.min(this.#blocksMax, Math.max(1, this.#wanted * 2))
        : Math.floor(this.#wanted / 2)
    }
    this.#lastMissMs = nowMs
    return this.#wanted
  }

  /** These numbers go to the caller now. */
  got(grant: SegmentGrant): SegmentGrant {
    this.floor = Math.max(this.floor, grant.hi)
    return grant
  }

  /** The same, for a grant of the store of which nothing was put aside. */
  gotWhole(grant: SegmentGrant): SegmentGrant {
    this.#whole.set(grant.hi, grant.lo)
    const oldest = this.#whole.keys().next().value
    if (this.#whole.size > WHOLE_MAX && oldest !== undefined) this.#whole.delete(oldest)
    return this.got(grant)
  }

  /** Whether these are the end of a grant that stayed whole. */
  mayGoBack(unused: SegmentGrant): boolean {
    const lo = this.#whole.get(unused.hi)
    return lo !== undefined && lo <= unused.lo
  }
}

/** The dynamic step grows by less between two allocations. */
const UNUSUAL_FACTOR = 8
/** A buffer holds 8 segments, the one in use and one on its way; older ones are used up. */
const WHOLE_MAX = 16
