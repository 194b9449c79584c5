import type { SegmentGrant } from '../core/grant.ts'

export interface SegmentUsage {
  readonly tagId: number
  readonly dc: number
  /** Share of the data centre's number space that was granted, 0..1. */
  readonly usedShare: number
}

/**
 * Gives out segment grants. The store decides alone, by one atomic change per grant: any number of processes
 * may call at once, and two grants of one (tag, dc) never overlap.
 *
 * `generation` says which tag the caller means: a database restored from a backup gives ids out again, and then the id
 * of a tag that is still in somebody's memory names another one. Who serves a tag always gives it; it is left out where
 * the id was read just now.
 */
export interface SegmentStore {
  /**
   * Makes the record of (tag, dc) and opens its first cell. Idempotent; concurrent calls are safe.
   * @throws IDGEN_TAG_NOT_FOUND, IDGEN_STORE_UNAVAILABLE
   */
  initialise(tagId: number, dc: number): Promise<void>
  /** The same for every live tag that has no record in `dc` yet; says how many were opened. Idempotent. */
  initialiseAll(dc: number): Promise<number>
  /**
   * Takes the next `step` (1..STEP_MAX) numbers; fewer where the cell ends (a grant never crosses a cell).
   * Initialises (tag, dc) where that was not done. Not idempotent: a call whose outcome is unknown has burnt
   * its numbers, and the caller just asks again.
   * `least`: of a tag that writes dates, take none where its date has fewer left; otherwise they would lie with a caller
   * who has no use for so few, and be missing for all others.
   * @throws IDGEN_COUNT_OUT_OF_RANGE when the date has fewer than `least` left; nothing was taken
   * @throws IDGEN_RANGE_EXHAUSTED when the data centre has no cell left
   * @throws IDGEN_TAG_NOT_FOUND when the tag was deleted, or the id is that of another tag by now
   * @throws IDGEN_STORE_UNAVAILABLE when the store did not answer, or answered other than with a plain commit
   */
  allocate(
    tagId: number,
    dc: number,
    step: number,
    generation?: string,
    least?: number,
  ): Promise<SegmentGrant>
  /**
   * Returns the unused end [from, hi) of the newest grant, if and only if nobody took numbers after it.
   * One compare-and-set; false means that they stay burnt. The caller must have stopped issuing from it for good.
   */
  giveBack(tagId: number, dc: number, unused: SegmentGrant, generation?: string): Promise<boolean>
  /** Of all live tags of this data centre, in no order. */
  usage(dc: number): Promise<SegmentUsage[]>
}
