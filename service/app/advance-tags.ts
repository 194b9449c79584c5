import { blocksOf } from '../core/coordination-keys.ts'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import { SEGMENT_LIMIT, type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { raiseFloor } from './block-floor.ts'
import type { SegmentAllocator } from './segment-allocator.ts'
import { parseTagPath } from './tag-directory.ts'

export interface AdvanceTagsOptions {
  readonly catalog: CatalogStore
  readonly allocator: SegmentAllocator
  readonly audit: AuditTrail
  /** Where blocks lie in Redis that were granted before; left out where there is no etcd. */
  readonly coordinator?: Coordinator
}

/** Either a number nothing below which may be granted any more, or how many numbers to leave out. */
export type AdvanceBy = { readonly to: number } | { readonly by: number }

export interface AdvancedTag {
  readonly path: string
  readonly dc: number
  /** First number that may be granted now. */
  readonly nextValue: number
}

/**
 * Raises what tags grant next, in every data centre of this database and, with etcd, in those of the others: after a
 * backup was restored without etcd, or when another system gave out numbers of the same space. Never lowers anything,
 * and no return lowers it (`placeOfMove`). Running processes go on with what they hold: stop them before, where that lies
 * below. Blocks in Redis would outlive that: none that begins below is used any more (app/block-floor.ts).
 */
export class AdvanceTags {
  readonly #options: AdvanceTagsOptions

  constructor(options: AdvanceTagsOptions) {
    this.#options = options
  }

  /** @throws IDGEN_TAG_NOT_FOUND, IDGEN_REQUEST_INVALID, IDGEN_RANGE_EXHAUSTED, IDGEN_WITNESS_UNAVAILABLE */
  async advance(
    actor: Actor,
    path: string,
    how: AdvanceBy,
    onDone: (tag: AdvancedTag) => void,
  ): Promise<void> {
    checkAmount(how)
    const tag = await this.#options.catalog.findTag(parseTagPath(path))
    if (tag === undefined) throw new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no tag ${path}.`)
    await this.#advanceTag(actor, tag, how, onDone)
  }

  /**
   * All that can be raised is, also when others cannot.
   * @throws IDGEN_REQUEST_INVALID with every tag that could not; what a later try may bring right ends it at once
   */
  async advanceAll(actor: Actor, how: AdvanceBy, onDone: (tag: AdvancedTag) => void): Promise<void> {
    checkAmount(how)
    const faults: FieldFault[] = []
    let failed = 0
    for await (const tag of this.#allTags())
      try {
        await this.#advanceTag(actor, tag, how, onDone)
      } catch (thrown) {
        const error = IdgenError.from(thrown)
        if (error.row.retryable || error.code === 'IDGEN_INTERNAL') throw thrown
        // One that was deleted meanwhile grants nothing any more.
        if (error.code === 'IDGEN_TAG_NOT_FOUND') continue
        failed += 1
        if (faults.length < FAULTS_MAX) faults.push({ path: tagPath(tag), message: error.message })
      }
    if (failed === 0) return
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${failed} tags could not be advanced and grant what they granted before; all others were.`,
      { faults },
    )
  }

  async #advanceTag(
    actor: Actor,
    tag: Tag,
    how: AdvanceBy,
    onDone: (tag: AdvancedTag) => void,
  ): Promise<void> {
    let exhausted: IdgenError | undefined
    for (let dc = 0; dc < tag.space.dcCount; dc += 1)
      try {
        onDone(await this.advanceIn(actor, tag, dc, how))
      } catch (thrown) {
        const error = IdgenError.from(thrown)
        if (error.code !== 'IDGEN_RANGE_EXHAUSTED') throw thrown
        // The cells of the others may still have room above.
        exhausted ??= error
      }
    if (exhausted !== undefined) throw exhausted
  }

  /** In one data centre. @throws IDGEN_RANGE_EXHAUSTED, IDGEN_TAG_NOT_FOUND, IDGEN_WITNESS_UNAVAILABLE */
  async advanceIn(actor: Actor, tag: Tag, dc: number, how: AdvanceBy): Promise<AdvancedTag> {
    const nextValue = await this.#options.allocator.advance(tag.id, dc, how)
    await this.#burnBlocks(tag, dc, nextValue)
    this.#tell(actor, tag, { ...how, dc, nextValue })
    return { path: tagPath(tag), dc, nextValue }
  }

  /** The floor first, for blocks that are on their way to etcd now; those that lie there would only be in the way. */
  async #burnBlocks({ generation }: Tag, dc: number, below: number): Promise<void> {
    const { coordinator } = this.#options
    if (coordinator === undefined) return
    await raiseFloor(coordinator, { generation, dc }, below)
    const { entries } = await coordinator.list(blocksOf(generation, dc))
    for (let from = 0; from < entries.length; from += DELETES_MAX)
      await coordinator.transact({
        compare: [],
        change: entries.slice(from, from + DELETES_MAX).map(({ key }) => ({ delete: key })),
      })
  }

  #tell(actor: Actor, tag: Tag, detail: Record<string, unknown>): void {
    const { workspace } = tag
    const action = 'tag.advance'
    this.#options.audit.record({ ...actor, action, subject: tagPath(tag), workspace, detail })
  }

  async *#allTags(): AsyncIterable<Tag> {
    const { catalog } = this.#options
    for await (const { name: workspace } of pages((page) => catalog.listWorkspaces(page)))
      for await (const { name: group } of pages((page) => catalog.listGroups(workspace, page)))
        yield* pages((page) => catalog.listTags(workspace, group, page))
  }
}

function checkAmount(how: AdvanceBy): void {
  const amount = 'to' in how ? how.to : how.by
  if (Number.isSafeInteger(amount) && amount >= 0 && amount < SEGMENT_LIMIT) return
  throw new IdgenError('IDGEN_REQUEST_INVALID', `The number must be from 0 to 2^53 - 1, not ${amount}.`)
}

async function* pages<T>(
  list: (page: { after: string | undefined; limit: number }) => Promise<{
    readonly items: readonly T[]
    readonly next: string | undefined
  }>,
): AsyncIterable<T> {
  let after: string | undefined
  do {
    const page = await list({ after, limit: PAGE })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

const PAGE = 500
/** etcd takes 128 operations in a transaction. */
const DELETES_MAX = 100
/** A person sees the pattern; the count says how many there are. */
const FAULTS_MAX = 100
