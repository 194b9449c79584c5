import type { BlocksOfTag } from './app/shared-blocks.ts'
import type { OpenCache } from './open-cache.ts'
import type { ApiKeyStore } from './ports/api-key-store.ts'
import type { AuditCopy, AuditExport } from './ports/audit-copy.ts'
import type { AuditQuery } from './ports/audit-query.ts'
import type { AuditSink } from './ports/audit-sink.ts'
import type { CatalogStore } from './ports/catalog-store.ts'
import type { Clock } from './ports/clock.ts'
import type { Coordinator } from './ports/coordinator.ts'
import type { DcClaimStore } from './ports/dc-claim-store.ts'
import type { DeclarationStore } from './ports/declaration-store.ts'
import type { GrantHistory } from './ports/grant-history.ts'
import type { KeyNews } from './ports/key-news.ts'
import type { KeyUseStore } from './ports/key-use-store.ts'
import type { Log } from './ports/log.ts'
import type { Random } from './ports/random.ts'
import type { Retention } from './ports/retention.ts'
import type { SegmentLedger } from './ports/segment-ledger.ts'
import type { SegmentStore } from './ports/segment-store.ts'
import type { TagBatchStore } from './ports/tag-batch.ts'
import type { TagSearch } from './ports/tag-search.ts'
import type { TimeCopyStore } from './ports/time-copy-store.ts'
import type { TimeGrantStore } from './ports/time-grant-store.ts'
import type { Tracer } from './ports/tracer.ts'

/** All that touches the world outside; memory or real servers, real time or a test's. */
export interface Outside {
  readonly ledger: SegmentLedger
  /** In place of what stands over the ledger: for a test that scripts every grant. */
  readonly segments?: SegmentStore
  /** The database's own time grants, where there is no second store. */
  readonly times: TimeGrantStore
  /** The copies of time grants out of the second store. */
  readonly copies: TimeCopyStore
  readonly catalog: CatalogStore
  readonly tagBatch: TagBatchStore
  readonly declarations: DeclarationStore
  readonly keys: ApiKeyStore
  readonly keyUses: KeyUseStore
  /** Left out where changes of keys are only polled. */
  readonly keyNews?: KeyNews
  readonly auditSink: AuditSink
  /** Left out where the audit log has no second place. */
  readonly auditCopy?: AuditCopy
  /** Left out where the audit log is sent nowhere. */
  readonly auditExport?: AuditExport
  readonly auditQuery: AuditQuery
  /** Left out where nothing grows too old. */
  readonly retention?: Retention
  readonly tagSearch: TagSearch
  readonly grantHistory: GrantHistory
  /** Left out where no etcd is configured. */
  readonly shared?: SharedStore
  /** Left out where no Redis is configured. */
  readonly cache?: {
    readonly redis: OpenCache
    /** Signs what is put there: 32 bytes, the same in every process of the database. */
    readonly sealKey: Uint8Array
    readonly busyTags: (dc: number) => Promise<readonly BlocksOfTag[]>
  }
  /** Left out by tests that run one installation. */
  readonly claim?: InstallationClaim
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
  /** Who this process is, for people who read the tables. */
  readonly instance: string
  /** This process' share of its processors, 0..1; default: measured. The simulation brings its own. */
  readonly cpu?: () => number
}

/** The second store, and the name under which this process' database is known there. */
export interface SharedStore {
  readonly coordinator: Coordinator
  /** The same in every process that uses the database, and in no other. */
  readonly database: string
}

/** Who runs this data centre, and where that is written down besides etcd. */
export interface InstallationClaim {
  readonly store: DcClaimStore
  readonly installation: string
  /** As DcClaimGuard has it. */
  readonly dcAssumed?: boolean
}
