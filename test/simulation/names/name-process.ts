import { MemoryAuditSink } from '../../../service/adapters/memory/memory-audit-sink.ts'
import type { MemoryCatalog } from '../../../service/adapters/memory/memory-catalog.ts'
import type { MemoryCoordination } from '../../../service/adapters/memory/memory-coordination.ts'
import { MemorySegmentLedger } from '../../../service/adapters/memory/memory-segment-ledger.ts'
import { AuditTrail } from '../../../service/app/audit-trail.ts'
import { CoordinatedCatalog } from '../../../service/app/coordinated-catalog.ts'
import type { CoordinatedTagBatchOptions } from '../../../service/app/coordinated-tag-batch.ts'
import { GuardedSegments } from '../../../service/app/guarded-segments.ts'
import type { LayoutClaims, LayoutClaimsOptions } from '../../../service/app/layout-claims.ts'
import { RangeConflicts } from '../../../service/app/range-conflicts.ts'
import { RangeWatch } from '../../../service/app/range-watch.ts'
import { Repeat } from '../../../service/app/repeat.ts'
import { SegmentAllocator } from '../../../service/app/segment-allocator.ts'
import { SegmentWitness } from '../../../service/app/segment-witness.ts'
import { SharedNames } from '../../../service/app/shared-names.ts'
import { parseTagPath, TagDirectory } from '../../../service/app/tag-directory.ts'
import { TagSync } from '../../../service/app/tag-sync.ts'
import { IdBatch } from '../../../service/core/id-batch.ts'
import { layoutOf } from '../../../service/core/id-format.ts'
import { Snowflake } from '../../../service/core/snowflake.ts'
import type { CatalogStore } from '../../../service/ports/catalog-store.ts'
import type { TagBatch } from '../../../service/ports/tag-batch.ts'
import { liveTagOptions } from '../../fixtures/live-tag-options.ts'
import { ScriptedSegments } from '../../fixtures/scripted-segments.ts'
import { SILENT } from '../../fixtures/silent-log.ts'
import { SimCoordinator } from '../stores/sim-coordinator.ts'
import type { Host } from '../world/host.ts'
import { LAYOUT } from '../world/installation.ts'
import type { Network } from '../world/network.ts'
import type { Prng } from '../world/prng.ts'
import type { Tally } from '../world/tally.ts'
import type { NameChecks } from './name-checks.ts'
import type { NumberChecks } from './number-checks.ts'
import { SlowCatalog } from './slow-catalog.ts'
import { SlowTagBatch } from './slow-tag-batch.ts'

export interface NameProcessOptions {
  readonly host: Host
  readonly network: Network
  readonly etcd: MemoryCoordination
  /** Of its data centre; it is always there. */
  readonly catalog: CatalogStore
  /** The tables of that database. */
  readonly memory: MemoryCatalog
  readonly random: Prng
  readonly checks: NameChecks
  readonly numbers: NumberChecks
  readonly tally: Tally
  readonly parts: NameParts
}

/** What the service has, or a mutant of it. */
export interface NameParts {
  readonly newClaims: (options: LayoutClaimsOptions) => LayoutClaims
  readonly newBatch: (options: CoordinatedTagBatchOptions) => TagBatch
}

/** A process of a data centre as far as names go: its catalogue, the exchange with etcd, and tags that are stamped. */
export class NameProcess {
  readonly #name: string
  readonly catalog: CoordinatedCatalog
  readonly batch: TagBatch
  readonly directory: TagDirectory
  readonly #host: Host
  readonly #checks: NameChecks
  readonly #numbers: NumberChecks
  readonly #store: CatalogStore
  readonly #segments: GuardedSegments
  readonly #sync: TagSync
  readonly #ranges: RangeWatch
  readonly #rounds: readonly Repeat[]

