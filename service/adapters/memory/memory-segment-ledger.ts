import { cellBounds, cellExists, firstCell, usedShare } from '../../core/cells.ts'
import { IdgenError } from '../../core/errors.ts'
import type { SegmentGrant } from '../../core/grant.ts'
import { invariant } from '../../core/invariant.ts'
import type { Tag } from '../../core/tag.ts'
import type { LedgerRow, LedgerWrite, SegmentLedger } from '../../ports/segment-ledger.ts'
import type { SegmentUsage } from '../../ports/segment-store.ts'
import { GRANTS_KEPT, type MemoryCatalog, type MemorySegment } from './memory-catalog.ts'

export class MemorySegmentLedger implements SegmentLedger {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async initialise(tagId: number, dc: number): Promise<void> {
    this.#segment(this.#live(tagId), dc)
  }

  async initialiseAll(dc: number): Promise<number> {
    let opened = 0
    for (const tag of this.#catalog.tags.values()) {
      if (dc >= tag.space.dcCount || this.#catalog.segments.get(tag.id)?.has(dc)) continue
      this.#segment(tag, dc)
      opened += 1
    }
    return opened
  }

  async withRow<T>(
    _doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    const locked = await this.#lock(`${tagId}/${dc}`)
    try {
      const tag = this.#live(tagId)
      const segment = this.#segment(tag, dc)
      const { write, result } = await work({
        ...segment,
        space: tag.space,
        generation: tag.generation,
        published: (this.#catalog.configRevisions.get(tag.id) ?? 0) > 0,
        history: this.#catalog.history,
        nowMs: this.#catalog.clock.nowMs(),
      })
      if (write === undefined) return result
      // A tag may be deleted while `work` waits; PostgreSQL's locks make the deletion wait, here the commit fails.
      this.#live(tagId)
      invariant(cellExists(tag.space, write.cell), 'a cell lies below 2^53')
      const { cell, nextValue, ceiling, ceilingHistory } = write
      Object.assign(segment, { cell, nextValue, ceiling, ceilingHistory })
      segment.grantedTo = Math.max(segment.grantedTo, write.grant?.hi ?? 0)
      if (write.grant !== undefined) this.#note(tagId, dc, write.grant)
      return result
    } finally {
      locked()
    }
  }

  async usage(dc: number): Promise<SegmentUsage[]> {
    const found: SegmentUsage[] = []
    for (const tag of this.#catalog.tags.values()) {
      const segment = this.#catalog.segments.get(tag.id)?.get(dc)
      if (segment === undefined) continue
      found.push({ tagId: tag.id, dc, usedShare: usedShare(tag.space, dc, segment.nextValue) })
    }
    return found
  }

  #note(tagId: number, dc: number, { lo, hi }: SegmentGrant): void {
    const grants = this.#catalog.grants.get(tagId) ?? []
    grants.push({ dc, numbers: hi - lo, at: new Date(this.#catalog.clock.nowMs()) })
    // As far as anybody reads back; a simulation makes millions.
    if (grants.length > GRANTS_KEPT) grants.shift()
    this.#catalog.grants.set(tagId, grants)
  }

  /** Waits for the record's lock, in the order of asking; returns what lets go of it. */
  async #lock(record: string): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#catalog.rowLocks.get(record)
    this.#catalog.rowLocks.set(record, promise)
    await before
    return () => {
      if (this.#catalog.rowLocks.get(record) === promise) this.#catalog.rowLocks.delete(record)
      resolve()
    }
  }

  #live(tagId: number): Tag {
    const tag = this.#catalog.tagsById.get(tagId)
    if (tag !== undefined) return tag
    throw new IdgenError('IDGEN_TAG_NOT_FOUND', `The tag with the id ${tagId} does not exist or was deleted.`)
  }

  /** Opens the first cell where that was not done. */
  #segment(tag: Tag, dc: number): MemorySegment {
    const byDc = this.#catalog.segments.get(tag.id) ?? new Map<number, MemorySegment>()
    const known = byDc.get(dc)
    if (known !== undefined) return known
    if (dc >= tag.space.dcCount) throw noCell(tag, dc)
    const cell = firstCell(dc, tag.space.dcCount)
    if (!cellExists(tag.space, cell)) throw noCell(tag, dc)
    const nextValue = cellBounds(tag.space, cell).lo
    const segment = { cell, nextValue, ceiling: 0, ceilingHistory: '', grantedTo: 0 }
    this.#catalog.segments.set(tag.id, byDc.set(dc, segment))
    return segment
  }
}

function noCell(tag: Tag, dc: number): IdgenError {
  return new IdgenError(
    'IDGEN_RANGE_EXHAUSTED',
    `The tag with the id ${tag.id} has no numbers left for data centre ${dc}; make a new tag.`,
  )
}
