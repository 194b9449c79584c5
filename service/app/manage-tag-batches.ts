import { tagDeclared } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { isUnsure, type RefusedRow, type RowResult, rowResult } from '../core/row-result.ts'
import { withShownSpace } from '../core/shown-space.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { TagRef } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { TagBatch } from '../ports/tag-batch.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { type BatchStep, paired, sideBySide, stepsOf, together } from './row-batch.ts'
import type { TagDirectory } from './tag-directory.ts'
import { changeOf, newTagOf } from './tag-plan.ts'
import type { TagRequest } from './tag-request.ts'

export interface ManageTagBatchesOptions {
  readonly batch: TagBatch
  /** What of this process must follow a change at once. */
  readonly directory: Pick<TagDirectory, 'refresh' | 'drop'>
  readonly audit: AuditTrail
  readonly clock: Pick<Clock, 'nowMs'>
}

export interface WantedTag {
  readonly ref: TagRef
  readonly request: TagRequest
}

/**
 * Creates, changes and deletes many tags at once, each as ManageCatalog does it with one: the same checks, the same record
 * in the audit log. A row that is refused stops none of the others. Where the store fails, all rows that it had are refused
 * with that error, and what it says of the outcome holds for each of them: they have a record too, that says that it is unknown.
 */
export class ManageTagBatches {
  readonly #options: ManageTagBatchesOptions

  constructor(options: ManageTagBatchesOptions) {
    this.#options = options
  }

  /** @throws IDGEN_STORE_UNAVAILABLE */
  async tags(refs: readonly TagRef[]): Promise<readonly RowResult<Tag>[]> {
    const found = await this.#options.batch.findTags(refs)
    return paired(refs, found).map(({ row, result }) =>
      rowResult(() => {
        if (result === undefined)
          throw new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no tag ${tagPath(row)}.`)
        return result
      }),
    )
  }

  /**
   * For a look at what a change would do: the tags that are declared elsewhere are refused.
   * @throws IDGEN_STORE_UNAVAILABLE
   */
  async undeclared(tags: readonly Tag[]): Promise<readonly RowResult<Tag>[]> {
    const found = await this.#options.batch.findDeclarations(tags)
    return paired(tags, found).map(({ row, result }) =>
      rowResult(() => {
        if (result !== undefined) throw tagDeclared(tagPath(row), result.owner)
        return row
      }),
    )
  }

  async createTags(actor: Actor, wanted: readonly WantedTag[]): Promise<readonly RowResult<Tag>[]> {
    const named = new Set<string>()
    const nowMs = this.#options.clock.nowMs()
    const planned = wanted.map(({ ref, request }) =>
      rowResult(() => {
        refuseTwice(named, tagPath(ref))
        return newTagOf(ref, request, nowMs)
      }),
    )
    const results = await together(stepsOf(planned), (tags) => this.#options.batch.createTags(tags))
    for (const { row, result } of paired(planned, results)) {
      if ('value' in result)
        this.#record(actor, 'tag.create', result.value, { after: withShownSpace(result.value) })
      else if ('value' in row)
        this.#recordOpen(actor, 'tag.create', row.value, result, { wanted: withShownSpace(row.value) })
    }
    return results
  }

  /** The tags as they were read, none of them twice: what somebody else changed meanwhile is refused, not lost. */
  async updateTags(
    actor: Actor,
    tags: readonly Tag[],
    request: TagRequest,
  ): Promise<readonly RowResult<Tag>[]> {
    const { batch, directory } = this.#options
    const steps = tags.map((tag): BatchStep<ReturnType<typeof updateOf>, Tag> => {
      const planned = rowResult(() => changeOf(tag, request))
      if ('refused' in planned) return planned
      // A change that changes nothing raises no version.
      return planned.value === undefined ? { value: tag } : { todo: updateOf(tag, planned.value) }
    })
    const results = await together(steps, (updates) => batch.updateTags(updates))
    const changed = paired(tags, results).flatMap(({ row, result }) =>
      'value' in result && result.value !== row ? [{ before: row, after: result.value }] : [],
    )
    for (const { before, after } of changed)
      this.#record(actor, 'tag.update', after, {
        before: withShownSpace(before),
        after: withShownSpace(after),
      })
    for (const { row, result } of paired(steps, results))
      if ('todo' in row && 'refused' in result)
        this.#recordOpen(actor, 'tag.update', row.todo.ref, result, {
          before: withShownSpace(row.todo.ref),
          change: row.todo.change,
        })
    // Where it fails the catalogue's follower brings the change a second later.
    await sideBySide(changed, ({ after }) => directory.refresh(tagPath(after)))
    return results
  }

  /** As `updateTags`. */
  async deleteTags(actor: Actor, tags: readonly Tag[]): Promise<readonly RowResult<void>[]> {
    const { batch, directory } = this.#options
    const deletions = tags.map((tag) => ({ todo: { ref: tag, ifVersion: tag.version } }))
    const results = await together(deletions, (todo) => batch.deleteTags(todo))
    const gone = paired(tags, results).flatMap(({ row, result }) => ('value' in result ? [row] : []))
    await sideBySide(gone, (tag) => directory.drop(tagPath(tag), false))
    for (const { row: tag, result } of paired(tags, results)) {
      const detail = { before: withShownSpace(tag) }
      if ('value' in result) this.#record(actor, 'tag.delete', tag, detail)
      else this.#recordOpen(actor, 'tag.delete', tag, result, detail)
    }
    return results
  }

  /** What was refused for certain changed nothing, and has no record. */
  #recordOpen(
    actor: Actor,
    action: string,
    ref: TagRef,
    row: RefusedRow,
    detail: Record<string, unknown>,
  ): void {
    const { refused, isBegun = false } = row
    if (!isBegun && !isUnsure(row)) return
    const outcome = isBegun ? 'begun' : 'unknown'
    this.#record(actor, action, ref, { ...detail, outcome }, refused.code)
  }

  #record(actor: Actor, action: string, ref: TagRef, detail: Record<string, unknown>, result = 'ok'): void {
    const { workspace } = ref
    this.#options.audit.record({ ...actor, action, subject: tagPath(ref), workspace, result, detail })
  }
}

function updateOf(tag: Tag, change: NonNullable<ReturnType<typeof changeOf>>) {
  return { ref: tag, change, ifVersion: tag.version }
}

/** `named`: the paths of the rows above. @throws IDGEN_ALREADY_EXISTS */
export function refuseTwice(named: Set<string>, path: string): void {
  if (named.has(path))
    throw new IdgenError('IDGEN_ALREADY_EXISTS', `The tag ${path} is asked for above already.`)
  named.add(path)
}
