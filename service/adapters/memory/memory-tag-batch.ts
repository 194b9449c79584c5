import type { Declaration } from '../../core/declaration.ts'
import { IdgenError } from '../../core/errors.ts'
import { invariant } from '../../core/invariant.ts'
import { isUncertain, type RowResult } from '../../core/row-result.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { CatalogStore, NewTag, TagPublication, TagRef, TagRemains } from '../../ports/catalog-store.ts'
import type { Publishing, TagBatchStore, TagDeletion, TagUpdate } from '../../ports/tag-batch.ts'

/** One tag after the other, all of them begun in one turn: over MemoryCatalogStore nobody else comes in between. */
export class MemoryTagBatch implements TagBatchStore {
  readonly #catalog: CatalogStore

  constructor(catalog: CatalogStore) {
    this.#catalog = catalog
  }

  findTags(refs: readonly TagRef[]): Promise<readonly (Tag | undefined)[]> {
    return Promise.all(refs.map((ref) => this.#catalog.findTag(ref)))
  }

  findDeclarations(refs: readonly TagRef[]): Promise<readonly (Declaration | undefined)[]> {
    return Promise.all(refs.map(async (ref) => (await this.#catalog.findPublication(ref))?.declaration))
  }

  findRemains(refs: readonly TagRef[]): Promise<readonly TagRemains[]> {
    return Promise.all(refs.map((ref) => this.#catalog.findRemains(ref)))
  }

  findPublications(refs: readonly TagRef[]): Promise<readonly (TagPublication | undefined)[]> {
    return Promise.all(refs.map((ref) => this.#catalog.findPublication(ref)))
  }

  async markPublished(tags: readonly Publishing[]): Promise<void> {
    await Promise.all(tags.map(({ tag, revision }) => this.#catalog.markPublished(tag, revision)))
  }

  createTags(tags: readonly NewTag[]): Promise<readonly RowResult<Tag>[]> {
    return allOf(tags, tags, (tag) => this.#catalog.createTag(tag))
  }

  updateTags(updates: readonly TagUpdate[]): Promise<readonly RowResult<Tag>[]> {
    return allOf(refsOf(updates), updates, ({ ref, change, ifVersion }) =>
      this.#catalog.updateTag(ref, change, ifVersion),
    )
  }

  beginDeletions(deletions: readonly TagDeletion[]): Promise<readonly RowResult<Tag>[]> {
    return allOf(refsOf(deletions), deletions, ({ ref, ifVersion }) =>
      this.#catalog.beginDeletion(ref, ifVersion),
    )
  }

  deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]> {
    return allOf(refsOf(deletions), deletions, ({ ref, ifVersion, grave }) =>
      this.#catalog.deleteTag(ref, ifVersion, grave),
    )
  }
}

function refsOf(rows: readonly { readonly ref: TagRef }[]): readonly TagRef[] {
  return rows.map(({ ref }) => ref)
}

async function allOf<R, T>(
  refs: readonly TagRef[],
  rows: readonly R[],
  work: (row: R) => Promise<T>,
): Promise<RowResult<T>[]> {
  invariant(new Set(refs.map(tagPath)).size === refs.length, 'a batch names no tag twice')
  const outcomes = await Promise.allSettled(rows.map(work))
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return { value: outcome.value }
    // The whole transaction fails with what is no refusal of a row.
    const refused = IdgenError.from(outcome.reason)
    if (isUncertain(refused)) throw refused
    return { refused }
  })
}
