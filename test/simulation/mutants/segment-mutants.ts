import { placeAtOrAbove } from '../../../service/core/cells.ts'
import { datedFloor } from '../../../service/core/dated-grant.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import type {
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
} from '../../../service/ports/coordinator.ts'
import type { LedgerRow, LedgerWrite, SegmentLedger } from '../../../service/ports/segment-ledger.ts'
import type { SegmentStore, SegmentUsage } from '../../../service/ports/segment-store.ts'
import { MutantCoordinator } from './mutant-coordinator.ts'

/** Writes max_id + step into the row instead of the end of the grant. */
export class MaxIdPlusStep implements SegmentLedger {
  readonly #inner: SegmentLedger

  constructor(inner: SegmentLedger) {
    this.#inner = inner
  }

  withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    return this.#inner.withRow(doing, tagId, dc, async (row) => {
      const { write, result } = await work(row)
      if (write?.grant === undefined || write.cell !== row.cell) return { write, result }
      const nextValue = row.nextValue + write.grant.hi - write.grant.lo
      return { write: { ...write, nextValue }, result }
    })
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#inner.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#inner.initialiseAll(dc)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#inner.usage(dc)
  }
}

/** An advance stays where the last grant ended, if that is far enough. */
export class AdvanceInPlace implements SegmentLedger {
  readonly #inner: SegmentLedger

  constructor(inner: SegmentLedger) {
    this.#inner = inner
  }

  withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    return this.#inner.withRow(doing, tagId, dc, async (row) => {
      const { write, result } = await work(row)
      const inPlace =
        write !== undefined && write.grant === undefined && write.nextValue === row.nextValue + 1
      return { write: inPlace ? { ...write, nextValue: row.nextValue } : write, result }
    })
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#inner.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#inner.initialiseAll(dc)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#inner.usage(dc)
  }
}

/** The count of a date is set to its beginning whenever the clock names another date than the row has. */
export class CountSetBack implements SegmentLedger {
  readonly #inner: SegmentLedger

  constructor(inner: SegmentLedger) {
    this.#inner = inner
  }

  withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    return this.#inner.withRow(doing, tagId, dc, (row) => {
      const first = datedFloor(row.space, row.nowMs)
      const date = first === 0 ? undefined : placeAtOrAbove(row.space, dc, first)
      if (date === undefined || date.cell === row.cell) return work(row)
      return work({ ...row, cell: date.cell, nextValue: date.lo })
    })
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#inner.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#inner.initialiseAll(dc)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#inner.usage(dc)
  }
}

/** Gives leftovers back without asking whether somebody took more. */
export class BlindReturn implements SegmentStore {
  readonly #inner: SegmentStore
  readonly #ledger: SegmentLedger

  constructor(inner: SegmentStore, ledger: SegmentLedger) {
    this.#inner = inner
    this.#ledger = ledger
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#inner.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#inner.initialiseAll(dc)
  }

  allocate(tagId: number, dc: number, step: number, generation?: string): Promise<SegmentGrant> {
    return this.#inner.allocate(tagId, dc, step, generation)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#inner.usage(dc)
  }

  giveBack(tagId: number, dc: number, unused: SegmentGrant): Promise<boolean> {
    return this.#ledger.withRow('returning blindly', tagId, dc, async (row) => {
      const { cell, ceiling, ceilingHistory } = row
      return { write: { cell, nextValue: unused.lo, ceiling, ceilingHistory }, result: true }
    })
  }
}

/** Whatever Redis hands out is taken for its own, without a word to etcd. Revisions go on as if each had been a change. */
export class AlwaysConfirms extends MutantCoordinator {
  #newest = 0
  #confirmed = 0

  override async transact(
    transaction: CoordinatorTransaction,
    deadlineMs?: number,
  ): Promise<CoordinatorOutcome> {
    const [first] = transaction.change
    if (first !== undefined && 'delete' in first && first.delete.startsWith('/blocks/')) {
      this.#confirmed += 1
      return { succeeded: true, revision: this.#newest + this.#confirmed, entries: new Map() }
    }
    const outcome = await this.inner.transact(transaction, deadlineMs)
    this.#newest = Math.max(this.#newest, outcome.revision)
    return { ...outcome, revision: outcome.revision + this.#confirmed }
  }
}

export function alwaysConfirms(inner: Coordinator): Coordinator {
  return new AlwaysConfirms(inner)
}
