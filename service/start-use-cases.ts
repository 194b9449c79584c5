import { CpuShare } from './adapters/system/cpu-share.ts'
import { AnswerTimes } from './app/answer-times.ts'
import { AuditChain } from './app/audit-chain.ts'
import { AuditReaders } from './app/audit-readers.ts'
import { AuditReads } from './app/audit-reads.ts'
import { AuditTrail } from './app/audit-trail.ts'
import { Authenticator } from './app/authenticator.ts'
import { CapacityWatch } from './app/capacity-watch.ts'
import { CatalogFollower, type CatalogFollowerOptions } from './app/catalog-follower.ts'
import { ClientAddresses } from './app/client-addresses.ts'
import type { CoordinatorLock } from './app/coordinator-lock.ts'
import type { DcClaimGuard } from './app/dc-claim-guard.ts'
import { DcTraffic } from './app/dc-traffic.ts'
import { recordExpired } from './app/expired-months.ts'
import { GenerateIds } from './app/generate-ids.ts'
import { InstanceStatus } from './app/instance-status.ts'
import { IssueLedger } from './app/issue-ledger.ts'
import { KeyUsage } from './app/key-usage.ts'
import { ManageCatalog } from './app/manage-catalog.ts'
import { ManageKeys } from './app/manage-keys.ts'
import { ManageTagBatches } from './app/manage-tag-batches.ts'
import { MinuteCounts } from './app/minute-counts.ts'
import { NodeRegistry } from './app/node-registry.ts'
import { ProtocolCounts } from './app/protocol-counts.ts'
import type { ConflictListener } from './app/range-conflicts.ts'
import { Readiness, type Trouble } from './app/readiness.ts'
import { RecordAlerts } from './app/record-alerts.ts'
import { RouterWatch } from './app/router-watch.ts'
import type { SharedRates } from './app/shared-rates.ts'
import { StoreWatch } from './app/store-watch.ts'
import { SubBlockLender } from './app/sub-block-lender.ts'
import { TagDirectory } from './app/tag-directory.ts'
import { TimeWatch } from './app/time-watch.ts'
import type { UseCases } from './app/use-cases.ts'
import type { WorkerIds } from './app/worker-ids.ts'
import { clientIdentities } from './config/client-identities.ts'
import type { Config } from './config/keys.ts'
import type { UuidV4 } from './core/uuid-v4.ts'
import type { Outside } from './outside.ts'
import { sleep } from './ports/clock.ts'
import type { SegmentStore } from './ports/segment-store.ts'
import { NO_TRACER } from './ports/tracer.ts'
import { betweenRequests } from './refill-between-requests.ts'
import { CERTIFICATE_MARK } from './sockets/client-certificate.ts'
import { newCursors, type SharedCursors } from './start-algorithms.ts'
import { type Coordination, newCoordination } from './start-coordination.ts'
import { claimedTimes, claimTroubles, newDcClaim } from './start-dc-claim.ts'
import { newDeclarations } from './start-declarations.ts'
import { type Granting, newGranting } from './start-granting.ts'
import { newSharedRates, newSignIn } from './start-sign-in.ts'
import { VERSION } from './version.ts'

/** The use cases with what runs beside them in the background. */
export interface Service extends SharedCursors, Granting {
  readonly useCases: UseCases
  readonly routers: RouterWatch
  readonly capacity: CapacityWatch
  readonly storeWatch: StoreWatch
  readonly timeWatch: TimeWatch
  readonly audit: AuditTrail
  readonly follower: CatalogFollower
  readonly keyUsage: KeyUsage
  /** Left out where rate limits hold for each process alone. */
  readonly sharedRates: SharedRates | undefined
  readonly coordination: Coordination | undefined
  readonly claim: DcClaimGuard | undefined
  /** Supplies protocol threads, where there are any. */
  readonly lender: SubBlockLender
  /** After the listeners have drained: stops issuing, returns what is unused, writes what is queued. */
  stop(): Promise<void>
}

