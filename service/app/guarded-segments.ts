import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import type { SegmentStore, SegmentUsage } from '../ports/segment-store.ts'

/**
 * Refuses allocations of tags whose numbers another database may grant too (RangeConflicts.reasons). It stands in front
 * of everything that grants, caches included.
 */
export class GuardedSegments implements SegmentStore {
  readonly #inner: SegmentStore
  readonly #refused: ReadonlyMap<number, string>

  /** `refused`: why, by tag id; looked at with every allocation. */
  constructor(inner: SegmentStore, refused: ReadonlyMap<number, string>) {
    this.#inner = inner
    this.#refused = refused
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#inner.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#inner.initialiseAll(dc)
  }

  /** @throws IDGEN_SPACE_MISMATCH as long as the tag is in conflict */
  async allocate(...wanted: Parameters<SegmentStore['allocate']>): Promise<SegmentGrant> {
    const [tagId] = wanted
    this.#check(tagId)
    const grant = await this.#inner.allocate(...wanted)
    // The conflict may have been found meanwhile; then the numbers stay burnt.
    this.#check(tagId)
    return grant
  }

  giveBack(...unused: Parameters<SegmentStore['giveBack']>): Promise<boolean> {
    return this.#inner.giveBack(...unused)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#inner.usage(dc)
  }

  #check(tagId: number): void {
    const why = this.#refused.get(tagId)
    if (why !== undefined) throw inConflict(tagId, why)
  }
}

export function inConflict(tagId: number, why: string): IdgenError {
  return new IdgenError(
    'IDGEN_SPACE_MISMATCH',
    `No numbers are granted to the tag with the id ${tagId} while its number range is in conflict: ${why}. Delete one of the two tags, or put right what etcd has of its name.`,
  )
}
