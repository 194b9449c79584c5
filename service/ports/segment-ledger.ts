import type { SegmentGrant } from '../core/grant.ts'
import type { NumberSpace } from '../core/tag.ts'
import type { SegmentUsage } from './segment-store.ts'

/** The record of (tag, dc) as read under its lock. */
export interface LedgerRow {
  readonly space: NumberSpace
  /** Names the tag in every store, for ever: 32 hex digits, new at every creation. */
  readonly generation: string
  /** Its name and numbers were agreed upon with the other databases at least once (CatalogStore.markPublished). */
  readonly published: boolean
  /** Cell the next number lies in. */
  readonly cell: number
  /** First number not granted yet; the end of `cell` when it is used up. */
  readonly nextValue: number
  /** Up to here the witness lets this database grant alone; 0 before it ever did. */
  readonly ceiling: number
  /** The database history that `ceiling` was promised to; '' before. */
  readonly ceilingHistory: string
  /**
   * The database's history now, read in this transaction: system identifier, timeline, start of the server. It changes
   * whenever commits may have been lost. '' where no witness is asked for.
   */
  readonly history: string
  /** The store's wall clock when the row was read, Unix milliseconds: says which date a dated tag writes. */
  readonly nowMs: number
}

/** What an allocation leaves behind: the row is written to exactly this. */
export interface LedgerWrite {
  readonly cell: number
  readonly nextValue: number
  readonly ceiling: number
  readonly ceilingHistory: string
  /** Logged with the allocation; left out where numbers are skipped or returned. */
  readonly grant?: SegmentGrant
}

/**
 * Who was granted which numbers, one record per (tag, dc), in PostgreSQL. It keeps records and locks; how far an
 * allocation goes is decided by app/segment-allocator.ts.
 */
export interface SegmentLedger {
  /**
   * Runs `work` in one transaction that locks the record of (tag, dc), made with its first cell where there is none.
   * Nobody else is in the same record's `work` meanwhile. `work` returns what to write (undefined: nothing) and its
   * result; writing a cell that was not open yet opens it. Resolves only after the command tag COMMIT without a
   * notice; an error of `work` rolls back.
   * @throws IDGEN_TAG_NOT_FOUND when the tag was deleted
   * @throws IDGEN_RANGE_EXHAUSTED when the data centre owns no cell of the tag
   * @throws IDGEN_STORE_UNAVAILABLE the store did not answer, or the outcome of the commit is unknown: everything
   * counts as both done and not done
   */
  withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T>
  /** Makes the record of (tag, dc) and opens its first cell. Idempotent; concurrent calls are safe. */
  initialise(tagId: number, dc: number): Promise<void>
  /** The same for every live tag that has no record in `dc` yet; says how many were opened. */
  initialiseAll(dc: number): Promise<number>
  /** Of all live tags of this data centre, in no order. */
  usage(dc: number): Promise<SegmentUsage[]>
}
