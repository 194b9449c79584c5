import { IdgenError } from '../../core/errors.ts'
import { invariant } from '../../core/invariant.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  type Change,
  type Compare,
  type CoordinatorOutcome,
  type CoordinatorTransaction,
  type Entry,
  type Follower,
  OPERATIONS_MAX,
} from '../../ports/coordinator.ts'
import { MemoryFollow } from './memory-follow.ts'
import { MemoryLease } from './memory-lease.ts'

interface Stored {
  readonly entry: Entry
  readonly leaseId: string | undefined
}

/** A backup: everything a restored store knows. */
export interface CoordinationSnapshot {
  readonly revision: number
  readonly entries: ReadonlyMap<string, Stored>
  /** Lease to its whole time; like etcd's, a restored lease begins anew. */
  readonly leases: ReadonlyMap<string, number>
}

/**
 * The data of an etcd, in memory, shared by the clients made on it (MemoryCoordinator), and what a test does to it.
 * Leases run by the clock's monotonic time. Same calls, same results: there is no randomness in it.
 */
export class MemoryCoordination {
  readonly #clock: Clock
  /** Of an empty etcd: the first change is revision 2. */
  #revision = 1
  #entries = new Map<string, Stored>()
  readonly #leases = new Map<string, MemoryLease>()
  readonly #follows = new Set<MemoryFollow>()
  #leasesGranted = 0
  #away: string | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why nobody can reach the store now; undefined: it is there. Followers are told of both. */
  get away(): string | undefined {
    return this.#away
  }

