import type { SegmentGrant } from '../core/grant.ts'

/** What was asked of the store at a miss. */
interface Miss {
  readonly atMs: number
  readonly granted: number
  /** What the caller got since, this grant's own part included. */
  got: number
  /** Numbers put aside of which it is not known yet that somebody took them. */
  asideLo: number
  readonly asideHi: number
}

/**
 * What one process remembers of the blocks of one (tag, dc).
 *
 * Blocks nobody takes in time are waste, so putting aside has a budget: what may lie in the cache is what could be lost
 * without wasting more than WASTE_SHARE of all that this process got, and one block more.
 */
export class BlockShelf {
  /** End of the highest numbers this process got: what begins below would let IDs of one tag go back. */
  floor = 0
  /** Blocks are being put aside now; a miss meanwhile takes its own numbers only. */
  putting: Promise<void> | undefined
  readonly #blocksMax: number
  readonly #ttlMs: number
  /** Grants that came from the store and stayed whole, hi → lo: the only ones that may go back to it. */
  readonly #whole = new Map<number, number>()
  /** Numbers that may be lost yet; undefined before the first miss. */
  #budget: number | undefined
  #lastMiss: Miss | undefined
  #lastStep = 0

  constructor(blocksMax: number, ttlMs: number) {
    this.#blocksMax = blocksMax
    this.#ttlMs = ttlMs
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
   * How many blocks to put aside at this miss: as many as will be used up, with the caller's own, in half the time
   * blocks live, if all goes on as since the last miss; and no more than the budget allows.
   */
  blocksAt(nowMs: number, step: number): number {
    const most = this.#blocksMax * step
    this.#budget = Math.min(this.#budget ?? step, most)
    const last = this.#lastMiss
    if (last === undefined) return 0
    const sinceMs = Math.max(1, nowMs - last.atMs)
    this.lost(last.asideHi - last.asideLo)
    // Others may have taken what was put aside, and this process what others did: the group used the greater at least.
    const soon = (Math.max(last.granted, last.got) * this.#ttlMs) / 2 / sinceMs
    const blocks = Math.min(Math.floor(soon / step) - 1, Math.floor(this.#budget / step), this.#blocksMax)
    return Math.max(0, blocks)
  }

  /** What the store granted, up to `end` for the caller, the rest to be put aside. */
  missed(nowMs: number, grant: SegmentGrant, end: number): void {
    this.#lastMiss = { atMs: nowMs, granted: grant.hi - grant.lo, got: 0, asideLo: end, asideHi: grant.hi }
  }

  /**
   * The cache was asked for the lowest block at or above `from` and had none below `below`: what this process put aside
   * there was taken, unless it had expired by then.
   */
  sawNone(nowMs: number, from: number, below: number): void {
    const last = this.#lastMiss
    if (last === undefined || from > last.asideLo || nowMs - last.atMs >= this.#ttlMs) return
    last.asideLo = Math.min(last.asideHi, Math.max(last.asideLo, below))
  }

  /** So many numbers were put aside for nobody. */
  lost(numbers: number): void {
    this.#budget = (this.#budget ?? 0) - numbers
  }

  /** These numbers go to the caller now. */
  got(grant: SegmentGrant): SegmentGrant {
    this.floor = Math.max(this.floor, grant.hi)
    const size = grant.hi - grant.lo
    if (this.#budget !== undefined) this.#budget += size * WASTE_SHARE
    if (this.#lastMiss !== undefined) this.#lastMiss.got += size
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

/** allows 5 % in all; most of it is for what a stop leaves in memory. */
const WASTE_SHARE = 0.02
/** The dynamic step grows by less between two allocations. */
const UNUSUAL_FACTOR = 8
/** A buffer holds 8 segments, the one in use and one on its way; older ones are used up. */
const WHOLE_MAX = 16
