import { cellBounds, cellExists, firstCell, nextCell, usedShare } from '../../core/cells.ts'
import { IdgenError } from '../../core/errors.ts'
import type { SegmentGrant } from '../../core/grant.ts'
import { invariant } from '../../core/invariant.ts'
import { STEP_MAX, type Tag } from '../../core/tag.ts'
import type { SegmentStore, SegmentUsage } from '../../ports/segment-store.ts'
import type { MemoryCatalog, MemorySegment } from './memory-catalog.ts'

export class MemorySegmentStore implements SegmentStore {
  readonly #catalog: MemoryCatalog
  /** Ends of this process' grants that were not returned yet, as `tag/dc/hi` → lo: each is returned once at most. */
  readonly #granted = new Map<string, number>()

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

  async allocate(tagId: number, dc: number, step: number): Promise<SegmentGrant> {
    invariant(
      Number.isInteger(step) && step >= 1 && step <= STEP_MAX,
      `step ${step} is out of 1..${STEP_MAX}`,
    )
    const tag = this.#live(tagId)
    const segment = this.#segment(tag, dc)
    if (segment.nextValue === cellBounds(tag.space, segment.cell).hi) {
      const cell = nextCell(segment.cell, tag.space.dcCount)
      if (!cellExists(tag.space, cell)) throw noCell(tag, dc)
      segment.cell = cell
      segment.nextValue = cellBounds(tag.space, cell).lo
    }
    const lo = segment.nextValue
    const hi = Math.min(lo + step, cellBounds(tag.space, segment.cell).hi)
    segment.nextValue = hi
    this.#granted.set(`${tagId}/${dc}/${hi}`, lo)
    return { lo, hi }
  }

  async giveBack(tagId: number, dc: number, unused: SegmentGrant): Promise<boolean> {
    const end = `${tagId}/${dc}/${unused.hi}`
    const grantedLo = this.#granted.get(end)
    if (grantedLo === undefined || unused.lo < grantedLo || unused.lo >= unused.hi) return false
    this.#granted.delete(end)
    const tag = this.#catalog.tagsById.get(tagId)
    const segment = this.#catalog.segments.get(tagId)?.get(dc)
    if (tag === undefined || segment?.nextValue !== unused.hi) return false
    if (unused.lo < cellBounds(tag.space, segment.cell).lo) return false
    segment.nextValue = unused.lo
    return true
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
    const segment = { cell, nextValue: cellBounds(tag.space, cell).lo }
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