  set away(why: string | undefined) {
    if (why === this.#away) return
    this.#away = why
    for (const follow of this.#follows)
      if (why === undefined) this.#show(follow)
      else follow.lost(why)
  }

  /** As a backup taken now. */
  snapshot(): CoordinationSnapshot {
    this.#expire()
    const leases = new Map([...this.#leases].map(([id, { ttlMs }]) => [id, ttlMs]))
    return { revision: this.#revision, entries: new Map(this.#entries), leases }
  }

  /**
   * Replaces everything by the backup; followers lose the store and see it again. `bumpRevision`: revisions go on far
   * above the old ones, as `etcdutl snapshot restore --bump-revision` does; else they repeat.
   */
  restore(snapshot: CoordinationSnapshot, { bumpRevision = false } = {}): void {
    for (const lease of this.#leases.values()) lease[Symbol.dispose]()
    this.#leases.clear()
    this.#revision = snapshot.revision + (bumpRevision ? REVISION_BUMP : 0)
    this.#entries = new Map(snapshot.entries)
    for (const [id, ttlMs] of snapshot.leases) this.#addLease(id, ttlMs)
    if (this.#away !== undefined) return
    for (const follow of this.#follows) {
      follow.lost('the store was restored')
      this.#show(follow)
    }
  }

  /** Lets the lease run out at once, without moving the clock. */
  endLease(leaseId: string): void {
    const lease = this.#leases.get(leaseId)
    if (lease === undefined) return
    lease[Symbol.dispose]()
    this.#leases.delete(leaseId)
    const keys = [...this.#entries].filter(([, stored]) => stored.leaseId === leaseId).map(([key]) => key)
    this.#change(keys.sort(byKey).map((key) => ({ delete: key })))
  }

  nowMs(): number {
    this.#enter()
    return this.#clock.nowMs()
  }

  get(key: string): Entry | undefined {
    this.#enter()
    return this.#entries.get(checked(key))?.entry
  }

  list(prefix: string): { readonly revision: number; readonly entries: readonly Entry[] } {
    this.#enter()
    return { revision: this.#revision, entries: this.#below(checked(prefix)) }
  }

  transact({ compare, change, read = [] }: CoordinatorTransaction): CoordinatorOutcome {
    const changed = new Set(change.map((one) => checked('put' in one ? one.put : one.delete)))
    invariant(changed.size === change.length, 'a transaction changes each key at most once')
    invariant(
      compare.length <= OPERATIONS_MAX && change.length + read.length <= OPERATIONS_MAX,
      `a transaction has at most ${OPERATIONS_MAX} compares and ${OPERATIONS_MAX} changes and reads`,
    )
    for (const key of [...compare.map((one) => one.key), ...read]) checked(key)
    this.#enter()
    const succeeded = compare.every((one) => this.#holds(one))
    if (succeeded) {
      this.#checkLeases(change)
      this.#change(change)
    }
    const entries = new Map<string, Entry>()
    for (const key of read) {
      const entry = this.#entries.get(key)?.entry
      if (entry !== undefined) entries.set(key, entry)
    }
    return { succeeded, revision: this.#revision, entries }
  }

  grantLease(ttlMs: number): string {
    this.#enter()
    this.#leasesGranted += 1
    const id = String(FIRST_LEASE + this.#leasesGranted)
    this.#addLease(id, Math.max(1, Math.ceil(ttlMs / 1000)) * 1000)
    return id
  }

  keepAlive(leaseId: string): boolean {
    this.#enter()
    const lease = this.#leases.get(leaseId)
    lease?.prolong()
    return lease !== undefined
  }

  revokeLease(leaseId: string): void {
    this.#enter()
    this.endLease(leaseId)
  }

  follow(prefix: string, follower: Follower): Disposable {
    const follow = new MemoryFollow(checked(prefix), follower)
    this.#follows.add(follow)
    if (this.#away === undefined) this.#show(follow)
    else follow.lost(this.#away)
    return {
      [Symbol.dispose]: () => {
        follow[Symbol.dispose]()
        this.#follows.delete(follow)
      },
    }
  }

  /** Before every call: leases that ran out are gone, and a store that is away answers nobody. */
  #enter(): void {
    this.#expire()
    if (this.#away !== undefined)
      throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', `etcd cannot be reached: ${this.#away}.`)
  }

  #expire(): void {
    for (const [id, lease] of this.#leases) if (lease.expired) this.endLease(id)
  }

  #addLease(id: string, ttlMs: number): void {
    this.#leases.set(id, new MemoryLease(this.#clock, ttlMs, () => this.endLease(id)))
  }

  #holds(compare: Compare): boolean {
    const entry = this.#entries.get(compare.key)?.entry
    if ('createRevision' in compare) return (entry?.createRevision ?? 0) === compare.createRevision
    if ('modRevision' in compare) return (entry?.modRevision ?? 0) === compare.modRevision
    return entry?.value === compare.value
  }

  #checkLeases(changes: readonly Change[]): void {
    for (const change of changes)
      if ('put' in change && change.leaseId !== undefined && !this.#leases.has(change.leaseId))
        throw new IdgenError(
          'IDGEN_COORDINATION_UNAVAILABLE',
          `etcd failed while changing ${change.put}: nothing was changed, lease ${change.leaseId} is gone.`,
        )
  }

  /** All of it at one new revision; a change of nothing takes none. */
  #change(changes: readonly Change[]): void {
    const effective = changes.filter((change) => 'put' in change || this.#entries.has(change.delete))
    if (effective.length === 0) return
    this.#revision += 1
    for (const change of effective)
      if ('put' in change) this.#put(change.put, change.value, change.leaseId)
      else this.#delete(change.delete)
  }

  #put(key: string, value: string, leaseId: string | undefined): void {
    const createRevision = this.#entries.get(key)?.entry.createRevision ?? this.#revision
    const entry: Entry = { key, value, createRevision, modRevision: this.#revision }
    this.#entries.set(key, { entry, leaseId })
    for (const follow of this.#follows) follow.put(entry)
  }

  #delete(key: string): void {
    this.#entries.delete(key)
    for (const follow of this.#follows) follow.delete(key, this.#revision)
  }

  #show(follow: MemoryFollow): void {
    this.#expire()
    follow.snapshot(this.#below(follow.prefix), this.#revision)
  }

  #below(prefix: string): Entry[] {
    const found: Entry[] = []
    for (const [key, { entry }] of this.#entries) if (key.startsWith(prefix)) found.push(entry)
    return found.sort((a, b) => byKey(a.key, b.key))
  }
}

function checked(key: string): string {
  invariant(key.startsWith('/'), `a coordination key begins with a slash, not "${key}"`)
  return key
}

/** As etcd sorts, by bytes: the same as long as keys hold no characters above U+FFFF, and ours are ASCII. */
function byKey(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What the documents of etcd suggest for --bump-revision. */
const REVISION_BUMP = 1_000_000_000
/** Any number; not small, so that nobody takes a lease for a count. */
const FIRST_LEASE = 7_000_000
