import { CpuShare } from './adapters/system/cpu-share.ts'
import { AuditTrail } from './app/audit-trail.ts'
import { Authenticator } from './app/authenticator.ts'
import { CapacityWatch } from './app/capacity-watch.ts'
import { CatalogFollower } from './app/catalog-follower.ts'
import { GenerateIds } from './app/generate-ids.ts'
import { IssueLedger } from './app/issue-ledger.ts'
import { JumpWatch } from './app/jump-watch.ts'
import type { SharedAlgorithms } from './app/live-tag.ts'
import { ManageCatalog } from './app/manage-catalog.ts'
import { ManageKeys } from './app/manage-keys.ts'
import { Readiness } from './app/readiness.ts'
import { RouterWatch } from './app/router-watch.ts'
import type { FindingListener } from './app/segment-allocator.ts'
import { StoreWatch } from './app/store-watch.ts'
import { TagDirectory } from './app/tag-directory.ts'
import { TimeGrantKeeper } from './app/time-grant-keeper.ts'
import type { UseCases } from './app/use-cases.ts'
import type { Config } from './config/keys.ts'
import { Snowflake } from './core/snowflake.ts'
import { layoutHash, type SnowflakeLayout, snowflakeLayout } from './core/snowflake-layout.ts'
import { UuidV4 } from './core/uuid-v4.ts'
import { UuidV7 } from './core/uuid-v7.ts'
import type { ApiKeyStore } from './ports/api-key-store.ts'
import type { AuditSink } from './ports/audit-sink.ts'
import type { CatalogStore } from './ports/catalog-store.ts'
import { type Clock, sleep } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { Random } from './ports/random.ts'
import type { SegmentStore } from './ports/segment-store.ts'
import type { TimeGrantStore } from './ports/time-grant-store.ts'

/** All that touches the world outside; memory or PostgreSQL, real time or a test's. */
export interface Outside {
  /** Makes the segment store; it calls `onFinding` with what the witness sees of the database. */
  readonly segments: (onFinding: FindingListener) => SegmentStore
  readonly times: TimeGrantStore
  readonly catalog: CatalogStore
  readonly keys: ApiKeyStore
  readonly auditSink: AuditSink
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Who this process is, for people who read the tables. */
  readonly instance: string
  /** This process' share of its processors, 0..1; default: measured. The simulation brings its own. */
  readonly cpu?: () => number
}

/** The use cases with what runs beside them in the background. */
export interface Service {
  readonly useCases: UseCases
  readonly keeper: TimeGrantKeeper
  readonly routers: RouterWatch
  readonly capacity: CapacityWatch
  readonly storeWatch: StoreWatch
  readonly audit: AuditTrail
  readonly follower: CatalogFollower
  readonly jumps: JumpWatch
  readonly snowflake: Snowflake
  readonly uuidV4: UuidV4
  /** After the listeners have drained: stops issuing, returns what is unused, writes what is queued. */
  stop(): Promise<void>
}

/** Builds the use cases over the stores, starts their background work, and waits for the first round of it. */
export async function startUseCases(config: Config, outside: Outside): Promise<Service> {
  const { clock, log } = outside
  const layout = snowflakeLayout(config.snowflake.epoch)
  const snowflake = new Snowflake({
    layout,
    seed: randomSeed(outside.random),
    borrowMaxMs: config.snowflake.borrowMax,
  })
  const keeper = newKeeper(config, outside, layout, snowflake)
  const audit = new AuditTrail({
    sink: outside.auditSink,
    clock,
    log,
    queueMax: config.audit.queueMax,
    flushEveryMs: config.audit.flushEvery,
  })
  const uuidV4 = new UuidV4((bytes) => outside.random.fill(bytes))
  const uuidV7 = new UuidV7((bytes) => outside.random.fill(bytes))
  const storeWatch = new StoreWatch({ audit, log })
  const segments = outside.segments((...found) => storeWatch.found(...found))
  const shared = { snowflake, 'uuid-v7': uuidV7, 'uuid-v4': uuidV4 }
  const directory = newDirectory(config, outside, segments, shared)
  const routers = new RouterWatch({ directory, audit, clock, log, probeEveryMs: config.router.probeEvery })
  const authenticator = newAuthenticator(config, outside)
  const { catalog, keys, random } = outside
  const follower = new CatalogFollower({
    catalog,
    directory,
    authenticator,
    clock,
    log,
    pollEveryMs: config.catalog.pollEvery,
  })
  const capacity = newCapacityWatch(config, outside, segments, audit)
  const useCases: UseCases = {
    generate: newGenerate(config, outside, keeper, routers, uuidV4),
    directory,
    catalog: new ManageCatalog({ catalog, directory, audit }),
    keys: new ManageKeys({ keys, authenticator, audit, clock, random }),
    authenticator,
    ledger: new IssueLedger({ audit, clock, sampleEvery: config.audit.sampleEvery }),
    readiness: new Readiness({ directory, follower, keeper, clock }),
    layout,
    limits: { maxText: config.server.generate.maxText, maxRuns: config.server.generate.maxRuns },
    clock,
    log,
  }
  const jumps = new JumpWatch(clock, () => {
    uuidV7.dropPool()
    uuidV4.dropPool()
  })
  audit.start()
  useCases.ledger.start()
  jumps.start()
  await Promise.all([keeper.start(), follower.start(), capacity.start()])
  routers.start()
  const service = {
    useCases,
    keeper,
    routers,
    capacity,
    storeWatch,
    audit,
    follower,
    jumps,
    snowflake,
    uuidV4,
  }
  return { ...service, stop: () => stopAll(service) }
}

