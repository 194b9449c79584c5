import { PassThroughCatalog } from '../../../service/app/pass-through-catalog.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { Tag } from '../../../service/core/tag.ts'
import type { CatalogStore, NewTag } from '../../../service/ports/catalog-store.ts'
import { type Clock, sleep } from '../../../service/ports/clock.ts'
import type { Prng } from '../world/prng.ts'

/** A database that takes its time to make a tag, whose name is claimed by then, and may refuse it after all. */
export class SlowCatalog extends PassThroughCatalog {
  readonly #clock: Clock
  readonly #random: Prng

  constructor(catalog: CatalogStore, clock: Clock, random: Prng) {
    super(catalog)
    this.#clock = clock
    this.#random = random
  }

  override async createTag(...args: readonly [NewTag, ...unknown[]]): Promise<Tag> {
    await sleep(this.#clock, this.#random.wait(TAKES_MS), NEVER)
    if (this.#random.chance(0.4)) throw new IdgenError('IDGEN_GROUP_NOT_FOUND', 'The group went away.')
    return await super.createTag(args[0])
  }
}

/** Long enough for others to look at the name meanwhile. */
const TAKES_MS = 800
const NEVER = new AbortController().signal