  constructor(options: NameProcessOptions) {
    const { host, network, etcd, catalog, memory, random, checks, numbers, tally, parts } = options
    this.#host = host
    this.#name = `${host.name}#${host.boot()}`
    this.#checks = checks
    this.#numbers = numbers
    this.#store = catalog
    const { clock } = host
    const log = SILENT
    const coordinator = new SimCoordinator({ network, host, etcd })
    const audit = new AuditTrail({
      sink: new MemoryAuditSink(),
      clock,
      log,
      queueMax: AUDIT_QUEUE,
      flushEveryMs: 1000,
    })
    const names = new SharedNames(coordinator, `database ${host.dc}`)
    const conflicts = new RangeConflicts(audit, log, (path, inConflict) =>
      this.directory.hold(path, inConflict),
    )
    const shared = { catalog, coordinator, names, conflicts, audit, log, clock }
    const onImported = (path: string): void => void this.directory.refresh(path).catch(() => undefined)
    this.#sync = new TagSync({ ...shared, onImported })
    const claims = parts.newClaims({ names, conflicts, clock, settle: (path) => this.#sync.noticed(path) })
    const onLooked = (doubtful: ReadonlySet<string>): void => claims.looked(doubtful)
    this.#ranges = new RangeWatch({ ...shared, sync: this.#sync, onLooked, checkEveryMs: RANGES_EVERY_MS })
    const slow = new SlowCatalog(catalog, { clock, random, tally })
    const joined = { ...shared, catalog: slow, sync: this.#sync, random }
    this.catalog = new CoordinatedCatalog(joined)
    const batch = new SlowTagBatch({ catalog, clock, random, tally })
    this.batch = parts.newBatch({ ...joined, batch })
    this.#segments = new GuardedSegments(
      new SegmentAllocator({
        ledger: new MemorySegmentLedger(memory),
        witness: new SegmentWitness({ coordinator, clock, deadlineMs: WITNESS_DEADLINE_MS }),
        publishedOnly: true,
      }),
      conflicts.reasons,
    )
    this.directory = newDirectory(host, catalog, claims)
    this.#rounds = [
      new Repeat(clock, RESYNC_EVERY_MS, () => this.#resync(conflicts)),
      new Repeat(clock, POLL_EVERY_MS, () => this.#poll()),
    ]
  }

  start(): void {
    // It serves from the first moment on, as one whose etcd was away at the start.
    void this.#ranges.start()
    for (const round of this.#rounds) round.start()
  }

  /** A caller asks for snowflakes of the tag at `path`. */
  async request(path: string, count: number): Promise<void> {
    const live = await this.directory.resolve(path).catch(() => undefined)
    if (live === undefined || live.removed) return
    const taken = live.router.active.take(count, this.#host.clock.nowMs(), new IdBatch())
    this.#checks.stamped(this.#name, live.tag, taken, this.#host.clock.monotonicMs())
  }

  /** Numbers of the tag at `path` for the database of this process; one with a layout has none. */
  async grant(path: string, step: number): Promise<void> {
    const tag = await this.#store.findTag(parseTagPath(path))
    if (tag === undefined || layoutOf(tag.space.format) !== undefined) return
    const { dc } = this.#host
    const grant = await this.#segments.allocate(tag.id, dc, step, tag.generation).catch(() => undefined)
    if (grant !== undefined) this.#numbers.grantedTo(this.#name, tag, grant)
  }

  async #resync(conflicts: RangeConflicts): Promise<void> {
    for (const path of conflicts.paths) this.#sync.notice(path)
    await this.#sync.compareAll().catch(() => undefined)
  }

  async #poll(): Promise<void> {
    for (const { path } of this.directory.all()) await this.directory.refresh(path)
  }
}

function newDirectory(host: Host, catalog: CatalogStore, layoutClaims: LayoutClaims): TagDirectory {
  const snowflake = new Snowflake({ layout: LAYOUT, seed: 1 })
  const fromMs = Math.floor(host.clock.nowMs())
  snowflake.install({ dc: host.dc, worker: host.run % WORKERS, fromMs, untilMs: fromMs + WINDOW_MS })
  return new TagDirectory({
    catalog,
    maxTags: TAGS_MAX,
    live: liveTagOptions({
      store: new ScriptedSegments(),
      dc: host.dc,
      clock: host.clock,
      snowflake,
      layoutClaims,
    }),
  })
}

/** Far beyond a run: time grants are looked at by the other simulation. */
const WINDOW_MS = 3_600_000
const WORKERS = 256
/** Fewer than there are names, so that some are dropped and loaded again. */
const TAGS_MAX = 4
const AUDIT_QUEUE = 10_000
/** As the service has it. */
const WITNESS_DEADLINE_MS = 200
/** Shorter than the service's minute and hour, so that a run of a minute has many. */
const RESYNC_EVERY_MS = 4000
const RANGES_EVERY_MS = 9000
const POLL_EVERY_MS = 1000
