import { MemoryCatalog } from '../../../service/adapters/memory/memory-catalog.ts'
import { MemoryCoordination } from '../../../service/adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../../../service/adapters/memory/memory-coordinator.ts'
import { CoordinatedTagBatch } from '../../../service/app/coordinated-tag-batch.ts'
import { LayoutClaims } from '../../../service/app/layout-claims.ts'
import { configKey } from '../../../service/core/coordination-keys.ts'
import { generationOf } from '../../../service/core/generation.ts'
import type { IdFormat } from '../../../service/core/id-format.ts'
import type { RowResult } from '../../../service/core/row-result.ts'
import type { Tag } from '../../../service/core/tag.ts'
import { canonicalLayout } from '../../../service/core/tag-layout.ts'
import { printTagRecord, type TagRecord } from '../../../service/core/tag-record.ts'
import type { CatalogStore, NewTag } from '../../../service/ports/catalog-store.ts'
import { newTag, SMALL_SPACE } from '../../fixtures/joined-databases.ts'
import { Host } from '../world/host.ts'
import { Network, USUAL_MS } from '../world/network.ts'
import { Prng } from '../world/prng.ts'
import { Tally } from '../world/tally.ts'
import { VirtualTime } from '../world/virtual-time.ts'
import { NameChecks } from './name-checks.ts'
import { type NameParts, NameProcess } from './name-process.ts'
import { NumberChecks } from './number-checks.ts'
import { WatchedStore } from './watched-store.ts'

export interface NamesResult {
  readonly violation: string | undefined
  readonly checks: NameChecks
  readonly numbers: NumberChecks
  readonly tally: Tally
}

interface Database {
  readonly memory: MemoryCatalog
  readonly store: CatalogStore
}

/** Databases of data centres that share an etcd, and the machines on each. */
class NamesWorld {
  readonly time = new VirtualTime()
  readonly tally = new Tally()
  readonly checks = new NameChecks()
  readonly numbers = new NumberChecks()
  readonly random: Prng
  readonly #etcd = new MemoryCoordination(this.time.clock())
  readonly #hand = new MemoryCoordinator(this.#etcd)
  readonly #network: Network
  readonly #databases: readonly Database[]
  readonly #hosts: readonly Host[]
  readonly #processes = new Map<Host, NameProcess>()
  readonly #parts: NameParts

