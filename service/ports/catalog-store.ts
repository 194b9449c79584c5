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

export interface TagRef {
  readonly workspace: string
  readonly group: string
  readonly name: string
}

export interface NewTag extends TagRef, TagDraft {
  readonly displayName: string
  /** Of a tag that another database made first; left out for a new one. */
  readonly generation?: string
}

/** Fields left out stay as they are. A tag's number space never changes. */
export interface TagChange {
  readonly displayName?: string
  readonly chain?: Tag['chain']
  readonly step?: Tag['step']
}

export interface CatalogChanges {
  /** Pass it to the next call. */
  readonly revision: number
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
  listWorkspaces(page: PageRequest): Promise<Page<Workspace>>
  updateWorkspace(name: string, displayName: string, ifVersion: number | undefined): Promise<Workspace>
  /** @throws IDGEN_NOT_EMPTY while it has groups */
  deleteWorkspace(name: string, ifVersion: number | undefined): Promise<void>

  /** @throws IDGEN_ALREADY_EXISTS, IDGEN_WORKSPACE_NOT_FOUND */
  createGroup(workspace: string, name: string, displayName: string): Promise<Group>
  findGroup(workspace: string, name: string): Promise<Group | undefined>
  listGroups(workspace: string, page: PageRequest): Promise<Page<Group>>
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
   * deleted before, the new one starts above the high water of the old one, whatever `space.startAt` says.
   */
  createTag(tag: NewTag): Promise<Tag>
  findTag(ref: TagRef): Promise<Tag | undefined>
  listTags(workspace: string, group: string, page: PageRequest): Promise<Page<Tag>>
  updateTag(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag>
  /** Leaves a tombstone with the high water; from the commit on no segment of the tag can be allocated. */
  deleteTag(ref: TagRef, ifVersion: number | undefined): Promise<void>

  /** Cheap when nothing changed (one row is read); asked about once a second by every process. */
  changesSince(revision: number): Promise<CatalogChanges>
}
