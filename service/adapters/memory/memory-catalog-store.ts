import { reachedValue, startAbove, tombstoneHigh } from '../../core/cells.ts'
import { type Declaration, refuseDeletion, settleDeclaration, tagDeclared } from '../../core/declaration.ts'
import { type ErrorCode, IdgenError } from '../../core/errors.ts'
import { tagIdOf } from '../../core/generation.ts'
import { invariant } from '../../core/invariant.ts'
import { SEGMENT_LIMIT, type Tag, tagPath } from '../../core/tag.ts'
import { sameSpace } from '../../core/tag-record.ts'
import { refuseFormatOfUsedName } from '../../core/used-name.ts'
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
import type { MemoryCatalog } from './memory-catalog.ts'
import { isNamed, pageOf } from './memory-page.ts'

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

  async listWorkspaces(page: NamedPageRequest): Promise<Page<Workspace>> {
    return pageOf(
      [...this.#catalog.workspaces.values()].filter(isNamed(page)),
      page,
      (workspace) => workspace.name,
    )
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

  async listGroups(workspace: string, page: NamedPageRequest): Promise<Page<Group>> {
    const groups = [...this.#catalog.groups.values()].filter((group) => group.workspace === workspace)
    return pageOf(groups.filter(isNamed(page)), page, (group) => group.name)
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

  async createTag(draft: NewTag, declaration?: Declaration): Promise<Tag> {
    this.#group(draft.workspace, draft.group, undefined)
    const path = tagPath(draft)
    if (declaration !== undefined) {
      const over = this.#catalog.releasedOwners.has(declaration.owner.uid)
      settleDeclaration(path, { declaration: undefined, over }, declaration)
    }
    absent(this.#catalog.tags, path)
    if (draft.generation !== undefined) this.#refuseUsed(path, draft.generation, draft.space.startAt)
    const high = this.#catalog.highWater.get(path)
    refuseFormatOfUsedName(path, draft.space, high !== undefined)
    const startAt = draft.generation === undefined ? startAbove(draft.space, high) : draft.space.startAt
    if (draft.space.cellSize * draft.space.dcCount > SEGMENT_LIMIT - startAt)
      throw new IdgenError('IDGEN_RANGE_EXHAUSTED', `No whole cells are left for ${path} above ${startAt}.`)
    const space = { ...draft.space, startAt }
    const generation = draft.generation ?? this.#catalog.newGeneration()
    const tag: Tag = {
      ...structuredClone(draft),
      space,
      id: tagIdOf(generation),
      generation,
      ...this.#birth(),
    }
    invariant(!this.#catalog.tagsById.has(tag.id), 'no two tags have one number')
    this.#catalog.tags.set(path, tag)
    this.#catalog.tagsById.set(tag.id, tag)
    if (declaration !== undefined) {
      this.#catalog.declarations.set(tag.id, { ...declaration })
      this.#catalog.endKeysOfOthers(path, declaration.owner.uid)
    }
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
    const declaration = this.#catalog.declarations.get(before.id)
    if (declaration !== undefined) throw tagDeclared(tagPath(ref), declaration.owner)
    return this.#catalog.changeTag(before, change)
  }

  async beginDeletion(ref: TagRef, ifVersion: number | undefined, owner?: string): Promise<Tag> {
    const tag = this.#tag(ref, ifVersion)
    refuseDeletion(tagPath(ref), this.#catalog.declarations.get(tag.id), owner)
    if (!this.#catalog.deletions.has(tag.id)) this.#catalog.deletions.set(tag.id, owner)
    this.#catalog.changed()
    return tag
  }

  async deleteTag(
    ref: TagRef,
    ifVersion: number | undefined,
    grave?: TagGrave,
    owner?: string,
  ): Promise<void> {
    const { id, space, generation } = this.#tag(ref, ifVersion)
    const path = tagPath(ref)
    const declaration = this.#catalog.declarations.get(id)
    if (grave === undefined) refuseDeletion(path, declaration, owner)
    if (grave !== undefined && grave.generation !== generation)
      throw new IdgenError(
        'IDGEN_TAG_NOT_FOUND',
        `There is no ${path} of the generation ${grave.generation}.`,
      )
    let high = space.startAt
    for (const [dc, { nextValue, ceiling }] of this.#catalog.segments.get(id) ?? [])
      high = Math.max(high, reachedValue(space, dc, nextValue), ceiling)
    const least = Math.max(this.#catalog.highWater.get(path) ?? 0, grave?.atLeast ?? 0)
    this.#catalog.highWater.set(path, Math.max(tombstoneHigh(space, high), least))
    this.#catalog.deletedGenerations.set(path, [...this.#deleted(path), generation])
    this.#catalog.tags.delete(path)
    this.#catalog.tagsById.delete(id)
    this.#catalog.declarations.delete(id)
    const going = this.#catalog.deletions.get(id) ?? owner
    this.#catalog.deletions.delete(id)
    if (going !== undefined) {
      if (declaration?.owner.uid === going) this.#catalog.releasedOwners.set(going, id)
      this.#catalog.endKeysOf(going)
    }
    this.#catalog.changed('tag', path)
  }

  async findPublication(ref: TagRef): Promise<TagPublication | undefined> {
    const tag = this.#catalog.tags.get(tagPath(ref))
    return tag === undefined ? undefined : this.#publication(tag)
  }

  async listPublications(afterId: number, limit: number): Promise<readonly TagPublication[]> {
    const later = [...this.#catalog.tagsById.values()].filter(({ id }) => id > afterId)
    const sorted = later.sort((a, b) => a.id - b.id)
    return sorted.slice(0, limit).map((tag) => this.#publication(tag))
  }

  async markPublished(
    { id: tagId, generation }: Pick<Tag, 'id' | 'generation'>,
    revision: number,
  ): Promise<void> {
    if (this.#catalog.tagsById.get(tagId)?.generation !== generation) return
    const before = this.#catalog.configRevisions.get(tagId) ?? 0
    this.#catalog.configRevisions.set(tagId, Math.max(before, revision))
  }

  async importTag(shared: SharedTag, revision: number): Promise<TagImport | undefined> {
    const path = tagPath(shared)
    const before = this.#catalog.tags.get(path)
    if (before === undefined) return { before, after: await this.#importNew(shared, revision) }
    if (before.generation !== shared.generation || !sameSpace(before.space, shared.space))
      throw new IdgenError('IDGEN_SPACE_MISMATCH', `${path} has another generation or number space here.`)
    if (this.#publication(before).configRevision >= revision) return undefined
    const { displayName, chain, step } = shared
    const after = this.#catalog.changeTag(before, { displayName, chain, step })
    // In the same turn: another caller must find both or neither.
    void this.markPublished(before, revision)
    return { before, after }
  }

  async findRemains(ref: TagRef): Promise<TagRemains> {
    const path = tagPath(ref)
    const tag = this.#catalog.tags.get(path)
    let highWater = Math.max(this.#catalog.highWater.get(path) ?? 0, tag?.space.startAt ?? 0)
    if (tag !== undefined)
      for (const [dc, { nextValue, ceiling }] of this.#catalog.segments.get(tag.id) ?? [])
        highWater = Math.max(highWater, reachedValue(tag.space, dc, nextValue), ceiling)
    return { highWater, deletedGenerations: this.#deleted(path).slice(-GENERATIONS_MAX).reverse() }
  }

  async listGraves(afterPath: string, limit: number): Promise<readonly NameGrave[]> {
    const paths = [...this.#catalog.highWater.keys()].filter((path) => path > afterPath).sort()
    return paths.slice(0, limit).map((path) => ({
      path,
      generation: this.#deleted(path).at(-1) ?? '',
      highWater: this.#catalog.highWater.get(path) ?? 0,
    }))
  }

  async changesSince(revision: number): Promise<CatalogChanges> {
    return {
      revision: this.#catalog.revision,
      history: this.#catalog.history,
      tagPaths: this.#catalog.changedSince('tag', revision),
      keyIds: this.#catalog.changedSince('key', revision),
    }
  }

  /** Without an await in between, as one transaction. */
  #importNew(shared: SharedTag, revision: number): Promise<Tag> {
    const { workspace, group } = shared
    this.#refuseUsed(tagPath(shared), shared.generation, shared.space.startAt)
    if (!this.#catalog.workspaces.has(workspace)) void this.createWorkspace(workspace, '')
    if (!this.#catalog.groups.has(`${workspace}/${group}`)) void this.createGroup(workspace, group, '')
    const made = this.createTag(shared)
    const tag = this.#catalog.tags.get(tagPath(shared))
    if (tag !== undefined) void this.markPublished(tag, revision)
    return made
  }

  #refuseUsed(path: string, generation: string, startAt: number): void {
    const high = this.#catalog.highWater.get(path) ?? 0
    const isLive = this.#catalog.tagsById.get(tagIdOf(generation))?.generation === generation
    if (high <= startAt && !isLive && !this.#deleted(path).includes(generation)) return
    throw new IdgenError('IDGEN_SPACE_MISMATCH', `${path} would use numbers of a deleted tag, below ${high}.`)
  }

  #deleted(path: string): readonly string[] {
    return this.#catalog.deletedGenerations.get(path) ?? []
  }

  #publication(tag: Tag): TagPublication {
    return {
      tag,
      configRevision: this.#catalog.configRevisions.get(tag.id) ?? 0,
      declaration: this.#catalog.declarations.get(tag.id),
      deleting: this.#catalog.deletions.has(tag.id),
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

const GENERATIONS_MAX = 100
