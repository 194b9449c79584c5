import type { Declaration, WantedDeclaration } from '../core/declaration.ts'
import type { Tag } from '../core/tag.ts'
import type { Page, PageRequest, TagChange, TagRef } from './catalog-store.ts'

/** Where a data centre stands in a tag's number space. */
export interface SegmentPlace {
  readonly dc: number
  /** Cell the next number lies in. */
  readonly cell: number
  /** First number not granted yet. */
  readonly nextValue: number
}

/** A live tag with who declares it, and the data centres that opened a range of it in this database, by number. */
export interface DeclaredTag {
  readonly tag: Tag
  readonly declaration: Declaration | undefined
  readonly places: readonly SegmentPlace[]
}

/** What `declare` did. */
export interface DeclaredChange {
  readonly before: Tag
  readonly after: Tag
  /** Whose the tag was. */
  readonly declaredBefore: Declaration | undefined
  /** Ids of the keys that were revoked, because they were others' who declared the tag before. */
  readonly endedKeys: readonly string[]
}

/** What `release` did. */
export interface ReleasedDeclaration {
  readonly declaration: Declaration
  /** Ids of the keys that were revoked with it. */
  readonly endedKeys: readonly string[]
}

/** What `forget` did. */
export interface ForgottenDeclaration {
  readonly declaration: Declaration | undefined
  /** Ids of keys that were made for objects that declared the tag, and are valid. */
  readonly validKeys: readonly string[]
}

/**
 * Which object declares which tag. While one does, `CatalogStore` refuses changes and deletions by others. A tag is
 * made together with its declaration by `CatalogStore.createTag`.
 *
 * Keys that were made for an object (`ApiKey.declaredBy`) are revoked in the transaction that ends its declaration: here,
 * in `CatalogStore.createTag` with a declaration, and in `deleteTag` for its owner.
 * @throws IDGEN_STORE_UNAVAILABLE from every method
 */
export interface DeclarationStore {
  find(ref: TagRef): Promise<DeclaredTag | undefined>
  /** Declared tags, of one cluster or of all, ordered by path; `page.after` is a path. */
  list(cluster: string | undefined, page: PageRequest): Promise<Page<DeclaredTag>>
  /** The object with this uid gave a declaration up, of whichever tag: whoever still speaks for it is late. */
  isOver(uid: string): Promise<boolean>
  /** The log of allocations knows of a grant in `dc` that reached `end` or went beyond: those numbers were not lost. */
  remembersGrant(tagId: number, dc: number, end: number): Promise<boolean>
  /**
   * Settles who declares the tag of this generation (core/declaration.ts) and, in the same transaction, records it and
   * changes the tag. Idempotent. A tag whose deletion was begun counts as gone.
   * @throws IDGEN_TAG_NOT_FOUND, IDGEN_DECLARATION_STALE, IDGEN_TAG_CLAIMED; nothing was written
   */
  declare(
    ref: TagRef,
    generation: string,
    wanted: WantedDeclaration,
    change: TagChange | undefined,
  ): Promise<DeclaredChange>
  /**
   * The object with this uid gives its declaration up; the tag stays, and the uid never declares again.
   * @returns what was given up; undefined: nothing of it was in force
   * @throws IDGEN_TAG_CLAIMED when another one's is
   */
  release(ref: TagRef, uid: string): Promise<ReleasedDeclaration | undefined>
  /** The object with this uid is gone, and declared nothing: the uid never declares. Idempotent. */
  end(uid: string): Promise<void>
  /**
   * Forgets who declares the tag, and that anybody gave it up, so that whoever asks next is taken. Keys stay: the object
   * may be there, in a cluster that was restored; they are revoked when another one declares the tag.
   * @throws IDGEN_TAG_NOT_FOUND
   */
  forget(ref: TagRef): Promise<ForgottenDeclaration>
}
