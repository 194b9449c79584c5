import type { MemoryCatalog } from '../../../service/adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../../../service/adapters/memory/memory-catalog-store.ts'
import { type Tag, tagPath } from '../../../service/core/tag.ts'
import type { CatalogStore } from '../../../service/ports/catalog-store.ts'

/** Says which tags the database forgets, in the turn in which it does: whoever asked for it, alone or in a batch. */
export class WatchedStore extends MemoryCatalogStore {
  readonly #memory: MemoryCatalog
  readonly #onForgotten: (tag: Tag) => void

  constructor(memory: MemoryCatalog, onForgotten: (tag: Tag) => void) {
    super(memory)
    this.#memory = memory
    this.#onForgotten = onForgotten
  }

  override async deleteTag(...args: Parameters<CatalogStore['deleteTag']>): Promise<void> {
    const tag = this.#memory.tags.get(tagPath(args[0]))
    // Carried out when it returns; what it resolves with comes a turn later.
    const done = super.deleteTag(...args)
    if (tag !== undefined && !this.#memory.tagsById.has(tag.id)) this.#onForgotten(tag)
    await done
  }
}
