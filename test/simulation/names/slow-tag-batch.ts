import { MemoryTagBatch } from '../../../service/adapters/memory/memory-tag-batch.ts'
import { together } from '../../../service/app/row-batch.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { RowResult } from '../../../service/core/row-result.ts'
import type { Tag } from '../../../service/core/tag.ts'
import type { CatalogStore, NewTag } from '../../../service/ports/catalog-store.ts'
import type { TagDeletion, TagUpdate } from '../../../service/ports/tag-batch.ts'
import { type SlowCommitOptions, slowCommit } from './slow-commit.ts'

export interface SlowTagBatchOptions extends SlowCommitOptions {
  /** Whose methods are each one turn: what is begun together is one transaction. */
  readonly catalog: CatalogStore
}

/**
 * A database that takes its time to carry out a batch, all of it or nothing, and may refuse new tags, whose names are claimed by
 * then. Of some batches the caller has no answer.
 */
export class SlowTagBatch extends MemoryTagBatch {
  readonly #options: SlowTagBatchOptions

  constructor(options: SlowTagBatchOptions) {
    super(options.catalog)
    this.#options = options
  }

  override createTags(tags: readonly NewTag[]): Promise<readonly RowResult<Tag>[]> {
    const steps = tags.map((todo) => (this.#options.random.chance(REFUSED) ? { refused: GONE } : { todo }))
    return this.#transact('made', () => together(steps, (todo) => super.createTags(todo)))
  }

  override updateTags(updates: readonly TagUpdate[]): Promise<readonly RowResult<Tag>[]> {
    return this.#transact('changed', () => super.updateTags(updates))
  }

  override beginDeletions(deletions: readonly TagDeletion[]): Promise<readonly RowResult<Tag>[]> {
    return this.#transact('noted', () => super.beginDeletions(deletions))
  }

  override deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]> {
    return this.#transact('deleted', () => super.deleteTags(deletions))
  }

  #transact<T>(what: string, commit: () => Promise<T>): Promise<T> {
    return slowCommit(this.#options, what, commit)
  }
}

const GONE = new IdgenError('IDGEN_GROUP_NOT_FOUND', 'The group went away.')
const REFUSED = 0.3
