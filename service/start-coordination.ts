import type { AuditTrail } from './app/audit-trail.ts'
import { CoordinatedCatalog } from './app/coordinated-catalog.ts'
import { CoordinatedTagBatch } from './app/coordinated-tag-batch.ts'
import { CoordinatedTimeGrants } from './app/coordinated-time-grants.ts'
import { CoordinatorLock } from './app/coordinator-lock.ts'
import type { TimeGrantEvent } from './app/copied-time.ts'
import { LayoutClaims } from './app/layout-claims.ts'
import { type ConflictListener, RangeConflicts } from './app/range-conflicts.ts'
import { RangeWatch } from './app/range-watch.ts'
import type { Trouble } from './app/readiness.ts'
import { SegmentWitness } from './app/segment-witness.ts'
import { SharedNames } from './app/shared-names.ts'
import { TagResync } from './app/tag-resync.ts'
import { TagSync } from './app/tag-sync.ts'
import type { Config } from './config/keys.ts'
import type { Outside, SharedStore } from './outside.ts'

/** What only runs where data centres share an etcd. */
export interface Coordination {
  readonly witness: SegmentWitness
  readonly times: CoordinatedTimeGrants
  readonly catalog: CoordinatedCatalog
  readonly tagBatch: CoordinatedTagBatch
  readonly conflicts: RangeConflicts
  readonly layoutClaims: LayoutClaims
  readonly sync: TagSync
  readonly lock: CoordinatorLock
  /** What is wrong now, for people. */
  troubles(): readonly Trouble[]
  start(): Promise<void>
  stop(): Promise<void>
}

export interface CoordinationParts {
  readonly audit: AuditTrail
  readonly onFlag: (event: TimeGrantEvent) => void
  /** A tag was made, changed or deleted here because another data centre did so. */
  readonly onImported: (path: string) => void
  readonly onConflict: ConflictListener
}

export function newCoordination(
  config: Config,
  outside: Outside,
  { coordinator, database }: SharedStore,
  { audit, onFlag, onImported, onConflict }: CoordinationParts,
): Coordination {
  const { catalog, tagBatch, clock, log, random, copies, instance } = outside
  const names = new SharedNames(coordinator, database)
  const conflicts = new RangeConflicts(audit, log, onConflict)
  const sync = new TagSync({ catalog, coordinator, names, conflicts, audit, log, clock, onImported })
  const resync = new TagResync({ sync, conflicts, coordinator, log, clock, database, instance })
  const { checkEvery: checkEveryMs } = config.capacity
  const layoutClaims = new LayoutClaims({ names, conflicts, clock, settle: (path) => sync.noticed(path) })
  const onLooked = (doubtful: ReadonlySet<string>): void => layoutClaims.looked(doubtful)
  const ranges = new RangeWatch({ catalog, coordinator, names, sync, log, clock, onLooked, checkEveryMs })
  const witness = new SegmentWitness({ coordinator, clock, deadlineMs: config.witness.deadline })
  const times = new CoordinatedTimeGrants({ coordinator, copies, clock, log, onFlag })
  return {
    witness,
    times,
    catalog: new CoordinatedCatalog({ catalog, coordinator, names, sync, random }),
    tagBatch: new CoordinatedTagBatch({
      catalog,
      batch: tagBatch,
      coordinator,
      names,
      sync,
      random,
      clock,
    }),
    conflicts,
    layoutClaims,
    sync,
    lock: new CoordinatorLock({ coordinator, holder: instance, ttlMs: LOCK_MS }),
    troubles: () => troublesOf({ witness, times, conflicts, sync }),
    async start() {
      sync.start()
      resync.start()
      await ranges.start()
    },
    async stop() {
      await Promise.all([ranges.stop(), resync.stop()])
      await sync.stop()
    },
  }
}

function troublesOf({
  witness,
  times,
  conflicts,
  sync,
}: Pick<Coordination, 'witness' | 'times' | 'conflicts' | 'sync'>): Trouble[] {
  const troubles: Trouble[] = []
  if (sync.fault !== undefined) troubles.push({ what: 'etcd', why: sync.fault })
  if (witness.fault !== undefined) troubles.push({ what: 'witness', why: witness.fault })
  if (times.flagged !== undefined) troubles.push({ what: 'copies of time grants', why: times.flagged })
  for (const path of conflicts.paths.slice(0, CONFLICTS_NAMED_MAX))
    troubles.push({ what: `tag ${path}`, why: 'its name or numbers are claimed by another database' })
  return troubles
}

/** Longer than opening the ranges of 100,000 tags takes. */
const LOCK_MS = 60_000
/** Enough to see what is wrong. */
const CONFLICTS_NAMED_MAX = 10
