import type { Declaration } from '../core/declaration.ts'
import type { RowResult } from '../core/row-result.ts'
import type { Tag } from '../core/tag.ts'
import type { NewTag, TagChange, TagGrave, TagPublication, TagRef, TagRemains } from './catalog-store.ts'

export interface TagUpdate {
  readonly ref: TagRef
  readonly change: TagChange
  readonly ifVersion: number | undefined
}

export interface TagDeletion {
  readonly ref: TagRef
  readonly ifVersion: number | undefined
  readonly grave?: TagGrave
}

/** A tag, and the revision of the coordinator at which it stands there. */
export interface Publishing {
  readonly tag: Pick<Tag, 'id' | 'generation'>
  readonly revision: number
}

/**
 * Changes of many tags, each as the method of CatalogStore for one tag has it, with the same refusals: a row that is refused
 * changes nothing and stops none of the others. What is not refused is written in one transaction, all of it or nothing.
 * Results come in the order of the rows.
 *
 * Rows: up to 1000, and no tag twice; the caller sees to both.
 *
 * @throws IDGEN_STORE_UNAVAILABLE nothing is known of any row: all of them were carried out, or none
 */
export interface TagBatch {
  /** undefined for a tag that is not there. One look, however many. */
  findTags(refs: readonly TagRef[]): Promise<readonly (Tag | undefined)[]>
  /** Who declares each of them: nobody else changes or deletes it then. undefined: nobody, or the tag is not there. One look. */
  findDeclarations(refs: readonly TagRef[]): Promise<readonly (Declaration | undefined)[]>
  createTags(tags: readonly NewTag[]): Promise<readonly RowResult<Tag>[]>
  updateTags(updates: readonly TagUpdate[]): Promise<readonly RowResult<Tag>[]>
  beginDeletions(deletions: readonly TagDeletion[]): Promise<readonly RowResult<Tag>[]>
  deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]>
}

/** What the exchange with a coordinator needs besides, as the methods of CatalogStore have it for one tag. */
export interface TagBatchStore extends TagBatch {
  /** In the order of the names. One look. */
  findRemains(refs: readonly TagRef[]): Promise<readonly TagRemains[]>
  /** As `findRemains`. */
  findPublications(refs: readonly TagRef[]): Promise<readonly (TagPublication | undefined)[]>
  /** Of some it may be noted when it fails; call again. Idempotent. */
  markPublished(tags: readonly Publishing[]): Promise<void>
}
