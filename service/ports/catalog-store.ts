import type { Declaration } from '../core/declaration.ts'
import type { Tag, TagDraft } from '../core/tag.ts'

export interface Workspace {
  readonly name: string
  readonly displayName: string
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface Group extends Workspace {
  readonly workspace: string
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Name to pass as `after` for the next page; undefined at the end. */
  readonly next: string | undefined
}

/** Ordered by name. limit: 1..1000, the caller checks. */
export interface PageRequest {
  readonly after: string | undefined
  readonly limit: number
}

/** `text`: only what has it in its name or in that for people, ASCII letters in whatever case; left out or empty: all. */
export interface NamedPageRequest extends PageRequest {
  readonly text?: string
}

export interface TagRef {
  readonly workspace: string
  readonly group: string
  readonly name: string
}

export interface NewTag extends TagRef, TagDraft {
  readonly displayName: string
  /**
   * Agreed upon with other databases; left out, the store makes one. With it the number space is agreed upon too, and
   * is taken exactly as it is.
   */
  readonly generation?: string
}

/** A tag as the coordinator's configuration key has it. */
export type SharedTag = NewTag & { readonly generation: string }

/** Fields left out stay as they are. A tag's number space never changes. */
export interface TagChange {
  readonly displayName?: string
  readonly chain?: Tag['chain']
  readonly step?: Tag['step']
}

/** A live tag and how far it was exchanged with the coordinator. */
export interface TagPublication {
  readonly tag: Tag
  /** Newest revision of the configuration key that the tag was published as or taken from; 0: none. */
  readonly configRevision: number
  /** Who declares it: then nobody else changes it. */
  readonly declaration: Declaration | undefined
  /** Its deletion was begun (`beginDeletion`), and whoever comes by carries it to its end. */
  readonly deleting: boolean
}

/** What an import did. `before` undefined: the tag was made. */
export interface TagImport {
  readonly before: Tag | undefined
  readonly after: Tag
}

/** What the tags of a name, live and deleted, leave for those that come after them. */
export interface TagRemains {
  /** First number above all that they may use or were granted in this database; 0 where there was none. */
  readonly highWater: number
  /** Of deleted tags, the newest ones (up to 100). */
  readonly deletedGenerations: readonly string[]
}

/** A name that tags were deleted from. */
export interface NameGrave {
  /** `w/g/t` */
  readonly path: string
  /** Of the tag deleted last in this database. */
  readonly generation: string
  /** First number above all that any of them was granted in this database. */
  readonly highWater: number
}

/** Which tag exactly is to be deleted, and above which number another one of its name has to begin. */
export interface TagGrave {
  readonly generation: string
  readonly atLeast: number
}

export interface CatalogChanges {
  /** Pass it to the next call. */
  readonly revision: number
  /** Another one when changes may have been lost: then revisions, and ids, may be given out again. */
  readonly history: string
  /** Paths (`w/g/t`) of tags created, updated or deleted since. */
  readonly tagPaths: readonly string[]
  /** Ids of API keys created, updated or revoked since. */
  readonly keyIds: readonly string[]
}

/**
 * Workspaces, groups and tags: the truth about names. Every write is one transaction and raises the catalogue's
 * revision in commit order, so that a follower that asks `changesSince` misses nothing.
 *
 * `ifVersion` undefined means unconditional; otherwise the write happens only at that version
 * (@throws IDGEN_VERSION_MISMATCH). Reads of what is not there give undefined; writes throw the NOT_FOUND codes.
 * All throw IDGEN_STORE_UNAVAILABLE when the store does not answer.
 */
export interface CatalogStore {
  /** @throws IDGEN_ALREADY_EXISTS */
  createWorkspace(name: string, displayName: string): Promise<Workspace>
  findWorkspace(name: string): Promise<Workspace | undefined>
  listWorkspaces(page: NamedPageRequest): Promise<Page<Workspace>>
  updateWorkspace(name: string, displayName: string, ifVersion: number | undefined): Promise<Workspace>
  /** @throws IDGEN_NOT_EMPTY while it has groups */
  deleteWorkspace(name: string, ifVersion: number | undefined): Promise<void>

