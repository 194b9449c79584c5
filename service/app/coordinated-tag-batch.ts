import type { Declaration } from '../core/declaration.ts'
import { mappedRow, type RowResult } from '../core/row-result.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore, NewTag, TagRef } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { CoordinatedKeys } from '../ports/coordinator.ts'
import type { TagBatch, TagBatchStore, TagDeletion, TagUpdate } from '../ports/tag-batch.ts'
import type { CoordinatedCatalogOptions } from './coordinated-catalog.ts'
import { GatheredCatalog } from './gathered-catalog.ts'
import { GatheredKeys } from './gathered-keys.ts'
import { Gathering } from './gathering.ts'
import { type ClaimedName, NameClaims } from './name-claims.ts'
import { type BatchStep, paired, stepsOf, together } from './row-batch.ts'
import { buriedHighWater, type SharedNames } from './shared-names.ts'
import { endInEtcd } from './tag-burial.ts'
import type { NameSync } from './tag-sync.ts'

export interface CoordinatedTagBatchOptions extends CoordinatedCatalogOptions {
  /** The database's own. */
  readonly batch: TagBatchStore
  readonly clock: Clock
}

/**
 * Many tags where several data centres share an etcd. Each of them takes the steps that CoordinatedCatalog has for one, in
 * the same order (decisions 0022, 0043), by the same code; only what the database does is one transaction for all, and what all
 * of them ask at the same time goes in as few calls as it can (`Gathering`):
 *
 *     create   claim, claim, claim …        ──▶ one transaction ──▶ publish, publish, publish …
 *     delete   note all of them ──▶ close and bury, close and bury … ──▶ one transaction ──▶ look again …
 *
 * So between the claim of a tag and its row lies what the others need, as if its own database were slow: nothing rests on how
 * long that takes. A process that ends in between leaves claims, or deletions that are noted, as one that made a single tag does.
 */
export class CoordinatedTagBatch implements TagBatch {
  readonly #options: CoordinatedTagBatchOptions

  constructor(options: CoordinatedTagBatchOptions) {
    this.#options = options
  }

  findTags(refs: readonly TagRef[]): Promise<readonly (Tag | undefined)[]> {
    return this.#options.batch.findTags(refs)
  }

  findDeclarations(refs: readonly TagRef[]): Promise<readonly (Declaration | undefined)[]> {
    return this.#options.batch.findDeclarations(refs)
  }

  async createTags(tags: readonly NewTag[]): Promise<readonly RowResult<Tag>[]> {
    const stores = this.#gathered()
    const claims = new NameClaims({ ...this.#options, ...stores })
    const claimed = await stores.gathering.run(tags, (tag) => claims.claim(tag))
    return await together(stepsOf(claimed.map(untried)), (names) => this.#create(names, claims, stores))
  }

  async updateTags(updates: readonly TagUpdate[]): Promise<readonly RowResult<Tag>[]> {
    const results = await this.#options.batch.updateTags(updates)
    const rows = paired(updates, results).map(({ row, result }) => ({ path: tagPath(row.ref), result }))
    await synced(this.#gathered(), rows)
    return results
  }

  beginDeletions(deletions: readonly TagDeletion[]): Promise<readonly RowResult<Tag>[]> {
    return this.#options.batch.beginDeletions(deletions)
  }

  async deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]> {
    const { batch } = this.#options
    const stores = this.#gathered()
    // So that nothing is begun that cannot be ended, as for one tag.
    const endable = await stores.gathering.run(deletions, async (deletion) => {
      buriedHighWater(await stores.names.read(tagPath(deletion.ref)))
      return deletion
    })
    return await together(stepsOf(endable.map(untried)), async (todo) => {
      const begun = paired(todo, await batch.beginDeletions(todo)).map(({ row, result }) =>
        mappedRow(result, (tag): BegunDeletion => ({ tag, atLeast: row.grave?.atLeast ?? 0 })),
      )
      const ended = await together(stepsOf(begun), (deletion) => this.#end(deletion, stores))
      // Where the note was taken there is no way back, whatever the error says.
      return paired(begun, ended).map(({ row, result }) =>
        'value' in row && 'refused' in result ? { ...result, isBegun: true } : result,
      )
    })
  }

  async #create(
    names: readonly ClaimedName[],
    claims: NameClaims,
    { gathering, sync }: GatheredStores,
  ): Promise<readonly RowResult<Tag>[]> {
    const { batch } = this.#options
    const steps = names.map((name) => ({ todo: name.tag }))
    const results = await together(steps, (tags) => batch.createTags(tags))
    await gathering.run(paired(names, results), async ({ row, result }) => {
      if ('value' in result) await sync.sync(tagPath(row.tag))
      else await claims.giveUp(row, result.refused)
    })
    return results
  }

  /** Each is ended in etcd before the database forgets it. What fails is carried on in the background. */
  async #end(
    deletions: readonly BegunDeletion[],
    stores: GatheredStores,
  ): Promise<readonly RowResult<void>[]> {
    const { batch } = this.#options
    const buried = await stores.gathering.run(deletions, ({ tag, atLeast }) =>
      endInEtcd(stores, tag, atLeast),
    )
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
    const rows = paired(deletions, results).map(({ row, result }) => ({ path: tagPath(row.tag), result }))
    await synced(stores, rows, (path) => stores.sync.notice(path))
    return results
  }

  /** For one batch: what it has no answer from it asks no more. */
  #gathered(): GatheredStores {
    const { coordinator, names, sync, clock } = this.#options
    const gathering = new Gathering()
    const catalog = new GatheredCatalog({ ...this.#options, gathering })
    const keys = new GatheredKeys({ coordinator, gathering, clock })
    const stores = { catalog, coordinator: keys, names: names.through(keys) }
    return { ...stores, gathering, sync: sync.through(stores) }
  }
}

/** The stores as the rows of one batch see them. */
interface GatheredStores {
  readonly gathering: Gathering
  readonly catalog: CatalogStore
  readonly coordinator: CoordinatedKeys
  readonly names: SharedNames
  readonly sync: NameSync
}

interface BegunDeletion {
  readonly tag: Tag
  readonly atLeast: number
}

async function synced(
  { gathering, sync }: GatheredStores,
  rows: readonly { readonly path: string; readonly result: RowResult<unknown> }[],
  otherwise: (path: string) => void = () => {},
): Promise<void> {
  await gathering.run(rows, async ({ path, result }) => {
    if ('value' in result) await sync.sync(path)
    else otherwise(path)
  })
}

/** Refused before the database was told anything: whatever the error says, the tag is as it was. */
function untried<T>(row: RowResult<T>): RowResult<T> {
  return 'refused' in row ? { ...row, isUntried: true } : row
}

function isGone(result: RowResult<void>): boolean {
  return 'refused' in result && result.refused.code === 'IDGEN_TAG_NOT_FOUND'
}
