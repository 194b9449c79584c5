import type { Declaration } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { CatalogStore, NewTag, TagChange, TagGrave, TagRef } from '../ports/catalog-store.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Random } from '../ports/random.ts'
import { NameClaims } from './name-claims.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'
import { buriedHighWater, type SharedNames } from './shared-names.ts'
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
  readonly #claims: NameClaims

  constructor(options: CoordinatedCatalogOptions) {
    super(options.catalog)
    this.#options = options
    this.#claims = new NameClaims(options)
  }

  /**
   * Claims the name with its numbers, above those of deleted tags in every data centre, then makes the tag.
   * @throws IDGEN_COORDINATION_UNAVAILABLE nothing was made; IDGEN_ALREADY_EXISTS also when another data centre has it
   */
  override async createTag(tag: NewTag, declaration?: Declaration): Promise<Tag> {
    const { catalog, sync } = this.#options
    const claimed = await this.#claims.claim(tag)
    let made: Tag
    try {
      made = await catalog.createTag(claimed.tag, declaration)
    } catch (thrown) {
      await this.#claims.giveUp(claimed, IdgenError.from(thrown))
      throw thrown
    }
    await sync.sync(tagPath(tag))
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
   * @throws IDGEN_COORDINATION_UNAVAILABLE the tag is there, or still; call again. IDGEN_SPACE_MISMATCH a record in etcd is
   * unreadable: nothing was begun, unless it became so after the look at it here; then the deletion stays begun, and ends
   * once somebody mended the record
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
}