  /** @throws IDGEN_ALREADY_EXISTS, IDGEN_WORKSPACE_NOT_FOUND */
  createGroup(workspace: string, name: string, displayName: string): Promise<Group>
  findGroup(workspace: string, name: string): Promise<Group | undefined>
  listGroups(workspace: string, page: NamedPageRequest): Promise<Page<Group>>
  updateGroup(
    workspace: string,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Group>
  /** @throws IDGEN_NOT_EMPTY while it has tags */
  deleteGroup(workspace: string, name: string, ifVersion: number | undefined): Promise<void>

  /**
   * Concurrent calls for one name: one wins, the others throw IDGEN_ALREADY_EXISTS. Where a tag of this name was
   * deleted before, the new one starts above the high water of the old one, whatever `space.startAt` says; with a
   * generation it is refused instead (@throws IDGEN_SPACE_MISMATCH), also when the generation was used before.
   * With `declaration` it is declared from the beginning (@throws IDGEN_DECLARATION_STALE: its object gave it up).
   */
  createTag(tag: NewTag, declaration?: Declaration): Promise<Tag>
  findTag(ref: TagRef): Promise<Tag | undefined>
  listTags(workspace: string, group: string, page: PageRequest): Promise<Page<Tag>>
  /** @throws IDGEN_TAG_DECLARED while an object declares it (DeclarationStore.declare changes it then) */
  updateTag(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag>
  /**
   * Notes that the tag is to be deleted, in the transaction that looks who declares it: from then on no object may begin
   * to declare it (DeclarationStore.declare), so what else the deletion needs can be done outside this store. There is no
   * way back. `owner` as of `deleteTag`. Idempotent.
   * @throws IDGEN_TAG_NOT_FOUND, IDGEN_TAG_DECLARED, IDGEN_TAG_CLAIMED, IDGEN_DECLARATION_STALE; nothing was noted
   */
  beginDeletion(ref: TagRef, ifVersion: number | undefined, owner?: string): Promise<Tag>
  /**
   * Leaves a tombstone with the high water; from the commit on no segment of the tag can be allocated. With `grave`
   * only the tag of that generation is deleted (@throws IDGEN_TAG_NOT_FOUND), and the high water is at least `atLeast`.
   *
   * While an object declares it, only that one deletes it: `owner` is its uid, which then gives its declaration up
   * (@throws IDGEN_TAG_DECLARED without, IDGEN_TAG_CLAIMED with another one). With `grave` the deletion was decided
   * elsewhere, where nobody grants its numbers any more, and nothing stops it. The owner that `beginDeletion` was given
   * gives its declaration up here, whoever calls.
   */
  deleteTag(ref: TagRef, ifVersion: number | undefined, grave?: TagGrave, owner?: string): Promise<void>

  findPublication(ref: TagRef): Promise<TagPublication | undefined>
  /** Live tags with an id above `afterId`, in the order of their ids; fewer than `limit` (1..1000) at the end. */
  listPublications(afterId: number, limit: number): Promise<readonly TagPublication[]>
  /**
   * The tag of this generation stands in the coordinator at this revision: a restored database gives ids out again. Only
   * forward; no change that followers are told of.
   */
  markPublished(tag: Pick<Tag, 'id' | 'generation'>, revision: number): Promise<void>
  /**
   * Takes the tag over as the coordinator had it at `revision`: makes it, with workspace and group where they are
   * missing, or takes its display name, chain and step. undefined: a revision at least as new was exchanged before, so
   * that of many callers one wins.
   * @throws IDGEN_SPACE_MISMATCH when the live tag has another generation or number space, the generation was deleted
   * here, or numbers of its space were granted to a deleted tag
   */
  importTag(tag: SharedTag, revision: number): Promise<TagImport | undefined>
  findRemains(ref: TagRef): Promise<TagRemains>
  /** Names of deleted tags above `afterPath`, in the order of their bytes; fewer than `limit` (1..1000) at the end. */
  listGraves(afterPath: string, limit: number): Promise<readonly NameGrave[]>

  /** Cheap when nothing changed (one row is read); asked about once a second by every process. */
  changesSince(revision: number): Promise<CatalogChanges>
}