/** Stamping and issuing end first; only then may unused numbers and the worker id go back. */
async function stopAll(service: Omit<Service, 'stop'>): Promise<void> {
  const { useCases, keeper, routers, capacity, audit, follower, jumps } = service
  useCases.readiness.drain()
  useCases.generate.stop()
  const { clock, log } = useCases
  // What must not be lost comes first: a supervisor's patience may end before a database that hangs answers.
  const written = useCases.ledger.stop().then(() => audit.stop())
  const released = Promise.all([
    routers.stop(),
    capacity.stop(),
    follower.stop(),
    keeper.stop(),
    jumps.stop(),
  ])
  const all = Promise.all([written, released.then(() => useCases.directory.retireAll())])
  const ended = new AbortController()
  const late = sleep(clock, STOP_BUDGET_MS, ended.signal).then(() => {
    // What was not returned stays burnt, what was not released runs out with its lease.
    if (!ended.signal.aborted)
      log.warn({ afterMs: STOP_BUDGET_MS }, 'stopped without an answer of the database')
  })
  await Promise.race([all, late])
  ended.abort()
}

/** Of the 30 s a graceful shutdown may take, after the listeners have drained. */
const STOP_BUDGET_MS = 8000

function newKeeper(
  config: Config,
  outside: Outside,
  layout: SnowflakeLayout,
  snowflake: Snowflake,
): TimeGrantKeeper {
  const { clock, random, log, times, instance } = outside
  return new TimeGrantKeeper({
    store: times,
    snowflake,
    layout,
    clock,
    random,
    log,
    request: {
      dc: config.datacenter.id,
      holder: instance,
      leaseMs: config.snowflake.lease,
      layoutHash: layoutHash(layout),
    },
    windowMs: config.snowflake.window,
    renewEveryMs: config.snowflake.renewEvery,
    maxClockAheadMs: config.snowflake.maxClockAhead,
  })
}

function newDirectory(
  config: Config,
  outside: Outside,
  segments: SegmentStore,
  shared: SharedAlgorithms,
): TagDirectory {
  const { catalog, clock, log } = outside
  const measured = new CpuShare()
  return new TagDirectory({
    catalog,
    maxTags: config.catalog.maxTags,
    live: {
      store: segments,
      dc: config.datacenter.id,
      clock,
      log,
      refillDeadlineMs: config.segment.refillDeadline,
      cpu: outside.cpu ?? (() => measured.read()),
      prefetch: config.segment.prefetch,
      recoveryProbes: config.router.recoveryProbes,
      shared,
    },
  })
}

function newAuthenticator(config: Config, { keys, clock }: Outside): Authenticator {
  return new Authenticator({
    keys,
    clock,
    enabled: config.auth.enabled,
    adminKey: config.auth.adminKey === '' ? undefined : config.auth.adminKey,
    cacheMaxEntries: config.auth.cache.maxEntries,
    cacheTtlMs: config.auth.cache.ttl,
  })
}

function newCapacityWatch(
  config: Config,
  outside: Outside,
  segments: SegmentStore,
  audit: AuditTrail,
): CapacityWatch {
  const { clock, log } = outside
  return new CapacityWatch({
    store: segments,
    audit,
    clock,
    log,
    dc: config.datacenter.id,
    checkEveryMs: config.capacity.checkEvery,
    alertShare: config.capacity.alertShare,
  })
}

function newGenerate(
  config: Config,
  { clock }: Outside,
  keeper: TimeGrantKeeper,
  routers: RouterWatch,
  uuidV4: UuidV4,
): GenerateIds {
  return new GenerateIds({
    clock,
    deadlineMs: config.server.generate.deadline,
    maxWaiting: config.server.generate.maxWaiting,
    onRouterEvent: (tag, event) => routers.tell(tag, event),
    extendTime: () => keeper.extendNow(),
    refillUuids: betweenRequests(uuidV4),
  })
}

/** Refills the pool in the next turn of the event loop, so that no request pays for the UUIDs of others. */
function betweenRequests({ pool }: UuidV4): () => void {
  let planned = false
  return () => {
    if (planned || !pool.needsRefill()) return
    planned = true
    setImmediate(() => {
      planned = false
      pool.refill()
    })
  }
}

function randomSeed(random: Random): number {
  const bytes = new Uint8Array(4)
  random.fill(bytes)
  return new DataView(bytes.buffer).getUint32(0)
}
