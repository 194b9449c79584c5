import { nextRound } from '../core/cells.ts'
import {
  type Declaration,
  settleDeclaration,
  tagClaimed,
  type WantedDeclaration,
} from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { layoutOf } from '../core/id-format.ts'
import { shownSpace, withShownSpace } from '../core/shown-space.ts'
import { checkName, type NumberSpace, SEGMENT_LIMIT, type Tag, tagPath } from '../core/tag.ts'
import { sameSpace } from '../core/tag-record.ts'
import type { Page, PageRequest, TagChange, TagRef } from '../ports/catalog-store.ts'
import type { DeclarationStore, DeclaredTag } from '../ports/declaration-store.ts'
import type { SegmentStore } from '../ports/segment-store.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { checkDeclareRequest } from './declare-request.ts'
import type { ManageCatalog } from './manage-catalog.ts'
import { type Floors, RaiseFloors, type RaiseFloorsOptions, refuseForeignFloors } from './raise-floors.ts'
import type { TagDirectory } from './tag-directory.ts'
import { checkDisplayName, completed, defined, refuseFaults, type TagRequest } from './tag-request.ts'
import { unlessPresent } from './unless-present.ts'

/** What an object says its tag should be. */
export interface DeclareRequest extends WantedDeclaration {
  /** What it leaves out has its default, but of the number space: that is as the tag has it. */
  readonly spec: TagRequest
  /** By data centre: numbers below were granted, as the object's status remembers it. */
  readonly floors: Floors
}

export interface DeclareOutcome extends DeclaredTag {
  readonly created: boolean
  /** Something was written. */
  readonly changed: boolean
  /** Data centres that stood below their floor. */
  readonly advanced: readonly number[]
}

export interface DeclareTagsOptions extends RaiseFloorsOptions {
  readonly catalog: ManageCatalog
  readonly segments: Pick<SegmentStore, 'initialise'>
  /** Of this process: its range is opened with the tag. */
  readonly dc: number
  readonly directory: Pick<TagDirectory, 'refresh'>
  readonly audit: AuditTrail
  /** Tells the other databases; left out where there is no etcd. Never rejects. */
  readonly publish?: (path: string) => Promise<void>
}

/** Throws unless the caller may manage `w`, `w/g` or `w/g/t`. */
export type Allow = (subject: string) => void

/**
 * Tags that objects outside declare (BizTags of a Kubernetes cluster): made, changed and deleted by their object alone.
 * Every call may be repeated; the database decides between those who speak at the same time (core/declaration.ts).
 */
export class DeclareTags {
  readonly #options: DeclareTagsOptions
  readonly #store: DeclarationStore
  readonly #floors: RaiseFloors

  constructor(options: DeclareTagsOptions) {
    this.#options = options
    this.#store = options.declarations
    this.#floors = new RaiseFloors(options)
  }

