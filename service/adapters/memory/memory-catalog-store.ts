import { type ErrorCode, IdgenError } from '../../core/errors.ts'
import { SEGMENT_LIMIT, type Tag, tagPath } from '../../core/tag.ts'
import type {
  CatalogChanges,
  CatalogStore,
  Group,
  NewTag,
  Page,
  PageRequest,
  TagChange,
  TagRef,
  Workspace,
} from '../../ports/catalog-store.ts'
import type { MemoryCatalog } from './memory-catalog.ts'
import { pageOf } from './memory-page.ts'

export class MemoryCatalogStore implements CatalogStore {
  readonly #catalog: MemoryCatalog

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  async createWorkspace(name: string, displayName: string): Promise<Workspace> {
    absent(this.#catalog.workspaces, name)
    const workspace = { name, displayName, ...this.#birth() }
    this.#catalog.workspaces.set(name, workspace)
    this.#catalog.changed()
    return workspace
  }

  async findWorkspace(name: string): Promise<Workspace | undefined> {
    return this.#catalog.workspaces.get(name)
  }

  async listWorkspaces(page: PageRequest): Promise<Page<Workspace>> {
    return pageOf(this.#catalog.workspaces.values(), page, (workspace) => workspace.name)
  }

  async updateWorkspace(
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Workspace> {
    const before = this.#workspace(name, ifVersion)
    const after = { ...before, displayName, ...this.#growth(before) }
    this.#catalog.workspaces.set(name, after)
    this.#catalog.changed()
    return after
  }

  async deleteWorkspace(name: string, ifVersion: number | undefined): Promise<void> {
    this.#workspace(name, ifVersion)
    for (const group of this.#catalog.groups.values()) if (group.workspace === name) throw notEmpty(name)
    this.#catalog.workspaces.delete(name)
    this.#catalog.changed()
  }

  async createGroup(workspace: string, name: string, displayName: string): Promise<Group> {
    this.#workspace(workspace, undefined)
    const path = `${workspace}/${name}`
    absent(this.#catalog.groups, path)
    const group = { workspace, name, displayName, ...this.#birth() }
    this.#catalog.groups.set(path, group)
    this.#catalog.changed()
    return group
  }

  async findGroup(workspace: string, name: string): Promise<Group | undefined> {
    return this.#catalog.groups.get(`${workspace}/${name}`)
  }

  async listGroups(workspace: string, page: PageRequest): Promise<Page<Group>> {
    const groups = [...this.#catalog.groups.values()].filter((group) => group.workspace === workspace)
    return pageOf(groups, page, (group) => group.name)
  }

  async updateGroup(
    workspace: string,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Group> {
    const before = this.#group(workspace, name, ifVersion)
    const after = { ...before, displayName, ...this.#growth(before) }
    this.#catalog.groups.set(`${workspace}/${name}`, after)
    this.#catalog.changed()
    return after
  }

  async deleteGroup(workspace: string, name: string, ifVersion: number | undefined): Promise<void> {
    this.#group(workspace, name, ifVersion)
    for (const tag of this.#catalog.tags.values())
      if (tag.workspace === workspace && tag.group === name) throw notEmpty(`${workspace}/${name}`)
    this.#catalog.groups.delete(`${workspace}/${name}`)
    this.#catalog.changed()
  }

  async createTag(draft: NewTag): Promise<Tag> {
    this.#group(draft.workspace, draft.group, undefined)
    const path = tagPath(draft)
    absent(this.#catalog.tags, path)
    const startAt = Math.max(draft.space.startAt, this.#catalog.highWater.get(path) ?? 0)
    if (draft.space.cellSize * draft.space.dcCount > SEGMENT_LIMIT - startAt)
      throw new IdgenError('IDGEN_RANGE_EXHAUSTED', `No whole cells are left for ${path} above ${startAt}.`)
    const space = { ...draft.space, startAt }
    const id = this.#catalog.newTagId()
    const generation = draft.generation ?? id.toString(16).padStart(32, '0')
    const tag: Tag = { ...structuredClone(draft), space, id, generation, ...this.#birth() }
    this.#catalog.tags.set(path, tag)
    this.#catalog.tagsById.set(tag.id, tag)
    this.#catalog.changed('tag', path)
    return tag
  }

  async findTag(ref: TagRef): Promise<Tag | undefined> {
    return this.#catalog.tags.get(tagPath(ref))
  }

  async listTags(workspace: string, group: string, page: PageRequest): Promise<Page<Tag>> {
    const tags = [...this.#catalog.tags.values()].filter(
      (tag) => tag.workspace === workspace && tag.group === group,
    )
    return pageOf(tags, page, (tag) => tag.name)
  }

  async updateTag(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag> {
    const before = this.#tag(ref, ifVersion)
    const after: Tag = { ...before, ...structuredClone(change), ...this.#growth(before) }
    this.#catalog.tags.set(tagPath(ref), after)
    this.#catalog.tagsById.set(after.id, after)
    this.#catalog.changed('tag', tagPath(ref))
    return after
  }

  async deleteTag(ref: TagRef, ifVersion: number | undefined): Promise<void> {
    const { id, space } = this.#tag(ref, ifVersion)
    const path = tagPath(ref)
    let high = Math.max(space.startAt, this.#catalog.highWater.get(path) ?? 0)
    for (const { nextValue } of this.#catalog.segments.get(id)?.values() ?? [])
      high = Math.max(high, nextValue)
    this.#catalog.highWater.set(path, high)
    this.#catalog.tags.delete(path)
    this.#catalog.tagsById.delete(id)
    this.#catalog.changed('tag', path)
  }

  async changesSince(revision: number): Promise<CatalogChanges> {
    return {
      revision: this.#catalog.revision,
      tagPaths: this.#catalog.changedSince('tag', revision),
      keyIds: this.#catalog.changedSince('key', revision),
    }
  }

  #workspace(name: string, ifVersion: number | undefined): Workspace {
    return present(this.#catalog.workspaces, name, 'IDGEN_WORKSPACE_NOT_FOUND', ifVersion)
  }

  #group(workspace: string, name: string, ifVersion: number | undefined): Group {
    return present(this.#catalog.groups, `${workspace}/${name}`, 'IDGEN_GROUP_NOT_FOUND', ifVersion)
  }

  #tag(ref: TagRef, ifVersion: number | undefined): Tag {
    return present(this.#catalog.tags, tagPath(ref), 'IDGEN_TAG_NOT_FOUND', ifVersion)
  }

  #birth(): { version: number; createdAt: Date; updatedAt: Date } {
    const now = this.#catalog.now()
    return { version: 1, createdAt: now, updatedAt: now }
  }

  #growth(before: { version: number }): { version: number; updatedAt: Date } {
    return { version: before.version + 1, updatedAt: this.#catalog.now() }
  }
}

function absent(among: ReadonlyMap<string, unknown>, path: string): void {
  if (among.has(path)) throw new IdgenError('IDGEN_ALREADY_EXISTS', `There is ${path} already.`)
}

function present<T extends { readonly version: number }>(
  among: ReadonlyMap<string, T>,
  path: string,
  missing: ErrorCode,
  ifVersion: number | undefined,
): T {
  const found = among.get(path)
  if (found === undefined) throw new IdgenError(missing, `There is no ${path}.`)
  if (ifVersion === undefined || ifVersion === found.version) return found
  throw new IdgenError(
    'IDGEN_VERSION_MISMATCH',
    `${path} is at version ${found.version}, not ${ifVersion}: read it again and repeat the change.`,
  )
}

function notEmpty(path: string): IdgenError {
  return new IdgenError('IDGEN_NOT_EMPTY', `${path} still holds something; delete that first.`)
}