  constructor(seed: number, parts: NameParts) {
    this.random = new Prng(seed)
    this.#parts = parts
    this.#network = new Network(this.time, this.random.fork(), this.tally)
    const databases = this.random.int(2, 3)
    this.#databases = Array.from({ length: databases }, (_, dc) => {
      const memory = new MemoryCatalog(this.time.clock())
      memory.history = `database ${dc}/1`
      const onForgotten = (tag: Tag): void =>
        this.numbers.forgottenBy(`database ${dc}`, tag, (key) => this.#inEtcd(key))
      return { memory, store: new WatchedStore(memory, onForgotten) }
    })
    this.#hosts = Array.from({ length: databases * HOSTS_EACH }, (_, i) => {
      const dc = i % databases
      return new Host(this.time, `dc${dc}-${Math.floor(i / databases)}`, dc)
    })
  }

  async start(): Promise<void> {
    for (const { store } of this.#databases) {
      await store.createWorkspace('w', '')
      await store.createGroup('w', 'g', '')
    }
    for (const host of this.#hosts) this.#boot(host)
    this.#every(REQUEST_MEAN_MS, () => this.#request())
    this.#every(GRANT_MEAN_MS, () => this.#grant())
    this.#every(CHANGE_MEAN_MS, () => this.#change())
    this.#every(FAULT_MEAN_MS, () => this.#fault())
  }

  #boot(host: Host): void {
    const process = new NameProcess({
      host,
      network: this.#network,
      etcd: this.#etcd,
      ...this.#databaseOf(host.dc),
      random: this.random.fork(),
      checks: this.checks,
      numbers: this.numbers,
      tally: this.tally,
      parts: this.#parts,
    })
    this.#processes.set(host, process)
    process.start()
  }

  #every(meanMs: number, happen: () => void): void {
    this.time.after(this.random.wait(meanMs), () => {
      happen()
      this.#every(meanMs, happen)
    })
  }

  #request(): void {
    const host = this.#anyHost()
    const path = `w/g/${this.#anyName()}`
    const count = this.random.int(1, 3)
    if (host.alive && !host.paused) void this.#processes.get(host)?.request(path, count)
  }

  #grant(): void {
    const host = this.#anyHost()
    const path = `w/g/${this.#anyName()}`
    const step = this.random.int(1, 20)
    if (host.alive && !host.paused) void this.#processes.get(host)?.grant(path, step)
  }

  /** A tag is made past etcd or with it, deleted, or dropped from a process' memory. */
  #change(): void {
    const host = this.#anyHost()
    const process = this.#processes.get(host)
    if (process === undefined || !host.alive || host.paused) return
    const name = this.#anyName()
    const kind = this.random.int(0, 13)
    if (kind < 4)
      this.#attempt('past etcd', () => this.#databaseOf(host.dc).catalog.createTag(this.#pastEtcd(name)))
    else if (kind < 6) this.#attempt('made', () => process.catalog.createTag(this.#draft(name)))
    else if (kind < 8)
      this.#attempt('deleted', () =>
        process.catalog.deleteTag({ workspace: 'w', group: 'g', name }, undefined),
      )
    else if (kind < 10) void process.directory.drop(`w/g/${name}`, true)
    else if (kind < 12) this.#attempt('by hand', () => this.#writeKey(name, this.#pastEtcd(name)))
    else if (kind < 13)
      this.#attempt('made together', () =>
        anyOf(process.batch.createTags(this.#names().map((one) => this.#draft(one)))),
      )
    else
      this.#attempt('deleted together', () => {
        const refs = this.#names().map((one) => ({ workspace: 'w', group: 'g', name: one }))
        return anyOf(process.batch.deleteTags(refs.map((ref) => ({ ref, ifVersion: undefined }))))
      })
  }

  /** A person writes the key of a name, or takes it away. */
  async #writeKey(name: string, tag: NewTag & TagRecord): Promise<void> {
    const key = configKey(`w/g/${name}`)
    const change = this.random.chance(0.8) ? { put: key, value: printTagRecord(tag) } : { delete: key }
    await this.#hand.transact({ compare: [], change: [change] })
  }

  #attempt(what: string, carryOut: () => Promise<unknown>): void {
    carryOut().then(
      () => this.tally.add(what),
      () => this.tally.add(`${what}: refused`),
    )
  }

  #draft(name: string): NewTag {
    const layout = this.random.pick(LAYOUTS)
    const draft = newTag(name, { chain: ['snowflake'], space: SPACE })
    return layout === undefined
      ? draft
      : { ...draft, space: { ...draft.space, format: { snowflake: layout } satisfies IdFormat } }
  }

  #pastEtcd(name: string): NewTag & TagRecord {
    const bytes = new Uint8Array(16)
    this.random.fill(bytes)
    return { ...this.#draft(name), generation: generationOf(bytes) }
  }

  #fault(): void {
    const host = this.#anyHost()
    const link = this.#network.link(host, 'etcd')
    const endAfter = (end: () => void): void => {
      this.time.after(this.random.wait(FAULT_LASTS_MS), end)
    }
    switch (this.random.int(0, 4)) {
      case 0:
        link.there.cut = this.random.chance(0.7)
        link.back.cut = true
        return endAfter(() => Object.assign(link, { there: newWay(), back: newWay() }))
      case 1:
        Object.assign(link.there, { slowMs: 1500, loss: 0.2 })
        Object.assign(link.back, { slowMs: 1500, loss: 0.2 })
        return endAfter(() => Object.assign(link, { there: newWay(), back: newWay() }))
      case 2:
        this.#etcd.away = 'no leader'
        return endAfter(() => {
          this.#etcd.away = undefined
        })
      case 3:
        if (host.paused || !host.alive) return
        host.pause(false)
        return endAfter(() => {
          if (host.alive) host.resume()
        })
      default:
        host.crash()
        return endAfter(() => {
          if (!host.alive) this.#boot(host)
        })
    }
  }

  #databaseOf(dc: number): { readonly memory: MemoryCatalog; readonly catalog: CatalogStore } {
    const database = this.#databases[dc]
    if (database === undefined) throw new Error(`no database for data centre ${dc}`)
    return { memory: database.memory, catalog: database.store }
  }

  /** Whether or not it answers now. */
  #inEtcd(key: string): string | undefined {
    return this.#etcd.snapshot().entries.get(key)?.entry.value
  }

  #anyHost(): Host {
    const host = this.random.pick(this.#hosts)
    if (host === undefined) throw new Error('no hosts')
    return host
  }

  /** A few at a time, and new ones as time goes on: what becomes of a name is soon decided. */
  #anyName(): string {
    return this.#names()[this.random.int(0, 2)] ?? ''
  }

  #names(): string[] {
    const first = Math.floor(this.time.nowMs / NAME_EVERY_MS)
    return [first, first + 1, first + 2].map((at) => `n${at}`)
  }
}

/** Rejects where a batch came to nothing. */
async function anyOf(batch: Promise<readonly RowResult<unknown>[]>): Promise<void> {
  if (!(await batch).some((row) => 'value' in row)) throw new Error('every row was refused')
}

/** One run of a minute or so, of what the service has but for these parts. */
export async function runNames(seed: number, parts: Partial<NameParts> = {}): Promise<NamesResult> {
  const world = new NamesWorld(seed, { ...SERVICE, ...parts })
  await world.start()
  const { time, checks, numbers, tally } = world
  const broken = (): string | undefined => checks.violation ?? numbers.violation
  await time.runUntil(RUN_MS, () => broken() !== undefined)
  return { violation: broken(), checks, numbers, tally }
}

const SERVICE: NameParts = {
  newClaims: (options) => new LayoutClaims(options),
  newBatch: (options) => new CoordinatedTagBatch(options),
}

function newWay() {
  return { cut: false, loss: 0, slowMs: USUAL_MS }
}

const NARROW = canonicalLayout('53-bit')
/** As often none as one, and two that differ. */
const LAYOUTS = [undefined, undefined, NARROW, { ...NARROW, unitMs: 1, timeBits: 41, sequenceBits: 1 }]
/** As many data centres as there may be databases. */
const SPACE = { ...SMALL_SPACE, dcCount: 3 }
const HOSTS_EACH = 2
const RUN_MS = 60_000
const NAME_EVERY_MS = 4000
const REQUEST_MEAN_MS = 25
const GRANT_MEAN_MS = 60
const CHANGE_MEAN_MS = 250
const FAULT_MEAN_MS = 1500
const FAULT_LASTS_MS = 2500
