/** One key. Revisions are those of etcd: one counter for the whole store, raised by every change. */
export interface Entry {
  readonly key: string
  readonly value: string
  /** Revision at which the key came into being (again): tells two holders apart even when all else is equal. */
  readonly createRevision: number
  /** Revision of its last change. */
  readonly modRevision: number
}

/** All must hold for the changes of a transaction. createRevision or modRevision 0: the key does not exist. */
export type Compare =
  | { readonly key: string; readonly createRevision: number }
  | { readonly key: string; readonly modRevision: number }
  | { readonly key: string; readonly value: string }

export type Change =
  /** With a lease the key goes when the lease does; without, it stays. */
  { readonly put: string; readonly value: string; readonly leaseId?: string } | { readonly delete: string }

export interface CoordinatorTransaction {
  readonly compare: readonly Compare[]
  /** Each key at most once: etcd refuses a key that is changed twice in one transaction. */
  readonly change: readonly Change[]
  /** Keys to read in the same transaction: after the changes, or, where a compare failed, as they are. */
  readonly read?: readonly string[]
}

export interface CoordinatorOutcome {
  /** false: a compare failed and nothing was changed. */
  readonly succeeded: boolean
  /** Of the store after this transaction; the createRevision of every key it created. */
  readonly revision: number
  /** What `read` named, where it exists. */
  readonly entries: ReadonlyMap<string, Entry>
}

/** Compares of a transaction, and changes and reads together: no more than this many of each (etcd's --max-txn-ops by default). */
export const OPERATIONS_MAX = 128

/** What happens below a prefix, in the order of revisions. Callbacks must not throw. */
export interface Follower {
  /**
   * All entries at one revision: first of all, and again whenever changes may have been missed (reconnect,
   * compaction, restored store). What is not in it does not exist any more.
   */
  onSnapshot(entries: readonly Entry[], revision: number): void
  onPut(entry: Entry): void
  onDelete(key: string, revision: number): void
  /** The store cannot be followed now; a snapshot comes when it can again. */
  onLost(why: string): void
}

/**
 * A small linearizable key-value store with leases, shared by all data centres: etcd.
 *
 * A rejected call (IDGEN_COORDINATION_UNAVAILABLE) is *unknown*: it may have happened, may not, and may still
 * happen later. Compare what a late transaction would overwrite. Every call has a deadline, in milliseconds;
 * the default is the adapter's.
 *
 * Leases and watches serve liveness and speed. They decide nothing: fencing is `compare`.
 */
export interface Coordinator {
  /** The store's Unix time, exact to about a second, to judge this machine's clock by. */
  nowMs(): Promise<number>
  get(key: string, deadlineMs?: number): Promise<Entry | undefined>
  /** Every entry below the prefix, in the order of keys, at one revision. */
  list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }>
  transact(transaction: CoordinatorTransaction, deadlineMs?: number): Promise<CoordinatorOutcome>
  /** A new lease; its keys go `ttlMs` (rounded up to whole seconds) after the last keep-alive, or later. */
  grantLease(ttlMs: number): Promise<string>
  /** Prolongs the lease by its whole time. false: it is gone, and so are its keys. */
  keepAlive(leaseId: string): Promise<boolean>
  /** Idempotent. */
  revokeLease(leaseId: string): Promise<void>
  /** Follows until disposed; survives restarts, leader changes and compactions of the store by itself. */
  follow(prefix: string, follower: Follower): Disposable
}

/** The part of it that keys that lie side by side need. */
export type CoordinatedKeys = Pick<Coordinator, 'get' | 'transact'>