  /** @throws IDGEN_TAG_NOT_FOUND */
  async find(ref: TagRef): Promise<DeclaredTag> {
    checkRef(ref)
    const found = await this.#store.find(ref)
    if (found === undefined) throw new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no tag ${tagPath(ref)}.`)
    return found
  }

  list(cluster: string | undefined, page: PageRequest): Promise<Page<DeclaredTag>> {
    return this.#store.list(cluster, page)
  }

  /**
   * Makes the tag what the object says, with workspace and group where they are missing.
   * @throws IDGEN_DECLARATION_STALE, IDGEN_TAG_CLAIMED, IDGEN_IMMUTABLE, IDGEN_REQUEST_INVALID, IDGEN_RANGE_EXHAUSTED;
   * then nothing was changed but, at most, what the tag grants next was raised
   */
  async declare(actor: Actor, ref: TagRef, request: DeclareRequest, allow: Allow): Promise<DeclareOutcome> {
    checkRef(ref)
    checkDeclareRequest(request)
    let created = false
    let inTheWay: IdgenError | undefined
    let going: string | undefined
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const found = await this.#store.find(ref)
      if (found === undefined) {
        inTheWay = await this.#make(actor, ref, request, allow)
        created ||= inTheWay === undefined
        continue
      }
      const outcome = await this.#bringTo(actor, found, request)
      if (outcome !== undefined) return { ...outcome, created, changed: outcome.changed || created }
      // Once: while etcd is away the caller must hear of it before its patience ends.
      if (going === found.tag.generation) throw notGoneYet(ref)
      going = found.tag.generation
      // Deleted, or begun to be: where whoever began was interrupted, that is carried to its end, and the tag made anew.
      await this.#options.publish?.(tagPath(ref))
    }
    throw new IdgenError(
      'IDGEN_COORDINATION_UNAVAILABLE',
      inTheWay?.message ?? `${tagPath(ref)} is being made and deleted by others again and again; try again.`,
      { retryAfterMs: 1000 },
    )
  }

  /**
   * The object goes, and gives its declaration up; with `purge` the tag goes with it. What is gone already is no error.
   * @throws IDGEN_TAG_CLAIMED when another object declares the tag
   */
  async withdraw(actor: Actor, ref: TagRef, uid: string, policy: 'retain' | 'purge'): Promise<void> {
    checkRef(ref)
    const giveUp = (): Promise<boolean> =>
      policy === 'purge' ? this.#purge(actor, ref, uid) : this.#release(actor, ref, uid)
    if ((await giveUp()) || (await this.#store.isOver(uid))) return
    // Its declaration may be on the way yet, behind a slow database: it comes before this, or never.
    await this.#store.end(uid)
    await giveUp()
  }

  /** false: there was nothing to give up. */
  async #release(actor: Actor, ref: TagRef, uid: string): Promise<boolean> {
    const released = await this.#store.release(ref, uid)
    if (released !== undefined) this.#record(actor, 'tag.release', ref, { ...released })
    return released !== undefined
  }

  async #purge(actor: Actor, ref: TagRef, uid: string): Promise<boolean> {
    const declaration = (await this.#store.find(ref))?.declaration
    if (declaration === undefined) return false
    if (declaration.owner.uid !== uid) throw tagClaimed(tagPath(ref), declaration.owner)
    try {
      await this.#options.catalog.deleteTag(actor, ref, undefined, uid)
      return true
    } catch (thrown) {
      if (!GONE.includes(IdgenError.from(thrown).code)) throw thrown
      return false
    }
  }

  /** @returns what says that the name is taken: somebody was faster, or began and did not end */
  async #make(
    actor: Actor,
    ref: TagRef,
    request: DeclareRequest,
    allow: Allow,
  ): Promise<IdgenError | undefined> {
    const { catalog } = this.#options
    const over = await this.#store.isOver(request.owner.uid)
    settleDeclaration(tagPath(ref), { declaration: undefined, over }, request)
    const { spec } = request
    const draft = completed(spec)
    refuseFaults(draft)
    refuseForeignFloors(draft.space, request.floors)
    const space = spaceAbove(ref, request)
    const make = () => catalog.createTag(actor, ref, { ...spec, space }, declarationOf(request))
    try {
      return await nameTaken(make)
    } catch (thrown) {
      if (!NO_PLACE.includes(IdgenError.from(thrown).code)) throw thrown
    }
    await this.#makePlace(actor, ref, allow)
    return await nameTaken(make)
  }

  async #makePlace(actor: Actor, { workspace, group }: TagRef, allow: Allow): Promise<void> {
    const { catalog } = this.#options
    if ((await catalog.store.findWorkspace(workspace)) === undefined) {
      allow(workspace)
      await unlessPresent(() => catalog.createWorkspace(actor, workspace, ''))
    }
    allow(`${workspace}/${group}`)
    await unlessPresent(() => catalog.createGroup(actor, workspace, group, ''))
  }

  /** undefined: the tag was deleted meanwhile. */
  async #bringTo(
    actor: Actor,
    found: DeclaredTag,
    request: DeclareRequest,
  ): Promise<Omit<DeclareOutcome, 'created'> | undefined> {
    const { tag, declaration } = found
    const { uid } = request.owner
    const over = declaration?.owner.uid !== uid && (await this.#store.isOver(uid))
    const taken = settleDeclaration(tagPath(tag), { declaration, over }, request)
    const change = changeOf(tag, request.spec)
    try {
      const advanced = await this.#floors.raise(actor, found, request.floors)
      const isNew = taken || change !== undefined
      const written = isNew ? await this.#write(actor, found, request, change) : found
      const moved = (await this.#open(found)) || advanced.length > 0
      const after = moved ? await this.#store.find(tag) : written
      return after && { ...after, changed: isNew || advanced.length > 0, advanced }
    } catch (thrown) {
      if (IdgenError.from(thrown).code !== 'IDGEN_TAG_NOT_FOUND') throw thrown
      return undefined
    }
  }

  async #write(
    actor: Actor,
    { tag, places }: DeclaredTag,
    request: DeclareRequest,
    change: TagChange | undefined,
  ): Promise<DeclaredTag> {
    const { directory, publish } = this.#options
    const declaration = declarationOf(request)
    const { takeOverFrom } = request
    const wanted = { ...declaration, takeOverFrom }
    const done = await this.#store.declare(tag, tag.generation, wanted, change)
    const { declaredBefore, endedKeys } = done
    this.#record(actor, 'tag.declare', tag, { before: declaredBefore ?? null, after: declaration, endedKeys })
    const after = { tag: done.after, declaration, places }
    if (change === undefined) return after
    this.#record(actor, 'tag.update', tag, {
      before: withShownSpace(done.before),
      after: withShownSpace(done.after),
    })
    await directory.refresh(tagPath(tag))
    await publish?.(tagPath(tag))
    return after
  }

  /** So that the answer says where the tag's numbers begin, and its first ID does not wait for it. */
  async #open({ tag, places }: DeclaredTag): Promise<boolean> {
    const { segments, dc } = this.#options
    if (dc >= tag.space.dcCount || places.some((place) => place.dc === dc)) return false
    await segments.initialise(tag.id, dc)
    return true
  }

  #record(actor: Actor, action: string, ref: TagRef, detail: Record<string, unknown>): void {
    const { workspace } = ref
    this.#options.audit.record({ ...actor, action, subject: tagPath(ref), workspace, detail })
  }
}

function notGoneYet(ref: TagRef): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `The deletion of ${tagPath(ref)} has begun and could not be carried to its end yet; the tag is made anew after it. Try again.`,
    { retryAfterMs: 1000 },
  )
}

async function nameTaken(make: () => Promise<unknown>): Promise<IdgenError | undefined> {
  try {
    await make()
    return undefined
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    if (error.code !== 'IDGEN_ALREADY_EXISTS') throw thrown
    return error
  }
}

function checkRef(ref: TagRef): void {
  checkName('workspace', ref.workspace)
  checkName('group', ref.group)
  checkName('tag', ref.name)
}

function declarationOf({ owner, generation }: Declaration): Declaration {
  return { owner, generation }
}

/** What of the tag must change; undefined: nothing. @throws IDGEN_IMMUTABLE, IDGEN_REQUEST_INVALID */
function changeOf(tag: Tag, spec: TagRequest): TagChange | undefined {
  refuseSpace(tag, defined(spec.space))
  const draft = completed({ ...spec, space: tag.space })
  refuseFaults(draft)
  const { chain, step } = draft
  const displayName = checkDisplayName(spec.displayName ?? '')
  const same = JSON.stringify([displayName, chain, step.base, step.min, step.max])
  const { base, min, max } = tag.step
  return same === JSON.stringify([tag.displayName, tag.chain, base, min, max])
    ? undefined
    : { displayName, chain, step }
}

/** `startAt` is a least value: a tag that was made again begins above its deleted predecessor. */
function refuseSpace(tag: Tag, wanted: Partial<NumberSpace>): void {
  const { startAt = 0, cellSize = tag.space.cellSize, dcCount = tag.space.dcCount } = wanted
  const { format = tag.space.format } = wanted
  // Whatever remembers the object alone, after a restore, would make the tag again with numbers that it gave before.
  if (layoutOf(format) !== undefined && wanted.format === undefined)
    throw new IdgenError(
      'IDGEN_IMMUTABLE',
      `${tagPath(tag)} has a snowflake layout of its own, and its object says nothing of it: make the object anew with space.format ${JSON.stringify(shownSpace(tag.space).format)}.`,
    )
  const same = { startAt: tag.space.startAt, cellSize, dcCount, ...(format === undefined ? {} : { format }) }
  if (startAt <= tag.space.startAt && sameSpace(same, tag.space)) return
  throw new IdgenError(
    'IDGEN_IMMUTABLE',
    `The number space of ${tagPath(tag)} is fixed since it was made (${JSON.stringify(shownSpace(tag.space))}), and ${JSON.stringify(shownSpace(wanted))} is declared: IDs of two spaces could collide. Declare another tag instead.`,
  )
}

/**
 * Of a tag whose row, and tombstone, were lost: above everything that its object remembers. One that writes dates begins
 * with the date after those, which is a round of cells, and grants nothing before it has come.
 */
function spaceAbove(ref: TagRef, { spec, floors }: DeclareRequest): Partial<NumberSpace> {
  const { space } = completed(spec)
  const startAt = Math.max(space.startAt, nextRound(space, Math.max(0, ...floors.values())))
  if (space.cellSize * space.dcCount <= SEGMENT_LIMIT - startAt || startAt === space.startAt)
    return { ...defined(spec.space), startAt }
  throw new IdgenError(
    'IDGEN_RANGE_EXHAUSTED',
    `The tag ${tagPath(ref)} would begin at ${startAt}, above the numbers that its object remembers, and no whole cell for every data centre is left below 2^53: use another tag or smaller cells.`,
  )
}

/** Each lost attempt means that somebody else made or deleted the tag in between. */
const ATTEMPTS_MAX = 5
/** The group of a new tag is missing, or its workspace with it. */
const NO_PLACE: readonly string[] = ['IDGEN_GROUP_NOT_FOUND', 'IDGEN_WORKSPACE_NOT_FOUND']
/** The tag, or this object's declaration of it, went meanwhile. */
const GONE: readonly string[] = ['IDGEN_TAG_NOT_FOUND', 'IDGEN_DECLARATION_STALE']
