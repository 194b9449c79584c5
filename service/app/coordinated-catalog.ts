import type { Declaration } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { GENERATION_BYTES, generationOf } from '../core/generation.ts'
import { parseRangeClaim, type RangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import { shownSpace } from '../core/shown-space.ts'
import { type NumberSpace, SEGMENT_LIMIT, type Tag, tagPath } from '../core/tag.ts'
import { sameSpace } from '../core/tag-record.ts'
import { refuseFormatOfUsedName } from '../core/used-name.ts'
import type { CatalogStore, NewTag, TagChange, TagGrave, TagRef, TagRemains } from '../ports/catalog-store.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Random } from '../ports/random.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'
import { buriedHighWater, busy, type NameReading, type SharedNames, unreadable } from './shared-names.ts'
import { buryTag } from './tag-burial.ts'
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
      if (claimed.made && isRefusal(IdgenError.from(thrown)))
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
   * Takes note of it in the database, where nobody can begin to declare the tag any more; then ends granting in all data
   * centres, leaves the tombstone in etcd, and deletes here. What was begun is carried to its end, by whoever finds it.
   * @throws IDGEN_COORDINATION_UNAVAILABLE the tag is there, or still; call again. IDGEN_SPACE_MISMATCH nothing was begun
   */
  override async deleteTag(
    ref: TagRef,
    ifVersion: number | undefined,
    grave?: TagGrave,
    owner?: string,
  ): Promise<void> {
    const { catalog, names, sync } = this.#options
    const path = tagPath(ref)
    // So that nothing is begun that cannot be ended, while etcd is away or its tombstone unreadable: the caller is told that
    // the tag stays, and may think better of it.
    buriedHighWater(await names.read(path))
    const tag = await catalog.beginDeletion(ref, ifVersion, owner)
    try {
      await buryTag(this.#options, tag, grave?.atLeast)
    } catch (thrown) {
      sync.notice(path)
      throw thrown
    }
    await sync.sync(path)
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
      const high = Math.max(buriedHighWater(reading), remains.highWater)
      const used = reading.tombstone !== undefined || remains.deletedGenerations.length > 0
      refuseFormatOfUsedName(path, tag.space, used)
      const wanted = { ...tag.space, startAt: Math.max(tag.space.startAt, high) }
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

  /**
   * @throws IDGEN_ALREADY_EXISTS, or IDGEN_SPACE_MISMATCH where it cannot be taken over, unless the key was one that nobody has
   * a tag for
   */
  async #settleKey(path: string): Promise<void> {
    const { names, sync } = this.#options
    await sync.sync(path)
    if ((await names.read(path)).config === undefined) return
    const why = await sync.whyNotTaken(path)
    if (why !== undefined)
      throw new IdgenError(
        'IDGEN_SPACE_MISMATCH',
        `Another database has the tag ${path}, and this one does not take it over: ${why}. It is served where it is; to have one everywhere, make a tag of another name, and delete this one when nobody needs it any more.`,
      )
    throw new IdgenError(
      'IDGEN_ALREADY_EXISTS',
      `Another data centre has made the tag ${path}; it is being taken over here with its settings, change it with PATCH.`,
    )
  }
}

/**
 * Whether the tag is not there for certain. A fault that nobody expected says no more of it than a lost answer does: then
 * the claim stays, and whoever asks again goes on with it.
 */
function isRefusal({ code, row }: IdgenError): boolean {
  return !row.retryable && code !== 'IDGEN_INTERNAL'
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
  const same = sameSpace({ ...space, startAt: wanted.startAt }, wanted)
  if (same && space.startAt >= wanted.startAt) return { generation, space }
  throw new IdgenError(
    'IDGEN_ALREADY_EXISTS',
    `The name ${path} is claimed by a creation that did not end, with the number space ${JSON.stringify(shownSpace(space))}: create it with exactly that one, then delete it if another is wanted.`,
  )
}

/** Each lost attempt means that another one was carried out. */
const ATTEMPTS_MAX = 5