/** Builds the use cases over the stores, starts their background work, and waits for the first round of it. */
export async function startUseCases(config: Config, outside: Outside): Promise<Service> {
  const service = assemble(config, outside)
  const { useCases, audit, jumps, workerIds, follower, capacity, coordination, routers, claim } = service
  const { clock, ledger, refusedKeys, auditReads } = useCases
  const counts = new MinuteCounts(clock, [ledger, refusedKeys, auditReads])
  audit.start()
  await claimed(claim, audit)
  recordExpired(outside.retention, audit, config.audit.retentionMonths)
  counts.start()
  service.keyUsage.start()
  jumps.start()
  await Promise.all([workerIds.start(), follower.start(), capacity.start(), coordination?.start()])
  service.sharing?.start()
  service.sharedRates?.start()
  routers.start()
  return { ...service, stop: () => stopAll(service, counts) }
}

/** Before anything is granted. Why it was refused is worth a record, also of a process that ends now. */
async function claimed(claim: DcClaimGuard | undefined, audit: AuditTrail): Promise<void> {
  try {
    await claim?.start()
  } catch (thrown) {
    await audit.stop()
    throw thrown
  }
}

/** Everything made and connected; nothing runs yet. */
function assemble(config: Config, outside: Outside): Omit<Service, 'stop'> {
  const { clock, log, random, tracer = NO_TRACER } = outside
  const audit = newAudit(config, outside)
  const storeWatch = new StoreWatch({ audit, log })
  const timeWatch = new TimeWatch({ audit, log })
  const revoke = (path?: string): void => lender.revoke(path)
  const refresh = (path: string): Promise<void> => directory.refresh(path)
  const onConflict: ConflictListener = (path, inConflict) => {
    if (inConflict) revoke(path)
    directory.hold(path, inConflict)
  }
  const coordination = joined(config, outside, { audit, timeWatch, refresh, onConflict })
  const claim = newDcClaim(config, outside, audit)
  const cursors = newCursors(config, outside, {
    times: claimedTimes(coordination?.times ?? outside.times, claim),
    newOnWorker: () => timeWatch.newOnWorker(),
    onJump: () => revoke(),
  })
  const { layout, tagCursors, workerIds, uuidV4 } = cursors
  const granting = newGranting(config, outside, { storeWatch, coordination, claim })
  const { segments, sharing } = granting
  const keys = sharing?.keys ?? outside.keys
  const directory = newDirectory(config, outside, { granting, coordination, cursors, onChange: revoke })
  const routers = new RouterWatch({ directory, audit, clock, log, probeEveryMs: config.router.probeEvery })
  const authenticator = newAuthenticator(config, { ...outside, keys })
  const follower = newFollower(config, outside, { directory, authenticator, sharedKeys: sharing?.keys })
  const managed = newManagement(outside, coordination, { directory, audit })
  const elsewhere = (): readonly Trouble[] => [
    ...claimTroubles(claim),
    ...(coordination?.troubles() ?? []),
    ...(sharing?.troubles() ?? []),
    ...(sharedRates?.troubles() ?? []),
  ]
  const signIn = newSignIn(config, outside, { authenticator, audit })
  const sharedRates = newSharedRates(config, outside, signIn)
  const readiness = new Readiness({ directory, follower, workerIds, clock, elsewhere })
  const generate = newGenerate(config, outside, workerIds, routers, uuidV4)
  const protocols = new ProtocolCounts()
  const useCases: UseCases = {
    generate,
    directory,
    catalog: managed.catalog,
    batches: managed.batches,
    declarations: newDeclarations(config, outside, { ...managed, coordination, granting }),
    keys: new ManageKeys({ keys, uses: outside.keyUses, authenticator, audit, clock, random }),
    authenticator,
    ...signIn,
    addresses: new ClientAddresses(config.server),
    ledger: new IssueLedger({ audit, sampleEvery: config.audit.sampleEvery }),
    readiness,
    status: newStatus(config, outside, readiness),
    nodes: newNodes(outside, workerIds),
    ...forPeople(outside, audit),
    alerts: new RecordAlerts(audit),
    traffic: new DcTraffic(config.datacenter.id),
    protocols,
    answerTimes: new AnswerTimes(generate, protocols),
    layout,
    tagCursors,
    limits: { maxText: config.server.generate.maxText, maxRuns: config.server.generate.maxRuns },
    clock,
    log,
    tracer,
  }
  const capacity = newCapacityWatch(config, outside, audit, { segments, lock: coordination?.lock })
  const lender = new SubBlockLender({ ...useCases, maxCount: useCases.limits.maxRuns })
  const watches = { routers, capacity, storeWatch, timeWatch, follower, claim, lender }
  const keyUsage = new KeyUsage({ ...useCases, store: outside.keyUses })
  return { ...cursors, ...watches, ...granting, useCases, audit, coordination, keyUsage, sharedRates }
}

