import { closeWitnesses } from '../../../service/app/close-witness.ts'
import {
  CoordinatedTagBatch,
  type CoordinatedTagBatchOptions,
} from '../../../service/app/coordinated-tag-batch.ts'
import { paired, sideBySide, stepsOf, together } from '../../../service/app/row-batch.ts'
import { endInEtcd } from '../../../service/app/tag-burial.ts'
import { TOMBSTONES } from '../../../service/core/coordination-keys.ts'
import type { RowResult } from '../../../service/core/row-result.ts'
import type { Tag } from '../../../service/core/tag.ts'
import { type Clock, sleep } from '../../../service/ports/clock.ts'
import type {
  Change,
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
} from '../../../service/ports/coordinator.ts'
import type { TagDeletion } from '../../../service/ports/tag-batch.ts'
import { MutantCoordinator } from '../mutants/mutant-coordinator.ts'

/** Batches that delete their tags in another order than the service's (decision 0022); all else is the service's. */

/** The database forgets the tags, and only then they are ended in etcd. */
export class ForgetsFirst extends CoordinatedTagBatch {
  readonly #options: CoordinatedTagBatchOptions

  constructor(options: CoordinatedTagBatchOptions) {
    super(options)
    this.#options = options
  }

  override async deleteTags(deletions: readonly TagDeletion[]): Promise<readonly RowResult<void>[]> {
    const { batch } = this.#options
    const begun = await batch.beginDeletions(deletions)
    const forgotten = await together(stepsOf(begun), (tags) =>
      batch.deleteTags(tags.map((tag) => ({ ref: tag, ifVersion: undefined, grave: graveOf(tag) }))),
    )
    const ended = paired(begun, forgotten).flatMap(({ row, result }) =>
      'value' in row && 'value' in result ? [row.value] : [],
    )
    await sideBySide(ended, (tag) => endInEtcd(this.#options, tag, 0))
    return forgotten
  }
}

function graveOf({ generation }: Tag) {
  return { generation, atLeast: 0 }
}

/** No witness is closed: the tombstones stand, and the other data centres grant on. */
export function closesNothing(options: CoordinatedTagBatchOptions): CoordinatedTagBatch {
  return new CoordinatedTagBatch({ ...options, coordinator: new WithoutClosing(options.coordinator) })
}

/**
 * The tombstones are left first, and the witnesses closed after that, still before the database forgets the tags: too late for what is
 * granted in between.
 */
export function closesLate(options: CoordinatedTagBatchOptions): CoordinatedTagBatch {
  return new CoordinatedTagBatch({
    ...options,
    coordinator: new LateClosing(options.coordinator, options.clock),
  })
}

/** Says that it closed the witnesses. */
class WithoutClosing extends MutantCoordinator {
  override transact(transaction: CoordinatorTransaction, deadlineMs?: number): Promise<CoordinatorOutcome> {
    const change = transaction.change.filter((one) => witnessIn(one) === undefined)
    return super.transact({ ...transaction, change }, deadlineMs)
  }
}

/** The same, and makes up for it once it left tombstones. */
class LateClosing extends WithoutClosing {
  readonly #clock: Clock
  /** By generation: how many data centres. */
  readonly #owed = new Map<string, number>()

  constructor(inner: Coordinator, clock: Clock) {
    super(inner)
    this.#clock = clock
  }

  override async transact(
    transaction: CoordinatorTransaction,
    deadlineMs?: number,
  ): Promise<CoordinatorOutcome> {
    for (const one of transaction.change) {
      const generation = witnessIn(one)
      if (generation !== undefined) this.#owed.set(generation, (this.#owed.get(generation) ?? 0) + 1)
    }
    const outcome = await super.transact(transaction, deadlineMs)
    if (!transaction.change.some((one) => 'put' in one && one.put.startsWith(TOMBSTONES))) return outcome
    await sleep(this.#clock, LATE_MS)
    const owed = [...this.#owed]
    this.#owed.clear()
    for (const [generation, dcCount] of owed)
      await closeWitnesses(this.inner, { generation, space: { startAt: 1, cellSize: 1, dcCount } })
    return outcome
  }
}

/** The generation whose witness is put. */
function witnessIn(change: Change): string | undefined {
  return 'put' in change ? /^\/witness\/([^/]+)\//.exec(change.put)?.[1] : undefined
}

/** For a few grants. */
const LATE_MS = 300
