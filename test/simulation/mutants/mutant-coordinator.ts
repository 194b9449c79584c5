import type {
  Compare,
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
  Entry,
} from '../../../service/ports/coordinator.ts'

/** A coordinator that lets everything through; the mutants change one call of it. */
export class MutantCoordinator implements Coordinator {
  protected readonly inner: Coordinator

  constructor(inner: Coordinator) {
    this.inner = inner
  }

  nowMs(): Promise<number> {
    return this.inner.nowMs()
  }

  get(key: string, deadlineMs?: number): Promise<Entry | undefined> {
    return this.inner.get(key, deadlineMs)
  }

  list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }> {
    return this.inner.list(prefix)
  }

  transact(transaction: CoordinatorTransaction, deadlineMs?: number): Promise<CoordinatorOutcome> {
    return this.inner.transact(transaction, deadlineMs)
  }

  grantLease(ttlMs: number): Promise<string> {
    return this.inner.grantLease(ttlMs)
  }

  keepAlive(leaseId: string): Promise<boolean> {
    return this.inner.keepAlive(leaseId)
  }

  revokeLease(leaseId: string): Promise<void> {
    return this.inner.revokeLease(leaseId)
  }

  follow(): Disposable {
    return { [Symbol.dispose]: () => {} }
  }
}

/** Leaves some compares of every transaction out. */
export class WithoutCompares extends MutantCoordinator {
  readonly #drops: (compare: Compare) => boolean

  constructor(inner: Coordinator, drops: (compare: Compare) => boolean) {
    super(inner)
    this.#drops = drops
  }

  override transact(transaction: CoordinatorTransaction, deadlineMs?: number): Promise<CoordinatorOutcome> {
    const compare = transaction.compare.filter((one) => !this.#drops(one))
    return this.inner.transact({ ...transaction, compare }, deadlineMs)
  }
}

/** Whether somebody holds a worker id is one question; who it is, is what is compared here. */
export function comparesHolder(compare: Compare): boolean {
  if (!compare.key.startsWith('/workers/')) return false
  return 'value' in compare || ('createRevision' in compare && compare.createRevision > 0)
}

/**
 * The time of a worker id as a hold last knew it. With it a hold that is late, or that was told something older, is
 * refused as well; a mutant of what comes before leaves it out too, or nobody would see a difference.
 */
export function comparesTime(compare: Compare): boolean {
  return compare.key.startsWith('/worker-time/')
}

export function comparesHold(compare: Compare): boolean {
  return comparesHolder(compare) || comparesTime(compare)
}
