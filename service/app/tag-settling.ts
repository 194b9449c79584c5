import { tombstoneHigh } from '../core/cells.ts'
import { ownerText } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { bearsNoLayout } from '../core/name-layouts.ts'
import { parseRangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import { recordOf } from '../core/tag-record.ts'
import { planTagSync, type Refusal, type SyncPlan } from '../core/tag-sync-plan.ts'
import type { CatalogStore, TagPublication, TagRef, TagRemains } from '../ports/catalog-store.ts'
import type { CoordinatedKeys } from '../ports/coordinator.ts'
import { closeWitnesses } from './close-witness.ts'
import { reachChange } from './known-reach.ts'
import type { RangeConflicts } from './range-conflicts.ts'
import type { NameReading, SharedNames } from './shared-names.ts'
import type { SyncReport } from './sync-report.ts'
import { buryTag } from './tag-burial.ts'

export interface TagSettlingOptions {
  /** The database's own catalogue. */
  readonly catalog: CatalogStore
  readonly coordinator: CoordinatedKeys
  readonly names: SharedNames
  readonly conflicts: RangeConflicts
  readonly report: SyncReport
  /** A tag was made, changed or deleted in the database because the coordinator said so. */
  readonly onImported?: ((path: string) => void) | undefined
}

/** One name as found on both sides. */
interface Found {
  readonly ref: TagRef
  readonly reading: NameReading
  readonly publication: TagPublication | undefined
  readonly remains: TagRemains
}

/**
 * Makes one name the same in this database and in etcd: it is read on both sides, core/tag-sync-plan.ts says what follows, and a
 * compare on the side that is written lets one of all who are at it do it.
 */
export class TagSettling {
  readonly #options: TagSettlingOptions

  constructor(options: TagSettlingOptions) {
    this.#options = options
  }

  /**
   * `wasDeleted`: somebody took the key away, which is worth a record.
   * @throws IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE
   */
  async settle(path: string, ref: TagRef, wasDeleted: boolean): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const found = await this.#find(path, ref)
      const plan = await this.#plan(found)
      if (!(await this.#carryOut(found, plan, wasDeleted))) continue
      // Not before it was carried out: a claim of ours that fails leaves the name another one's.
      if (plan.kind !== 'conflict') this.#options.conflicts.cleared(path)
      return
    }
    throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', `${path} was changed by others again and again.`)
  }

  /**
   * Why this database does not take in the tag that etcd has under this name; undefined: it has one, or takes it in.
   * @throws IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE
   */
  async whyNotTaken(path: string, ref: TagRef): Promise<string | undefined> {
    const plan = await this.#plan(await this.#find(path, ref))
    return plan.kind === 'ignore' ? plan.refusal.why : undefined
  }

  /**
   * The coordinator first: what the database says then is at least as new, and a compare on the coordinator's side
   * fails when somebody published meanwhile. The other way round an old row could replace a newer key.
   */
  async #find(path: string, ref: TagRef): Promise<Found> {
    const { catalog, names } = this.#options
    const reading = await names.read(path)
    const publication = await catalog.findPublication(ref)
    const asked = publication === undefined ? reading.config !== undefined : !owns(reading, publication)
    return { ref, reading, publication, remains: asked ? await catalog.findRemains(ref) : UNASKED }
  }

  async #plan({ reading, publication, remains }: Found): Promise<SyncPlan> {
    const { names } = this.#options
    if (publication === undefined) return planTagSync(undefined, names.viewOf(reading, false), remains)
    const { tag, configRevision, declaration, deleting } = publication
    const closed = !owns(reading, publication) && (await names.isClosed(tag.generation))
    const declaredBy = declaration && ownerText(declaration.owner)
    const stored = { record: recordOf(tag), configRevision, declaredBy, deleting }
    return planTagSync(stored, names.viewOf(reading, closed), remains)
  }

  /** false: somebody changed what the plan rests on. */
  async #carryOut(found: Found, plan: SyncPlan, wasDeleted: boolean): Promise<boolean> {
    const { conflicts, catalog } = this.#options
    const { publication } = found
    switch (plan.kind) {
      case 'nothing':
        return true
      case 'mark':
        if (publication !== undefined) await catalog.markPublished(publication.tag, plan.revision)
        return true
      case 'publish':
        // The key of a tag that is published for the first time was another one's.
        wasDeleted &&= (publication?.configRevision ?? 0) > 0
        return await this.#publish(found, plan.refusal ?? (wasDeleted ? DELETED : undefined))
      case 'import':
      case 'create':
        return await this.#take(found, plan)
      case 'bury':
        return await this.#bury(found)
      case 'delete':
        return await this.#delete(found, plan.highWater)
      case 'remove':
        return await this.#remove(found, plan)
      case 'conflict':
        if (publication !== undefined)
          conflicts.found(publication.tag, plan.why, facesLayout(found.reading, publication))
        return true
      case 'ignore':
        this.#options.report.ignored(found.reading.path, found.reading.config?.modRevision ?? 0, plan.refusal)
        return true
    }
  }

  async #publish({ reading, publication, remains }: Found, refusal: Refusal | undefined): Promise<boolean> {
    if (publication === undefined) return true
    const { tag } = publication
    const { coordinator, names } = this.#options
    // With the claim, not after it: from then on another database may have the tag, and delete it.
    const reach = await reachChange(coordinator, tag, remains.highWater)
    const revision = await names.publish(reading, tag, reach)
    if (revision === undefined) return false
    // Who wrote it tells of it: all processes saw the same key, one of them puts it right.
    if (refusal !== undefined) this.#options.report.refused(reading, refusal, recordOf(tag))
    await this.#options.catalog.markPublished(tag, revision)
    return true
  }

  async #take({ ref, reading }: Found, plan: SyncPlan & { kind: 'import' | 'create' }): Promise<boolean> {
    const { names, catalog, onImported } = this.#options
    const { record, revision } = plan
    if (plan.kind === 'create' && reading.claim === undefined) {
      const claimed = await names.claim(reading, rangeClaimOf(record))
      if (claimed === undefined) return false
    }
    const taken = await catalog.importTag({ ...ref, ...record }, revision)
    if (taken !== undefined) this.#options.report.imported(reading.path, revision, taken)
    onImported?.(reading.path)
    return true
  }

  /** Whoever began it was interrupted, or is at it: both do the same. */
  async #bury({ reading, publication }: Found): Promise<boolean> {
    if (publication === undefined) return true
    const { tag } = publication
    const highWater = await buryTag(this.#options, tag)
    if (highWater === undefined) return false
    this.#options.report.ended(reading.path, tag, highWater)
    this.#options.onImported?.(reading.path)
    return true
  }

  async #delete({ ref, reading, publication }: Found, atLeast: number): Promise<boolean> {
    if (publication === undefined) return true
    const { tag } = publication
    const { catalog, names } = this.#options
    // Kept rounded, as a tombstone is: RangeWatch raises the tombstone to it should the call below fail.
    const known = (await catalog.findRemains(ref)).highWater
    const kept = known > atLeast ? tombstoneHigh(tag.space, known) : atLeast
    try {
      await catalog.deleteTag(ref, undefined, { generation: tag.generation, atLeast: kept })
      this.#options.report.deleted(reading.path, tag, kept)
    } catch (thrown) {
      if (IdgenError.from(thrown).code !== 'IDGEN_TAG_NOT_FOUND') throw thrown
    }
    this.#options.onImported?.(reading.path)
    // A tombstone knows what the witnesses knew; after etcd was restored, this database may know more.
    const { highWater } = await catalog.findRemains(ref)
    if (highWater > atLeast) {
      // Of what was granted between the two looks at it the round may be another one.
      const grave = {
        generation: tag.generation,
        highWater: tombstoneHigh(tag.space, highWater),
      }
      await names.raiseTombstone(reading.path, grave)
    }
    // Another tag may have the name by now.
    return reading.config === undefined
  }

  async #remove({ reading }: Found, { refusal, grave }: SyncPlan & { kind: 'remove' }): Promise<boolean> {
    const { names, coordinator } = this.#options
    const claim = grave === undefined ? undefined : parseRangeClaim(reading.claim?.value ?? '')
    // A restored etcd brought the witnesses back as well, open.
    const granted =
      claim === undefined
        ? 0
        : await closeWitnesses(coordinator, { generation: claim.generation, space: claim })
    // As in leaveTombstone: another data centre may have granted more than a restored etcd knows.
    const above = claim === undefined ? 0 : tombstoneHigh(claim, granted)
    const buried = grave && { ...grave, highWater: Math.max(grave.highWater, above) }
    const revision = await names.remove(reading, buried)
    if (revision === undefined) return false
    this.#options.report.refused(reading, refusal, undefined)
    return true
  }
}

function owns({ claim }: NameReading, { tag }: TagPublication): boolean {
  return parseRangeClaim(claim?.value ?? '')?.generation === tag.generation
}

/** Whether numbers of the name may be equal to any snowflake: of who claims it, or of whoever had it last. */
function facesLayout({ claim, tombstone, config }: NameReading, { tag }: TagPublication): boolean {
  const name = { claim: claim?.value, tombstone: tombstone?.value, config: config?.value }
  return !bearsNoLayout(name, rangeClaimOf(tag))
}

/** Each lost attempt means that another one was carried out. */
const ATTEMPTS_MAX = 5
const DELETED: Refusal = {
  code: 'IDGEN_CONFIG_INVALID',
  why: 'the key was deleted; delete a tag through the API',
  faults: [],
}
/** Not asked for where nothing rests on it. */
const UNASKED: TagRemains = { highWater: 0, deletedGenerations: [] }
