import type { Declaration } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { withShownSpace } from '../core/shown-space.ts'
import { checkName, type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore, Group, TagRef, Workspace } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { TagDirectory } from './tag-directory.ts'
import { changeOf, newTagOf } from './tag-plan.ts'
import { checkDisplayName, type TagRequest } from './tag-request.ts'

export interface ManageCatalogOptions {
  readonly catalog: CatalogStore
  /** What of this process must follow a change at once. */
  readonly directory: Pick<TagDirectory, 'refresh' | 'drop'>
  readonly audit: AuditTrail
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Creates, changes and deletes workspaces, groups and tags: checked, audited, live in this process at once. */
export class ManageCatalog {
  readonly #options: ManageCatalogOptions

  constructor(options: ManageCatalogOptions) {
    this.#options = options
  }

  /** Reads need no rule beyond the store's own. */
  get store(): CatalogStore {
    return this.#options.catalog
  }

  async createWorkspace(actor: Actor, name: string, displayName: string): Promise<Workspace> {
    checkName('workspace', name)
    const made = await this.store.createWorkspace(name, checkDisplayName(displayName))
    this.#record(actor, 'workspace.create', name, { after: plain(made) })
    return made
  }

  /** @throws IDGEN_WORKSPACE_NOT_FOUND */
  async workspace(name: string): Promise<Workspace> {
    const found = await this.store.findWorkspace(checkName('workspace', name))
    if (found === undefined)
      throw new IdgenError('IDGEN_WORKSPACE_NOT_FOUND', `There is no workspace ${name}.`)
    return found
  }

  async updateWorkspace(
    actor: Actor,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Workspace> {
    const before = await this.workspace(name)
    if (checkDisplayName(displayName) === before.displayName && isCurrent(before, ifVersion)) return before
    const after = await this.store.updateWorkspace(name, checkDisplayName(displayName), ifVersion)
    this.#record(actor, 'workspace.update', name, { before: plain(before), after: plain(after) })
    return after
  }

  async deleteWorkspace(actor: Actor, name: string, ifVersion: number | undefined): Promise<void> {
    const before = await this.workspace(name)
    await this.store.deleteWorkspace(name, ifVersion)
    this.#record(actor, 'workspace.delete', name, { before: plain(before) })
  }

  async createGroup(actor: Actor, workspace: string, name: string, displayName: string): Promise<Group> {
    checkName('workspace', workspace)
    checkName('group', name)
    const made = await this.store.createGroup(workspace, name, checkDisplayName(displayName))
    this.#record(actor, 'group.create', `${workspace}/${name}`, { after: plain(made) })
    return made
  }

  /** @throws IDGEN_GROUP_NOT_FOUND */
  async group(workspace: string, name: string): Promise<Group> {
    const found = await this.store.findGroup(checkName('workspace', workspace), checkName('group', name))
    if (found === undefined)
      throw new IdgenError('IDGEN_GROUP_NOT_FOUND', `There is no group ${workspace}/${name}.`)
    return found
  }

  async updateGroup(
    actor: Actor,
    workspace: string,
    name: string,
    displayName: string,
    ifVersion: number | undefined,
  ): Promise<Group> {
    const before = await this.group(workspace, name)
    if (checkDisplayName(displayName) === before.displayName && isCurrent(before, ifVersion)) return before
    const after = await this.store.updateGroup(workspace, name, checkDisplayName(displayName), ifVersion)
    this.#record(actor, 'group.update', `${workspace}/${name}`, {
      before: plain(before),
      after: plain(after),
    })
    return after
  }

  async deleteGroup(
    actor: Actor,
    workspace: string,
    name: string,
    ifVersion: number | undefined,
  ): Promise<void> {
    const before = await this.group(workspace, name)
    await this.store.deleteGroup(workspace, name, ifVersion)
    this.#record(actor, 'group.delete', `${workspace}/${name}`, { before: plain(before) })
  }

  async createTag(actor: Actor, ref: TagRef, request: TagRequest, declaration?: Declaration): Promise<Tag> {
    const tag = await this.store.createTag(newTagOf(ref, request, this.#options.clock.nowMs()), declaration)
    this.#record(actor, 'tag.create', tagPath(ref), {
      after: withShownSpace(tag),
      ...(declaration && { declaration }),
    })
    return tag
  }

  /** @throws IDGEN_TAG_NOT_FOUND */
  async tag(ref: TagRef): Promise<Tag> {
    checkName('workspace', ref.workspace)
    checkName('group', ref.group)
    const found = await this.store.findTag({ ...ref, name: checkName('tag', ref.name) })
    if (found === undefined) throw new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no tag ${tagPath(ref)}.`)
    return found
  }

  /** @throws IDGEN_IMMUTABLE when the request names another number space than the tag has */
  async updateTag(
    actor: Actor,
    ref: TagRef,
    request: TagRequest,
    ifVersion: number | undefined,
  ): Promise<Tag> {
    const before = await this.tag(ref)
    const change = changeOf(before, request)
    if (change === undefined && isCurrent(before, ifVersion)) return before
    const { displayName, chain, step } = change ?? before
    const after = await this.store.updateTag(ref, { displayName, chain, step }, ifVersion)
    await this.#options.directory.refresh(tagPath(ref))
    this.#record(actor, 'tag.update', tagPath(ref), {
      before: withShownSpace(before),
      after: withShownSpace(after),
    })
    return after
  }

  /** `owner`: the uid of the object that declares it and goes with it. */
  async deleteTag(actor: Actor, ref: TagRef, ifVersion: number | undefined, owner?: string): Promise<void> {
    const before = await this.tag(ref)
    await this.store.deleteTag(ref, ifVersion, undefined, owner)
    await this.#options.directory.drop(tagPath(ref), false)
    this.#record(actor, 'tag.delete', tagPath(ref), { before: withShownSpace(before) })
  }

  #record(actor: Actor, action: string, subject: string, detail: Record<string, unknown>): void {
    this.#options.audit.record({ ...actor, action, subject, workspace: subject.split('/')[0], detail })
  }
}

/** A change that changes nothing raises no version, unless it names one that the store must refuse. */
function isCurrent(before: { readonly version: number }, ifVersion: number | undefined): boolean {
  return ifVersion === undefined || ifVersion === before.version
}

function plain(value: object): Record<string, unknown> {
  return { ...value }
}
