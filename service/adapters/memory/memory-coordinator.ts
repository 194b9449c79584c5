import type {
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
  Entry,
  Follower,
} from '../../ports/coordinator.ts'
import type { MemoryCoordination } from './memory-coordination.ts'

/** A client of the shared data. Every call takes effect at once, so no deadline can pass. */
export class MemoryCoordinator implements Coordinator {
  readonly #shared: MemoryCoordination

  constructor(shared: MemoryCoordination) {
    this.#shared = shared
  }

  async nowMs(): Promise<number> {
    return this.#shared.nowMs()
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#shared.get(key)
  }

  async list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }> {
    return this.#shared.list(prefix)
  }

  async transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
    return this.#shared.transact(transaction)
  }

  async grantLease(ttlMs: number): Promise<string> {
    return this.#shared.grantLease(ttlMs)
  }

  async keepAlive(leaseId: string): Promise<boolean> {
    return this.#shared.keepAlive(leaseId)
  }

  async revokeLease(leaseId: string): Promise<void> {
    this.#shared.revokeLease(leaseId)
  }

  follow(prefix: string, follower: Follower): Disposable {
    return this.#shared.follow(prefix, follower)
  }

  /** As EtcdCoordinator: undefined is healthy. */
  async health(): Promise<string | undefined> {
    return this.#shared.away
  }

  async close(): Promise<void> {}
}
