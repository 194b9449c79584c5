import type { Declaration } from '../core/declaration.ts'
import { mappedRow, type RowResult } from '../core/row-result.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { NewTag, TagRef } from '../ports/catalog-store.ts'
import type { TagBatch, TagDeletion, TagUpdate } from '../ports/tag-batch.ts'
import type { CoordinatedCatalogOptions } from './coordinated-catalog.ts'
import { type ClaimedName, NameClaims } from './name-claims.ts'
import { type BatchStep, paired, sideBySide, stepsOf, together } from './row-batch.ts'
import { buriedHighWater } from './shared-names.ts'
import { endInEtcd } from './tag-burial.ts'

export interface CoordinatedTagBatchOptions extends CoordinatedCatalogOptions {
  /** The database's own. */
  readonly batch: TagBatch
}

/**
 * Many tags where several data centres share an etcd. Each of them takes the steps that CoordinatedCatalog has for one, in
 * the same order (decisions 0022, 0043); only what the database does is one transaction for all:
 *
 *     create   claim, claim, claim …        ──▶ one transaction ──▶ publish, publish, publish …
 *     delete   note all of them ──▶ close and bury, close and bury … ──▶ one transaction ──▶ look again …
 *
 * So between the claim of a tag and its row lies what the others need, as if its own database were slow: nothing rests on how
 * long that takes. A process that ends in between leaves claims, or deletions that are noted, as one that made a single tag does.
 */
export class CoordinatedTagBatch implements TagBatch {
  readonly #options: CoordinatedTagBatchOptions
  readonly #claims: NameClaims

  constructor(options: CoordinatedTagBatchOptions) {
    this.#options = options
    this.#claims = new NameClaims(options)
  }

  findTags(refs: readonly TagRef[]): Promise<readonly (Tag | undefined)[]> {
    return this.#options.batch.findTags(refs)
  }

  findDeclarations(refs: readonly TagRef[]): Promise<readonly (Declaration | undefined)[]> {
    return this.#options.batch.findDeclarations(refs)
  }

  async createTags(tags: readonly NewTag[]): Promise<readonly RowResult<Tag>[]> {
    const claimed = await sideBySide(tags, (tag) => this.#claims.claim(tag))
    return await together(stepsOf(claimed), (names) => this.#create(names))
  }

  async updateTags(updates: readonly TagUpdate[]): Promise<readonly RowResult<Tag>[]> {
    const results = await this.#options.batch.updateTags(updates)
    await this.#synced(
      paired(updates, results).map(({ row, result }) => ({ path: tagPath(row.ref), result })),
    )
    return results
  }

  beginDeletions(deletions: readonly TagDeletion[]): Promise<readonly RowResult<Tag>[]> {
    return this.#options.batch.beginDeletions(deletions)
  }

  async deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]> {
    const { batch, names } = this.#options
    // So that nothing is begun that cannot be ended, as for one tag.
    const endable = await sideBySide(deletions, async (deletion) => {
      buriedHighWater(await names.read(tagPath(deletion.ref)))
      return deletion
    })
    return await together(stepsOf(endable), async (todo) => {
      const begun = paired(todo, await batch.beginDeletions(todo)).map(({ row, result }) =>
        mappedRow(result, (tag): BegunDeletion => ({ tag, atLeast: row.grave?.atLeast ?? 0 })),
      )
      const ended = await together(stepsOf(begun), (deletion) => this.#end(deletion))
      // Where the note was taken there is no way back, whatever the error says.
      return paired(begun, ended).map(({ row, result }) =>
        'value' in row && 'refused' in result ? { ...result, isBegun: true } : result,
      )
    })
  }

  async #create(names: readonly ClaimedName[]): Promise<readonly RowResult<Tag>[]> {
    const { batch, sync } = this.#options
    const steps = names.map((name) => ({ todo: name.tag }))
    const results = await together(steps, (tags) => batch.createTags(tags))
    await sideBySide(paired(names, results), async ({ row, result }) => {
      if ('value' in result) await sync.sync(tagPath(row.tag))
      else await this.#claims.giveUp(row, result.refused)
    })
    return results
  }

  /** Each is ended in etcd before the database forgets it. What fails is carried on in the background. */
  async #end(deletions: readonly BegunDeletion[]): Promise<readonly RowResult<void>[]> {
    const { batch } = this.#options
    const buried = await sideBySide(deletions, ({ tag, atLeast }) => endInEtcd(this.#options, tag, atLeast))
    const steps = paired(deletions, buried).map(({ row, result }): BatchStep<TagDeletion, void> => {
      if ('refused' in result) return result
      const { tag } = row
      // undefined: somebody else was faster.
      return result.value === undefined
        ? { value: undefined }
        : {
            todo: {
              ref: tag,
              ifVersion: undefined,
              grave: { generation: tag.generation, atLeast: result.value },
            },
          }
    })
    const results = (await together(steps, (todo) => batch.deleteTags(todo))).map(
      // Another process saw the tombstone and was faster.
      (result) => (isGone(result) ? { value: undefined } : result),
    )
    await this.#synced(
      paired(deletions, results).map(({ row, result }) => ({ path: tagPath(row.tag), result })),
      (path) => this.#options.sync.notice(path),
    )
    return results
  }

  async #synced(
    rows: readonly { readonly path: string; readonly result: RowResult<unknown> }[],
    otherwise: (path: string) => void = () => {},
  ): Promise<void> {
    await sideBySide(rows, async ({ path, result }) => {
      if ('value' in result) await this.#options.sync.sync(path)
      else otherwise(path)
    })
  }
}

interface BegunDeletion {
  readonly tag: Tag
  readonly atLeast: number
}

function isGone(result: RowResult<void>): boolean {
  return 'refused' in result && result.refused.code === 'IDGEN_TAG_NOT_FOUND'
}
