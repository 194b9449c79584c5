import { lockKey } from '../core/coordination-keys.ts'
import type { Coordinator } from '../ports/coordinator.ts'

export interface CoordinatorLockOptions {
  readonly coordinator: Coordinator
  /** Who this process is, for people who read the lock. */
  readonly holder: string
  /** Longer than the work takes; a process that dies meanwhile keeps the others away this long at most. */
  readonly ttlMs: number
}

/**
 * Work that one process at a time should do, to spare the stores. The lock decides nothing (a paused holder does not
 * notice that it has lost it): the work must be right also when two do it at once.
 */
export class CoordinatorLock {
  readonly #options: CoordinatorLockOptions

  constructor(options: CoordinatorLockOptions) {
    this.#options = options
  }

  /**
   * Does the work, unless another process is at it: then false.
   * @throws IDGEN_COORDINATION_UNAVAILABLE before the work began; what the work throws
   */
  async run(name: string, work: () => Promise<void>): Promise<boolean> {
    return await this.#under(name, work, false)
  }

  /** The same, and the lock stays until its time is over: nobody does the work again so soon. Work that fails lets go. */
  async takeTurn(name: string, work: () => Promise<void>): Promise<boolean> {
    return await this.#under(name, work, true)
  }

  async #under(name: string, work: () => Promise<void>, keepAfter: boolean): Promise<boolean> {
    const { coordinator, ttlMs } = this.#options
    const leaseId = await coordinator.grantLease(ttlMs)
    let keep = false
    try {
      if (!(await this.#take(name, leaseId))) return false
      await work()
      keep = keepAfter
      return true
    } finally {
      // Where it fails the lease runs out.
      if (!keep) await coordinator.revokeLease(leaseId).catch(() => undefined)
    }
  }

  async #take(name: string, leaseId: string): Promise<boolean> {
    const { coordinator, holder } = this.#options
    const key = lockKey(name)
    const { succeeded } = await coordinator.transact({
      compare: [{ key, createRevision: 0 }],
      change: [{ put: key, value: holder, leaseId }],
    })
    return succeeded
  }
}
