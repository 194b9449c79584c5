import { nextRound } from '../core/cells.ts'
import type { Declaration } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { GENERATION_BYTES, generationOf } from '../core/generation.ts'
import { parseRangeClaim, type RangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import { type NumberSpace, SEGMENT_LIMIT, type Tag, tagPath } from '../core/tag.ts'
import { parseTombstone } from '../core/tombstone.ts'
import type {
  CatalogStore,
  NewTag,
  TagChange,
  TagGrave,
  TagPublication,
  TagRef,
  TagRemains,
} from '../ports/catalog-store.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Random } from '../ports/random.ts'
import { closeWitnesses } from './close-witness.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'
import type { NameReading, SharedNames } from './shared-names.ts'
import type { TagSync } from './tag-sync.ts'

export interface CoordinatedCatalogOptions {
  readonly catalog: CatalogStore
  readonly coordinator: Coordinator
  readonly names: SharedNames
  readonly sync: TagSync
  readonly random: Random
}

/**
 * The catalogue where several data centres share an etcd: names and number spaces are agreed upon there before the
 * database is written, and what was written is published. Creating and deleting tags need etcd; everything
 * else goes on without it.
 */
export class CoordinatedCatalog extends PassThroughCatalog {
  readonly #options: CoordinatedCatalogOptions

  constructor(options: CoordinatedCatalogOptions) {
    super(options.catalog)
    this.#options = options
  }

  /**
   * Claims the name with its numbers, above those of deleted tags in every data centre, then makes the tag.
   * @throws IDGEN_COORDINATION_UNAVAILABLE nothing was made; IDGEN_ALREADY_EXISTS also when another data centre has it
   */
  override async createTag(tag: NewTag, declaration?: Declaration): Promise<Tag> {
    const { catalog, names, sync } = this.#options
    const path = tagPath(tag)
    await this.#refuseEarly(tag)
    const claimed = await this.#claim(path, tag)
    let made: Tag
    try {
      made = await catalog.createTag({ ...tag, ...claimed.agreed }, declaration)
    } catch (thrown) {
      // An unknown outcome keeps the claim: the tag may be there, and whoever asks again goes on with it.
      if (claimed.made && !IdgenError.from(thrown).row.retryable)
        await names.unclaim(claimed.reading).catch(() => undefined)
      throw thrown
    }
    await sync.sync(path)
    return made
  }

  override async updateTag(ref: TagRef, change: TagChange, ifVersion: number | undefined): Promise<Tag> {
    const updated = await super.updateTag(ref, change, ifVersion)
    await this.#options.sync.sync(tagPath(ref))
    return updated
  }

  /**
   * Ends granting in all data centres, leaves the tombstone in etcd, then deletes here; the other databases follow.
   * @throws IDGEN_COORDINATION_UNAVAILABLE the tag is still there; call again
   */
  override async deleteTag(
    ref: TagRef,
    ifVersion: number | undefined,
    grave?: TagGrave,
    owner?: string,
  ): Promise<void> {
    const { catalog, coordinator, sync } = this.#options
    const found = await catalog.findPublication(ref)
    // The store has the words for every refusal, and writes nothing for it.
    if (found === undefined || !mayDelete(found, ifVersion, owner))
      return await catalog.deleteTag(ref, ifVersion, grave, owner)
    const { tag } = found
    const granted = await closeWitnesses(coordinator, tag)
    const highWater = await this.#bury(tag, Math.max(granted, grave?.atLeast ?? 0))
    try {
      await catalog.deleteTag(ref, undefined, { generation: tag.generation, atLeast: highWater }, owner)
    } catch (thrown) {
      // Another process saw the tombstone and was faster.
      if (IdgenError.from(thrown).code !== 'IDGEN_TAG_NOT_FOUND') throw thrown
    }
    await sync.sync(tagPath(ref))
  }

  /** What the database alone can refuse is refused before anything is claimed. */
  async #refuseEarly(tag: NewTag): Promise<void> {
    const { catalog } = this.#options
    if ((await catalog.findGroup(tag.workspace, tag.group)) === undefined)
      throw new IdgenError('IDGEN_GROUP_NOT_FOUND', `There is no group ${tag.workspace}/${tag.group}.`)
    if ((await catalog.findTag(tag)) !== undefined)
      throw new IdgenError('IDGEN_ALREADY_EXISTS', `There is a tag ${tagPath(tag)} already.`)
  }

  async #claim(path: string, tag: NewTag): Promise<Claimed> {
    const { catalog, names } = this.#options
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const reading = await names.read(path)
      // Another data centre made it, or a person wrote it: it is taken in or taken away first.
      if (reading.config !== undefined) {
        await this.#settleKey(path)
        continue
      }
      const remains = await catalog.findRemains(tag)
      const startAt = Math.max(tag.space.startAt, highWaterOf(reading), remains.highWater)
      const wanted = { ...tag.space, startAt }
      const present = liveClaim(reading, remains)
      // A creation that was interrupted, or is under way: both make the same tag.
      const agreed =
        present === undefined ? this.#newClaim(path, wanted, tag.generation) : fitting(path, present, wanted)
      const claimed = await names.claim(reading, rangeClaimOf(agreed))
      if (claimed !== undefined) return { reading: claimed, agreed, made: present === undefined }
    }
    throw busy(path)
  }

  #newClaim(path: string, space: NumberSpace, generation: string | undefined): Agreed {
    if (space.cellSize * space.dcCount > SEGMENT_LIMIT - space.startAt)
      throw new IdgenError(
        'IDGEN_RANGE_EXHAUSTED',
        `The tag ${path} would begin at ${space.startAt}, above its deleted predecessors, and no whole cell for every data centre is left below 2^53: use another name or smaller cells.`,
      )
    const bytes = new Uint8Array(GENERATION_BYTES)
    this.#options.random.fill(bytes)
    return { generation: generation ?? generationOf(bytes), space }
  }

  /** @throws IDGEN_ALREADY_EXISTS unless the key was one that nobody has a tag for */
  async #settleKey(path: string): Promise<void> {
    const { names, sync } = this.#options
    await sync.sync(path)
    if ((await names.read(path)).config === undefined) return
    throw new IdgenError(
      'IDGEN_ALREADY_EXISTS',
      `Another data centre has made the tag ${path}; it is being taken over here with its settings, change it with PATCH.`,
    )
  }

  async #bury(tag: Tag, granted: number): Promise<number> {
    const { names, catalog } = this.#options
    const path = tagPath(tag)
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const reading = await names.read(path)
      // Read again after the witnesses were closed: nothing is granted any more.
      const { highWater } = await catalog.findRemains(tag)
      // A restored etcd may not know all that a data centre with another database granted, and it may be cut off now.
      const high = nextRound(tag.space, Math.max(granted, highWater, highWaterOf(reading)))
      if (await names.bury(reading, tag, high)) return high
    }
    throw busy(path)
  }
}

