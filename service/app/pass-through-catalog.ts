import type { Declaration } from '../core/declaration.ts'
import type { Tag } from '../core/tag.ts'
import type {
  CatalogChanges,
  CatalogStore,
  Group,
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
} from '../ports/catalog-store.ts'

/** A catalogue that is another one; what stands in front of one overrides what it changes. */
export class PassThroughCatalog implements CatalogStore {
  readonly #inner: CatalogStore

  constructor(inner: CatalogStore) {
    this.#inner = inner
  }

  createWorkspace(name: string, displayName: string): Promise<Workspace> {
    return this.#inner.createWorkspace(name, displayName)
  }

  findWorkspace(name: string): Promise<Workspace | undefined> {
    return this.#inner.findWorkspace(name)
  }

  listWorkspaces(page: PageRequest): Promise<Page<Workspace>> {
    return this.#inner.listWorkspaces(page)
  }

  updateWorkspace(name: string, displayName: string, ifVersion: number | undefined): Promise<Workspace> {
    return this.#inner.updateWorkspace(name, displayName, ifVersion)
  }

  deleteWorkspace(name: string, ifVersion: number | undefined): Promise<void> {
    return this.#inner.deleteWorkspace(name, ifVersion)
  }

  createGroup(workspace: string, name: string, displayName: string): Promise<Group> {
    return this.#inner.createGroup(workspace, name, displayName)
  }

  findGroup(workspace: string, name: string): Promise<Group | undefined> {
    return this.#inner.findGroup(workspace, name)
  }

  listGroups(workspace: string, page: PageRequest): Promise<Page<Group>> {
    return this.#inner.listGroups(workspace, page)
  }

  updateGroup(
    workspace: string,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Group> {
    return this.#inner.updateGroup(workspace, name, displayName, ifVersion)
  }

  deleteGroup(workspace: string, name: string, ifVersion: number | undefined): Promise<void> {
    return this.#inner.deleteGroup(workspace, name, ifVersion)
  }

  createTag(tag: NewTag, declaration?: Declaration): Promise<Tag> {
    return this.#inner.createTag(tag, declaration)
  }

  findTag(ref: TagRef): Promise<Tag | undefined> {
    return this.#inner.findTag(ref)
  }

  listTags(workspace: string, group: string, page: PageRequest): Promise<Page<Tag>> {
    return this.#inner.listTags(workspace, group, page)
  }

  updateTag(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag> {
    return this.#inner.updateTag(ref, change, ifVersion)
  }

  beginDeletion(ref: TagRef, ifVersion: number | undefined, owner?: string): Promise<Tag> {
    return this.#inner.beginDeletion(ref, ifVersion, owner)
  }

  deleteTag(ref: TagRef, ifVersion: number | undefined, grave?: TagGrave, owner?: string): Promise<void> {
    return this.#inner.deleteTag(ref, ifVersion, grave, owner)
  }

  findPublication(ref: TagRef): Promise<TagPublication | undefined> {
    return this.#inner.findPublication(ref)
  }

  listPublications(afterId: number, limit: number): Promise<readonly TagPublication[]> {
    return this.#inner.listPublications(afterId, limit)
  }

  markPublished(tag: Pick<Tag, 'id' | 'generation'>, revision: number): Promise<void> {
    return this.#inner.markPublished(tag, revision)
  }

  importTag(tag: SharedTag, revision: number): Promise<TagImport | undefined> {
    return this.#inner.importTag(tag, revision)
  }

  findRemains(ref: TagRef): Promise<TagRemains> {
    return this.#inner.findRemains(ref)
  }

  listGraves(afterPath: string, limit: number): Promise<readonly NameGrave[]> {
    return this.#inner.listGraves(afterPath, limit)
  }

  changesSince(revision: number): Promise<CatalogChanges> {
    return this.#inner.changesSince(revision)
  }
}
