import { MemoryBlockCache } from '../../../service/adapters/memory/memory-block-cache.ts'
import { MemoryCoordination } from '../../../service/adapters/memory/memory-coordination.ts'
import type { Tag } from '../../../service/core/tag.ts'
import { BlockChecks } from '../checks/block-checks.ts'
import { DateChecks } from '../checks/date-checks.ts'
import { valueOf } from '../checks/interval-claims.ts'
import { LayoutChecks } from '../checks/layout-checks.ts'
import { PromiseLimits } from '../checks/promise-limits.ts'
import { SegmentChecks } from '../checks/segment-checks.ts'
import { StampChecks } from '../checks/stamp-checks.ts'
import { Verdict } from '../checks/verdict.ts'
import { PostgresCluster } from '../stores/postgres-cluster.ts'
import { Host } from './host.ts'
import { drawInstallation, type Installation, LAYOUT } from './installation.ts'
import { Network } from './network.ts'
import { Prng } from './prng.ts'
import { SimProcess } from './sim-process.ts'
import { Tally } from './tally.ts'
import { Trace } from './trace.ts'
import type { Variant } from './variant.ts'
import { VirtualTime } from './virtual-time.ts'

export interface WorldOptions {
  readonly seed: number
  readonly variant?: Variant
  readonly installation?: Partial<Installation>
}

/** Everything there is in one simulation. */
export class World {
  readonly time = new VirtualTime()
  readonly tally = new Tally()
  readonly trace = new Trace(this.time)
  readonly verdict = new Verdict(this.trace)
  readonly random: Prng
  readonly installation: Installation
  readonly variant: Variant
  readonly network: Network
  readonly etcd = new MemoryCoordination(this.time.clock())
  readonly clusters: readonly PostgresCluster[]
  readonly hosts: readonly Host[]
  readonly segments = new SegmentChecks(this.verdict)
  readonly dates = new DateChecks(this.verdict, this.tally)
  readonly stamps = new StampChecks(this.verdict, LAYOUT)
  readonly layouts = new LayoutChecks(this.verdict)
  readonly blocks = new BlockChecks()
  readonly limits: PromiseLimits
  readonly ledgerTags: ReadonlyMap<number, Tag>
  readonly #redis = new Map<number, MemoryBlockCache>()
  readonly #processes = new Map<string, SimProcess>()
  /** By host: whether the last look at a copy in PostgreSQL was answered. */
  readonly #copies = new Map<string, boolean>()

  constructor({ seed, variant = {}, installation }: WorldOptions) {
    this.random = new Prng(seed)
    this.variant = variant
    this.installation = drawInstallation(this.random.fork(), installation)
    this.network = new Network(this.time, this.random.fork(), this.tally)
    this.ledgerTags = new Map(this.installation.tags.map((tag) => [tag.id, tag]))
    this.clusters = this.#makeClusters()
    this.hosts = this.#makeHosts()
    const { dcs, tags, workers, etcd } = this.installation
    this.limits = new PromiseLimits({
      etcd: this.etcd,
      tags,
      dcs,
      workers: etcd ? workers : 0,
      clusterOf: (dc) => this.clusterOf(dc),
      segments: this.segments,
      stamps: this.stamps,
      blocks: this.blocks,
      earliestClock: (dc) => Math.min(...this.hostsOf(dc).map(({ clock }) => clock.nowMs())),
      copiesReached: (dc) => this.copiesReached(dc),
    })
  }

  get processes(): readonly SimProcess[] {
    return [...this.#processes.values()]
  }

  tag(id: number): Tag {
    const tag = this.ledgerTags.get(id)
    if (tag === undefined) throw new Error(`no tag ${id} in this simulation`)
    return tag
  }

  clusterOf(dc: number): PostgresCluster {
    const cluster = this.clusters.find(({ dcs }) => dcs.includes(dc))
    if (cluster === undefined) throw new Error(`no database for dc ${dc} in this simulation`)
    return cluster
  }

  redisOf(dc: number): MemoryBlockCache {
    return valueOf(this.#redis, dc, () => {
      const redis = new MemoryBlockCache(this.time.clock())
      if (this.variant.identityOf !== undefined) redis.identityOf = this.variant.identityOf
      return redis
    })
  }

  hostsOf(dc: number): readonly Host[] {
    return this.hosts.filter((host) => host.dc === dc)
  }

  processOn(host: Host): SimProcess | undefined {
    return this.#processes.get(host.name)
  }

  /** A process that does nothing by itself; `start` it, or lead it step by step. */
  place(host: Host): SimProcess {
    const process = new SimProcess(this, host, this.random.fork())
    this.#processes.set(host.name, process)
    this.#copies.set(host.name, true)
    this.trace.note(`${process.name} starts`)
    return process
  }

  /** SIGKILL, or the end of a process that stopped. */
  kill(host: Host): void {
    const process = this.#processes.get(host.name)
    if (process === undefined) return
    this.trace.note(`${process.name} ends`)
    process.account()
    this.#processes.delete(host.name)
    this.#copies.delete(host.name)
    host.crash()
  }

  copyAnswered(host: Host, answered: boolean): void {
    if (this.#copies.has(host.name)) this.#copies.set(host.name, answered)
  }

  /** Every process of the data centre reached PostgreSQL at its last try, and none waits in vain. */
  copiesReached(dc: number): boolean {
    const cluster = this.clusterOf(dc)
    return (
      cluster.servers.every(({ down }) => down === undefined) &&
      this.hostsOf(dc).every(
        (host) =>
          this.network.healthy(host, cluster.name) &&
          !this.network.troubled(host, cluster.name) &&
          (this.#copies.get(host.name) ?? true),
      )
    )
  }

  #makeClusters(): readonly PostgresCluster[] {
    const { dcs, databases, synchronous } = this.installation
    const around = { time: this.time, random: this.random.fork(), tally: this.tally, synchronous }
    if (databases === 'shared') return [new PostgresCluster('pg0', dcs, around)]
    return dcs.map((dc) => new PostgresCluster(`pg${dc}`, [dc], around))
  }

  #makeHosts(): readonly Host[] {
    const { dcs, hostsPerDc } = this.installation
    return dcs.flatMap((dc) =>
      Array.from({ length: hostsPerDc }, (_, i) => new Host(this.time, `dc${dc}-${'abcdef'[i]}`, dc)),
    )
  }
}
