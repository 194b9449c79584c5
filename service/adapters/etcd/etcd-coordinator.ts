import type {
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
  Entry,
  Follower,
} from '../../ports/coordinator.ts'
import { memberTimeMs } from './etcd-clock.ts'
import { reason } from './etcd-error.ts'
import { EtcdFollow } from './etcd-follow.ts'
import { EtcdKeys } from './etcd-keys.ts'
import { grantLease, keepAlive, revokeLease } from './etcd-lease.ts'
import { list } from './etcd-list.ts'
import { type EtcdMemberFacts, memberFacts } from './etcd-member-facts.ts'
import { EtcdMembers } from './etcd-members.ts'
import type { EtcdCoordinatorOptions } from './etcd-options.ts'
import { fromTxn, toTxn } from './etcd-transaction.ts'

/**
 * The Coordinator on etcd 3.4 or later. The etcd3 package is only the way to the server: its leases, locks, elections
 * and watchers decide nothing.
 *
 * Constructing it never fails or waits because etcd is down. After `close` every call is rejected.
 */
export class EtcdCoordinator implements Coordinator {
  readonly #options: EtcdCoordinatorOptions
  readonly #keys: EtcdKeys
  readonly #members: EtcdMembers
  readonly #follows = new Set<EtcdFollow>()

  /** @throws IDGEN_CONFIG_INVALID when the endpoints cannot be read */
  constructor(options: EtcdCoordinatorOptions) {
    this.#options = options
    this.#keys = new EtcdKeys(options.prefix)
    this.#members = new EtcdMembers(options)
  }

  /** Within half a second and the way to the server; see etcd-clock.ts. */
  async nowMs(): Promise<number> {
    return await this.#members.call({
      doing: 'asking for the time',
      repeatable: true,
      aside: true,
      run: ({ endpoint }, { deadline }) => {
        const leftMs = Number(deadline) - Date.now()
        return memberTimeMs(endpoint, this.#options.tls ?? {}, leftMs)
      },
    })
  }

  async get(key: string, deadlineMs?: number): Promise<Entry | undefined> {
    const range = { key: this.#keys.toEtcd(key) }
    const page = await this.#members.call({
      doing: `reading ${key}`,
      repeatable: true,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      run: ({ client }, options) => client.kv.range(range, options),
    })
    const kv = page.kvs[0]
    return kv === undefined ? undefined : this.#keys.entry(kv)
  }

  async list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }> {
    const { revision, entries } = await list(this.#members, this.#keys, prefix)
    return { revision, entries }
  }

  async transact(transaction: CoordinatorTransaction, deadlineMs?: number): Promise<CoordinatorOutcome> {
    const request = toTxn(transaction, this.#keys)
    const response = await this.#members.call({
      doing: `changing ${keysText(transaction)}`,
      // A second try would find its own first one and call it a failed compare.
      repeatable: transaction.change.length === 0,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      run: ({ client }, options) => client.kv.txn(request, options),
    })
    return fromTxn(response, transaction, this.#keys)
  }

  /** etcd raises times below its election timeout (1.5 s by default) to that. */
  async grantLease(ttlMs: number): Promise<string> {
    return await grantLease(this.#members, ttlMs)
  }

  async keepAlive(leaseId: string): Promise<boolean> {
    return await keepAlive(this.#members, leaseId)
  }

  async revokeLease(leaseId: string): Promise<void> {
    await revokeLease(this.#members, leaseId)
  }

  follow(prefix: string, follower: Follower): Disposable {
    const follow = new EtcdFollow(this.#members, this.#keys, prefix, follower, this.#options.log)
    this.#follows.add(follow)
    return {
      [Symbol.dispose]: () => {
        follow[Symbol.dispose]()
        this.#follows.delete(follow)
      },
    }
  }

  /** undefined: a majority answers. Otherwise why not, for people. Never rejects. */
  async health(deadlineMs?: number): Promise<string | undefined> {
    // A key that never exists; etcd must ask a majority all the same.
    return await this.get('/health', deadlineMs).then(() => undefined, reason)
  }

  /** What each member says of itself, within `deadlineMs`. Never rejects. */
  memberFacts(deadlineMs = MEMBER_DEADLINE_MS): Promise<EtcdMemberFacts[]> {
    return memberFacts(this.#members.all, deadlineMs)
  }

  /** Ends what is followed and all connections; nothing of it keeps the process alive afterwards. */
  async close(): Promise<void> {
    for (const follow of this.#follows) follow[Symbol.dispose]()
    this.#follows.clear()
    this.#members.close()
  }
}

/** A few of them: a transaction for many tags would make an error of kilobytes. */
function keysText({ change }: CoordinatorTransaction): string {
  const keys = change.map((one) => ('put' in one ? one.put : one.delete))
  const more = keys.length - KEYS_TOLD
  return more > 0 ? `${keys.slice(0, KEYS_TOLD).join(', ')} and ${more} more` : keys.join(', ')
}

const KEYS_TOLD = 4
/** Longer than a first connection over a slow network takes. */
const MEMBER_DEADLINE_MS = 3000