function mayDelete(
  { tag, declaration }: TagPublication,
  ifVersion: number | undefined,
  owner: string | undefined,
): boolean {
  return (ifVersion === undefined || ifVersion === tag.version) && declaration?.owner.uid === owner
}

/** What all databases are to have of the new tag. */
interface Agreed {
  readonly generation: string
  readonly space: NumberSpace
}

interface Claimed {
  readonly reading: NameReading
  readonly agreed: Agreed
  /** The claim was not there before. */
  readonly made: boolean
}

/** The claim in force; one of a tag that was deleted here came back with a restored etcd and is none. */
function liveClaim({ path, claim }: NameReading, { deletedGenerations }: TagRemains): RangeClaim | undefined {
  if (claim === undefined) return undefined
  const parsed = parseRangeClaim(claim.value)
  if (parsed === undefined) throw unreadable(path, 'claim')
  return deletedGenerations.includes(parsed.generation) ? undefined : parsed
}

function fitting(path: string, { generation, ...space }: RangeClaim, wanted: NumberSpace): Agreed {
  const same = space.cellSize === wanted.cellSize && space.dcCount === wanted.dcCount
  if (same && space.startAt >= wanted.startAt) return { generation, space }
  throw new IdgenError(
    'IDGEN_ALREADY_EXISTS',
    `The name ${path} is claimed by a creation that did not end, with the number space ${JSON.stringify(space)}: create it with exactly that one, then delete it if another is wanted.`,
  )
}

function highWaterOf({ path, tombstone }: NameReading): number {
  if (tombstone === undefined) return 0
  const parsed = parseTombstone(tombstone.value)
  if (parsed === undefined) throw unreadable(path, 'tombstone')
  return parsed.highWater
}

function unreadable(path: string, what: 'claim' | 'tombstone'): IdgenError {
  return new IdgenError(
    'IDGEN_SPACE_MISMATCH',
    `The ${what} of ${path} in etcd cannot be read, so nobody can say which numbers are free: put it right first.`,
  )
}

function busy(path: string): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `${path} is being changed by others again and again; try again.`,
    { retryAfterMs: 1000 },
  )
}

/** Each lost attempt means that another one was carried out. */
const ATTEMPTS_MAX = 5
