import { MemoryTagBatch } from '../../../service/adapters/memory/memory-tag-batch.ts'
import { together } from '../../../service/app/row-batch.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type { RowResult } from '../../../service/core/row-result.ts'
import type { Tag } from '../../../service/core/tag.ts'
import type { CatalogStore, NewTag } from '../../../service/ports/catalog-store.ts'
import { type Clock, sleep } from '../../../service/ports/clock.ts'
import type { TagDeletion, TagUpdate } from '../../../service/ports/tag-batch.ts'
import type { Prng } from '../world/prng.ts'
import type { Tally } from '../world/tally.ts'

export interface SlowTagBatchOptions {
  /** Whose methods are each one turn: what is begun together is one transaction. */
  readonly catalog: CatalogStore
  readonly clock: Clock
  readonly random: Prng
  readonly tally: Tally
}

/**
 * A database that takes its time to carry out a batch, all of it or nothing, and may refuse new tags, whose names are claimed by
 * then. Of some batches the caller has no answer: they were carried out, or not, and what it is told is the same.
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

  async #transact<T>(what: string, commit: () => Promise<T>): Promise<T> {
    const { clock, random, tally } = this.#options
    await sleep(clock, random.wait(TAKES_MS), NEVER)
    if (random.chance(ROLLED_BACK)) {
      tally.add(`no answer: ${what}, rolled back`)
      throw unknown()
    }
    const answer = await commit()
    // Others see it by now; who asked does not know yet.
    await sleep(clock, random.wait(ANSWERS_MS), NEVER)
    if (!random.chance(LOST)) return answer
    tally.add(`no answer: ${what}, committed`)
    throw unknown()
  }
}

function unknown(): IdgenError {
  return new IdgenError('IDGEN_STORE_UNAVAILABLE', 'It is unknown whether the database kept it.')
}

const GONE = new IdgenError('IDGEN_GROUP_NOT_FOUND', 'The group went away.')
const REFUSED = 0.3
const ROLLED_BACK = 0.1
const LOST = 0.2
/** Long enough for others to look at the names meanwhile. */
const TAKES_MS = 600
const ANSWERS_MS = 300
const NEVER = new AbortController().signal