/** What people and operators change tags with. */
function newManagement(
  outside: Outside,
  coordination: Coordination | undefined,
  live: { readonly directory: TagDirectory; readonly audit: AuditTrail },
): Pick<UseCases, 'catalog' | 'batches'> & typeof live {
  const { catalog, tagBatch } = coordination ?? outside
  const options = { ...live, clock: outside.clock }
  return {
    catalog: new ManageCatalog({ ...options, catalog }),
    batches: new ManageTagBatches({ ...options, batch: tagBatch }),
    ...live,
  }
}

function newNodes({ shared, clock, log }: Outside, workerIds: WorkerIds): NodeRegistry {
  const workers = (): number[] => workerIds.held.filter((worker) => worker !== undefined)
  return new NodeRegistry({ coordinator: shared?.coordinator, clock, log, workers })
}

/** What is read by people alone, straight from the stores. */
function forPeople(
  { auditQuery, tagSearch, grantHistory }: Outside,
  audit: AuditTrail,
): Pick<UseCases, 'audit' | 'auditReads' | 'tagSearch' | 'grantHistory'> {
  const auditReads = new AuditReads(audit)
  return { audit: new AuditReaders(auditQuery, auditReads), auditReads, tagSearch, grantHistory }
}

/** Stamping and issuing end first; only then may unused numbers and the worker id go back. */
async function stopAll(service: Omit<Service, 'stop'>, counts: MinuteCounts): Promise<void> {
  const { useCases, workerIds, routers, capacity, audit, follower, jumps, coordination, claim, lender } =
    service
  useCases.readiness.drain()
  useCases.generate.stop()
  const { clock, log } = useCases
  // What must not be lost comes first: a supervisor's patience may end before a database that hangs answers.
  const written = counts.stop().then(() => audit.flush())
  const released = Promise.all([
    routers.stop(),
    capacity.stop(),
    follower.stop(),
    service.keyUsage.stop(),
    service.sharedRates?.stop(),
    // The worker ids are let go only after no thread stamps any more.
    workerIds.stop(lender.stop()),
    jumps.stop(),
    coordination?.stop(),
    service.sharing?.stop(),
    claim?.stop(),
  ])
  const returned = released.then(() => useCases.directory.retireAll())
  // Last: what lets go of its own says so in the audit log, and nothing may follow the end of the chain.
  const all = closedAfter(Promise.all([written, returned]), audit)
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

function newAudit(
  config: Config,
  { auditSink: sink, auditCopy, auditExport, clock, log, random, instance }: Outside,
): AuditTrail {
  const { queueMax, flushEvery: flushEveryMs, key } = config.audit
  const chain = new AuditChain(instance, random, key || undefined)
  return new AuditTrail({
    sink,
    clock,
    log,
    queueMax,
    flushEveryMs,
    chain,
    ...(auditCopy && { copy: auditCopy }),
    ...(auditExport && { exporter: auditExport }),
  })
}

function newStatus(
  config: Config,
  { clock, instance, claim }: Outside,
  readiness: Readiness,
): InstanceStatus {
  return new InstanceStatus({
    readiness,
    clock,
    instance,
    version: VERSION,
    dataCentre: config.datacenter.id,
    ...(claim && { installation: claim.installation }),
  })
}

function joined(
  config: Config,
  outside: Outside,
  given: {
    readonly audit: AuditTrail
    readonly timeWatch: TimeWatch
    readonly refresh: (path: string) => Promise<void>
    readonly onConflict: ConflictListener
  },
): Coordination | undefined {
  if (outside.shared === undefined) return undefined
  return newCoordination(config, outside, outside.shared, {
    audit: given.audit,
    onFlag: given.timeWatch.onFlag,
    // Where it fails the catalogue's follower brings the change a second later.
    onImported: (path) => void given.refresh(path).catch(() => undefined),
    onConflict: given.onConflict,
  })
}

function newDirectory(
  config: Config,
  outside: Outside,
  given: {
    readonly granting: Granting
    readonly coordination: Coordination | undefined
    readonly cursors: SharedCursors
    readonly onChange: (path: string) => void
  },
): TagDirectory {
  const { granting, coordination, cursors, onChange } = given
  const { snowflake, tagCursors, uuidV7, uuidV4 } = cursors
  const { catalog, clock, log, tracer = NO_TRACER } = outside
  const measured = new CpuShare()
  return new TagDirectory({
    catalog,
    maxTags: config.catalog.maxTags,
    onChange,
    live: {
      store: granting.segments,
      unsharedStore: granting.unsharedSegments,
      dc: config.datacenter.id,
      clock,
      log,
      tracer,
      refillDeadlineMs: config.segment.refillDeadline,
      cpu: outside.cpu ?? (() => measured.read()),
      prefetch: config.segment.prefetch,
      recoveryProbes: config.router.recoveryProbes,
      shared: { snowflake, 'uuid-v7': uuidV7, 'uuid-v4': uuidV4 },
      tagCursors,
      layoutClaims: coordination?.layoutClaims,
    },
  })
}

function newAuthenticator(config: Config, { keys, clock }: Outside): Authenticator {
  return new Authenticator({
    keys,
    clock,
    enabled: config.auth.enabled,
    adminKey: config.auth.adminKey,
    clients: clientIdentities(config),
    certificateMark: CERTIFICATE_MARK,
    cacheMaxEntries: config.auth.cache.maxEntries,
    cacheTtlMs: config.auth.cache.ttl,
    graceMs: config.auth.cache.grace,
  })
}

function newFollower(
  config: Config,
  { catalog, keyNews, clock, log }: Outside,
  given: Pick<CatalogFollowerOptions, 'directory' | 'authenticator' | 'sharedKeys'>,
): CatalogFollower {
  const pollEveryMs = config.catalog.pollEvery
  return new CatalogFollower({ ...given, catalog, keyNews, clock, log, pollEveryMs })
}

function newCapacityWatch(
  config: Config,
  { clock, log }: Outside,
  audit: AuditTrail,
  { segments, lock }: { segments: SegmentStore; lock: CoordinatorLock | undefined },
): CapacityWatch {
  return new CapacityWatch({
    store: segments,
    audit,
    clock,
    log,
    dc: config.datacenter.id,
    checkEveryMs: config.capacity.checkEvery,
    alertShare: config.capacity.alertShare,
    ...(lock === undefined ? {} : { lock }),
  })
}

function newGenerate(
  config: Config,
  { clock, tracer = NO_TRACER }: Outside,
  workerIds: WorkerIds,
  routers: RouterWatch,
  uuidV4: UuidV4,
): GenerateIds {
  return new GenerateIds({
    clock,
    tracer,
    deadlineMs: config.server.generate.deadline,
    maxWaiting: config.server.generate.maxWaiting,
    onRouterEvent: (tag, event) => routers.tell(tag, event),
    extendTime: () => workerIds.extendNow(),
    refillUuids: betweenRequests(uuidV4),
  })
}

/** The audit log ends last, whatever else did not end well. */
async function closedAfter(work: Promise<unknown>, audit: AuditTrail): Promise<void> {
  try {
    await work
  } finally {
    await audit.stop()
  }
}
