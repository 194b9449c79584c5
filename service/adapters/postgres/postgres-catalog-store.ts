import type { Declaration } from '../../core/declaration.ts'
import type { Tag } from '../../core/tag.ts'
import type {
  CatalogChanges,
  CatalogStore,
  Group,
  NamedPageRequest,
  NameGrave,
  NewTag,
  Page,
  PageRequest,
  SharedTag,
  TagChange,
  TagGrave,
  TagImport,
  TagPublication,
  TagRef,
  TagRemains,
  Workspace,
} from '../../ports/catalog-store.ts'
import { changesSince } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import { GroupRecords } from './group-records.ts'
import { TagExchange } from './tag-exchange.ts'
import { TagRecords, type TagRecordsOptions } from './tag-records.ts'
import { WorkspaceRecords } from './workspace-records.ts'

/** Workspaces, groups and tags in PostgreSQL; a file per kind holds the statements. */
export class PostgresCatalogStore implements CatalogStore {
  readonly #database: PostgresDatabase
  readonly #workspaces: WorkspaceRecords
  readonly #groups: GroupRecords
  readonly #tags: TagRecords
  readonly #exchange: TagExchange

  constructor(database: PostgresDatabase, options: TagRecordsOptions = {}) {
    this.#database = database
    this.#workspaces = new WorkspaceRecords(database)
    this.#groups = new GroupRecords(database)
    this.#tags = new TagRecords(database, this.#groups, options)
    this.#exchange = new TagExchange(database, this.#tags)
  }

  createWorkspace(name: string, displayName: string): Promise<Workspace> {
    return this.#workspaces.create(name, displayName)
  }

  findWorkspace(name: string): Promise<Workspace | undefined> {
    return this.#workspaces.find(name)
  }

  listWorkspaces(page: NamedPageRequest): Promise<Page<Workspace>> {
    return this.#workspaces.list(page)
  }

  updateWorkspace(name: string, displayName: string, ifVersion: number | undefined): Promise<Workspace> {
    return this.#workspaces.update(name, displayName, ifVersion)
  }

  deleteWorkspace(name: string, ifVersion: number | undefined): Promise<void> {
    return this.#workspaces.delete(name, ifVersion)
  }

  createGroup(workspace: string, name: string, displayName: string): Promise<Group> {
    return this.#groups.create(workspace, name, displayName)
  }

  findGroup(workspace: string, name: string): Promise<Group | undefined> {
    return this.#groups.find(workspace, name)
  }

  listGroups(workspace: string, page: NamedPageRequest): Promise<Page<Group>> {
    return this.#groups.list(workspace, page)
  }

  updateGroup(
    workspace: string,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Group> {
    return this.#groups.update(workspace, name, displayName, ifVersion)
  }

  deleteGroup(workspace: string, name: string, ifVersion: number | undefined): Promise<void> {
    return this.#groups.delete(workspace, name, ifVersion)
  }

  createTag(tag: NewTag, declaration?: Declaration): Promise<Tag> {
    return this.#tags.create(tag, declaration)
  }

  findTag(ref: TagRef): Promise<Tag | undefined> {
    return this.#tags.find(ref)
  }

  listTags(workspace: string, group: string, page: PageRequest): Promise<Page<Tag>> {
    return this.#tags.list(workspace, group, page)
  }

  updateTag(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag> {
    return this.#tags.update(ref, change, ifVersion)
  }

  beginDeletion(ref: TagRef, ifVersion: number | undefined, owner?: string): Promise<Tag> {
    return this.#tags.beginDeletion(ref, ifVersion, owner)
  }

  deleteTag(ref: TagRef, ifVersion: number | undefined, grave?: TagGrave, owner?: string): Promise<void> {
    return this.#tags.delete(ref, ifVersion, grave, owner)
  }

  findPublication(ref: TagRef): Promise<TagPublication | undefined> {
    return this.#exchange.find(ref)
  }

  listPublications(afterId: number, limit: number): Promise<readonly TagPublication[]> {
    return this.#exchange.list(afterId, limit)
  }

  markPublished(tag: Pick<Tag, 'id' | 'generation'>, revision: number): Promise<void> {
    return this.#exchange.markPublished(tag, revision)
  }

  importTag(tag: SharedTag, revision: number): Promise<TagImport | undefined> {
    return this.#exchange.import(tag, revision)
  }

  findRemains(ref: TagRef): Promise<TagRemains> {
    return this.#exchange.remains(ref)
  }

  listGraves(afterPath: string, limit: number): Promise<readonly NameGrave[]> {
    return this.#exchange.graves(afterPath, limit)
  }

  changesSince(revision: number): Promise<CatalogChanges> {
    return changesSince(this.#database, revision)
  }
}
