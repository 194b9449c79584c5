import type { MemoryCoordination } from '../../../service/adapters/memory/memory-coordination.ts'
import { IdgenError } from '../../../service/core/errors.ts'
import type {
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
  Entry,
} from '../../../service/ports/coordinator.ts'
import type { Host } from '../world/host.ts'
import type { Network } from '../world/network.ts'

export interface SimCoordinatorOptions {
  readonly network: Network
  readonly host: Host
  readonly etcd: MemoryCoordination
  /** A transaction was carried out, whether or not anybody learns of it. */
  readonly onTransacted?: (transaction: CoordinatorTransaction, outcome: CoordinatorOutcome) => void
}

/** One process' way to a simulated etcd: calls are lost, late, or done without an answer. */
export class SimCoordinator implements Coordinator {
  readonly #options: SimCoordinatorOptions

  constructor(options: SimCoordinatorOptions) {
    this.#options = options
  }

  async nowMs(): Promise<number> {
    return await this.#ask('now', (etcd) => etcd.nowMs())
  }

  async get(key: string, deadlineMs = DEADLINE_MS): Promise<Entry | undefined> {
    return await this.#ask(`get ${key}`, (etcd) => etcd.get(key), deadlineMs)
  }

  async list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }> {
    return await this.#ask(`list ${prefix}`, (etcd) => etcd.list(prefix))
  }

  async transact(transaction: CoordinatorTransaction, deadlineMs = DEADLINE_MS): Promise<CoordinatorOutcome> {
    const carryOut = (etcd: MemoryCoordination): CoordinatorOutcome => {
      const outcome = etcd.transact(transaction)
      this.#options.onTransacted?.(transaction, outcome)
      return outcome
    }
    return await this.#ask(described(transaction), carryOut, deadlineMs)
  }

  async grantLease(ttlMs: number): Promise<string> {
    return await this.#ask('lease', (etcd) => etcd.grantLease(ttlMs))
  }

  async keepAlive(leaseId: string): Promise<boolean> {
    return await this.#ask(`keep ${leaseId}`, (etcd) => etcd.keepAlive(leaseId))
  }

  async revokeLease(leaseId: string): Promise<void> {
    await this.#ask(`revoke ${leaseId}`, (etcd) => etcd.revokeLease(leaseId))
  }

  /** Nothing that is simulated follows. */
  follow(): Disposable {
    return { [Symbol.dispose]: () => {} }
  }

  async #ask<T>(what: string, serve: (etcd: MemoryCoordination) => T, deadlineMs = DEADLINE_MS): Promise<T> {
    const { network, host, etcd } = this.#options
    return await network.call({
      host,
      store: 'etcd',
      what,
      deadlineMs,
      serve: () => serve(etcd),
      down: () => etcd.away,
      fail: (why) =>
        new IdgenError(
          'IDGEN_COORDINATION_UNAVAILABLE',
          `etcd failed: ${why}; whether it happened is unknown.`,
        ),
    })
  }
}

function described({ change }: CoordinatorTransaction): string {
  return change
    .map((one) => ('put' in one ? `put ${one.put}=${one.value}` : `delete ${one.delete}`))
    .join(', ')
}

/** Of the adapter. */
const DEADLINE_MS = 2000
