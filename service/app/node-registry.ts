import { NODES } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { Coordinator, Entry, Follower } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import { keyOf, type NodeRecord, parseNode, printNode } from './node-record.ts'
import { Repeat } from './repeat.ts'

export interface NodeRegistryOptions {
  /** undefined: no etcd, then a process knows only itself. */
  readonly coordinator: Coordinator | undefined
  readonly clock: Clock
  readonly log: Log
  /** Worker ids that this process holds now; told with the next renewal. Left out: none are told. */
  readonly workers?: () => readonly number[]
  /** How long a process that died stays listed. Default 15,000 ms. */
  readonly leaseMs?: number
  /** Default 5000 ms: a third of the lease lets two renewals fail. */
  readonly renewEveryMs?: number
}

/**
 * The running processes of all data centres: this one tells of itself under a lease, and follows the
 * others. While etcd is away the last known ones stay, those that died meanwhile included; clients try another one then.
 */
export class NodeRegistry {
  readonly #options: NodeRegistryOptions
  readonly #repeat: Repeat
  readonly #nodes = new Map<string, NodeRecord>()
  #self: NodeRecord | undefined
  #leaseId: string | undefined
  #following: Disposable | undefined
  #followed = false
  #fault: string | undefined
  #flight: Promise<void> | undefined

  constructor(options: NodeRegistryOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.renewEveryMs ?? RENEW_MS, () => this.renew())
  }

  /** Why this process is not listed for others now, or undefined. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Whether the list follows etcd now; else it is the last known one. Without etcd it is always all there is. */
  get current(): boolean {
    return this.#followed || this.#options.coordinator === undefined
  }

  /** Once it listens. Does not wait for etcd. */
  start(self: NodeRecord): void {
    this.#self = self
    const { coordinator } = this.#options
    if (coordinator === undefined) return
    this.#following = coordinator.follow(NODES, this.#follower())
    void this.renew()
    this.#repeat.start()
  }

  /** Takes this process off the list; at most STOP_MAX_MS, because a shutdown waits for it. */
  async stop(): Promise<void> {
    const ended = new AbortController()
    await Promise.race([this.#leave(), sleep(this.#options.clock, STOP_MAX_MS, ended.signal)])
    ended.abort()
  }

  async #leave(): Promise<void> {
    await this.#repeat.stop()
    await this.#flight
    this.#following?.[Symbol.dispose]()
    const { coordinator, log } = this.#options
    const leaseId = this.#leaseId
    this.#self = undefined
    this.#leaseId = undefined
    if (coordinator === undefined || leaseId === undefined) return
    // A record that is still on its way needs the lease, so it comes to nothing.
    await coordinator.revokeLease(leaseId).catch((thrown: unknown) => {
      log.warn({ err: IdgenError.from(thrown) }, 'node stays listed until its lease runs out')
    })
  }

  /** At most NODES_LISTED_MAX, those of `firstDc` first; within a data centre by name. */
  list(firstDc: number): readonly NodeRecord[] {
    const nodes = new Map(this.#nodes)
    // Also while etcd is away: whoever got this answer reached this process.
    const self = this.#record()
    if (self !== undefined) nodes.set(keyOf(self), self)
    const rank = ({ dc }: NodeRecord): number => (dc === firstDc ? -1 : dc)
    return [...nodes.values()]
      .sort((a, b) => rank(a) - rank(b) || (a.node < b.node ? -1 : 1))
      .slice(0, NODES_LISTED_MAX)
  }

  /** What this process tells of itself now. */
  #record(): NodeRecord | undefined {
    const workers = this.#options.workers?.()
    return this.#self && { ...this.#self, ...(workers && { workers }) }
  }

  /** Keeps the lease and the record, or makes them anew. Concurrent calls share one try. Never rejects. */
  renew(): Promise<void> {
    this.#flight ??= this.#renewOnce().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #renewOnce(): Promise<void> {
    const { coordinator, log } = this.#options
    const self = this.#record()
    if (coordinator === undefined || self === undefined) return
    try {
      await this.#write(coordinator, self)
      if (this.#fault !== undefined) log.info({ node: self.node }, 'node listed again')
      this.#fault = undefined
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      if (this.#fault === undefined) log.warn({ err: error, node: self.node }, 'node could not be listed')
      this.#fault = error.message
    }
  }

  async #write(coordinator: Coordinator, self: NodeRecord): Promise<void> {
    const { leaseMs = LEASE_MS } = this.#options
    if (this.#leaseId === undefined || !(await coordinator.keepAlive(this.#leaseId)))
      this.#leaseId = await coordinator.grantLease(leaseMs)
    const [key, value] = [keyOf(self), printNode(self)]
    // Written only where it is not there: every writing wakes every process of every data centre.
    const { succeeded } = await coordinator.transact({ compare: [{ key, value }], change: [] })
    if (succeeded) return
    // Whatever stands there instead is of a process of this name before this one.
    await coordinator.transact({ compare: [], change: [{ put: key, value, leaseId: this.#leaseId }] })
  }

  #follower(): Follower {
    return {
      onSnapshot: (entries) => {
        this.#followed = true
        this.#nodes.clear()
        for (const entry of entries) this.#add(entry)
      },
      onPut: (entry) => this.#add(entry),
      onDelete: (key) => void this.#nodes.delete(key),
      onLost: () => {
        this.#followed = false
      },
    }
  }

  #add(entry: Entry): void {
    const node = parseNode(entry)
    if (node === undefined) {
      this.#nodes.delete(entry.key)
      this.#options.log.warn({ key: entry.key }, 'a key in etcd does not describe a node')
    } else if (this.#nodes.size < NODES_MAX || this.#nodes.has(entry.key)) this.#nodes.set(entry.key, node)
  }
}

const LEASE_MS = 15_000
const RENEW_MS = 5000
/** An etcd that hangs must not use up the grace period; the lease then takes the record off. */
const STOP_MAX_MS = 2000
/** 8 data centres with 256 worker ids, twice: what is beyond issues nothing and was put there by mistake. */
const NODES_MAX = 4096
/** About 200 KB of answer; all of the caller's own data centre (at most 256) are among them. */
export const NODES_LISTED_MAX = 1000
