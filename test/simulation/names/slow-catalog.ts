import { PassThroughCatalog } from '../../../service/app/pass-through-catalog.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { Tag } from '../../../service/core/tag.ts'
import type { CatalogStore, NewTag } from '../../../service/ports/catalog-store.ts'
import { type SlowCommitOptions, slowCommit } from './slow-commit.ts'

/**
 * A database that takes its time to make a tag, whose name is claimed by then, and may refuse it after all; and to delete
 * one. Some answers are lost.
 */
export class SlowCatalog extends PassThroughCatalog {
  readonly #options: SlowCommitOptions

  constructor(catalog: CatalogStore, options: SlowCommitOptions) {
    super(catalog)
    this.#options = options
  }

  override createTag(...args: readonly [NewTag, ...unknown[]]): Promise<Tag> {
    return slowCommit(this.#options, 'one made', async () => {
      if (this.#options.random.chance(0.4))
        throw new IdgenError('IDGEN_GROUP_NOT_FOUND', 'The group went away.')
      return await super.createTag(args[0])
    })
  }

  override beginDeletion(...args: Parameters<CatalogStore['beginDeletion']>): Promise<Tag> {
    return slowCommit(this.#options, 'one noted', () => super.beginDeletion(...args))
  }

  override deleteTag(...args: Parameters<CatalogStore['deleteTag']>): Promise<void> {
    return slowCommit(this.#options, 'one deleted', () => super.deleteTag(...args))
  }
}
