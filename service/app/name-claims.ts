import { startAbove } from '../core/cells.ts'
import { IdgenError } from '../core/errors.ts'
import { GENERATION_BYTES, generationOf } from '../core/generation.ts'
import { parseRangeClaim, type RangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import { shownSpace } from '../core/shown-space.ts'
import { type NumberSpace, SEGMENT_LIMIT, tagPath } from '../core/tag.ts'
import { sameSpace } from '../core/tag-record.ts'
import { refuseFormatOfUsedName } from '../core/used-name.ts'
import type { CatalogStore, NewTag, TagRemains } from '../ports/catalog-store.ts'
import type { Random } from '../ports/random.ts'
import { buriedHighWater, busy, type NameReading, type SharedNames, unreadable } from './shared-names.ts'
import type { NameSync } from './tag-sync.ts'

export interface NameClaimsOptions {
  /** The database's own. */
  readonly catalog: CatalogStore
  readonly names: SharedNames
  readonly sync: Pick<NameSync, 'sync' | 'whyNotTaken'>
  readonly random: Random
}

/** A name that is claimed in etcd: now the database may be told to make its tag, and not before. */
export interface ClaimedName {
  /** As all databases are to have it. */
  readonly tag: NewTag
  readonly reading: NameReading
  /** The claim was not there before. */
  readonly made: boolean
}

/** Claims the names of new tags in etcd with their numbers, above those of deleted tags in every data centre. */
export class NameClaims {
  readonly #options: NameClaimsOptions

  constructor(options: NameClaimsOptions) {
    this.#options = options
  }

  /** @throws IDGEN_COORDINATION_UNAVAILABLE; IDGEN_ALREADY_EXISTS also when another data centre has the name */
  async claim(tag: NewTag): Promise<ClaimedName> {
    await this.#refuseEarly(tag)
    return await this.#claim(tagPath(tag), tag)
  }

  /** The database has not made the tag of a claim: where that is certain, and the claim ours alone, it is taken back. */
  async giveUp({ reading, made }: ClaimedName, why: IdgenError): Promise<void> {
    if (made && isRefusal(why)) await this.#options.names.unclaim(reading).catch(() => undefined)
  }

  /** What the database alone can refuse is refused before anything is claimed. */
  async #refuseEarly(tag: NewTag): Promise<void> {
    const { catalog } = this.#options
    if ((await catalog.findGroup(tag.workspace, tag.group)) === undefined)
      throw new IdgenError('IDGEN_GROUP_NOT_FOUND', `There is no group ${tag.workspace}/${tag.group}.`)
    if ((await catalog.findTag(tag)) !== undefined)
      throw new IdgenError('IDGEN_ALREADY_EXISTS', `There is a tag ${tagPath(tag)} already.`)
  }

  async #claim(path: string, tag: NewTag): Promise<ClaimedName> {
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
      const wanted = { ...tag.space, startAt: startAbove(tag.space, used ? high : undefined) }
      const present = liveClaim(reading, remains)
      // A creation that was interrupted, or is under way: both make the same tag.
      const agreed =
        present === undefined ? this.#newClaim(path, wanted, tag.generation) : fitting(path, present, wanted)
      const claimed = await names.claim(reading, rangeClaimOf(agreed))
      if (claimed !== undefined)
        return { tag: { ...tag, ...agreed }, reading: claimed, made: present === undefined }
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
