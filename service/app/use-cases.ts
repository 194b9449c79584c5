import type { SnowflakeLayout } from '../core/snowflake-layout.ts'
import type { TagCursors } from '../core/tag-cursors.ts'
import type { Clock } from '../ports/clock.ts'
import type { GrantHistory } from '../ports/grant-history.ts'
import type { Log } from '../ports/log.ts'
import type { TagSearch } from '../ports/tag-search.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { AnswerTimes } from './answer-times.ts'
import type { AuditReaders } from './audit-readers.ts'
import type { AuditReads } from './audit-reads.ts'
import type { Authenticator } from './authenticator.ts'
import type { ClientAddresses } from './client-addresses.ts'
import type { DcTraffic } from './dc-traffic.ts'
import type { DeclareTags } from './declare-tags.ts'
import type { GenerateIds } from './generate-ids.ts'
import type { InstanceStatus } from './instance-status.ts'
import type { IssueLedger } from './issue-ledger.ts'
import type { ManageCatalog } from './manage-catalog.ts'
import type { ManageKeys } from './manage-keys.ts'
import type { ManageTagBatches } from './manage-tag-batches.ts'
import type { NodeRegistry } from './node-registry.ts'
import type { ProtocolCounts } from './protocol-counts.ts'
import type { RateLimits } from './rate-limits.ts'
import type { Readiness } from './readiness.ts'
import type { RecordAlerts } from './record-alerts.ts'
import type { RefusedKeys } from './refused-keys.ts'
import type { SignIn } from './sign-in.ts'
import type { TagDirectory } from './tag-directory.ts'

/** Limits of one request, the same on every protocol. */
export interface RequestLimits {
  /** IDs a request may ask for as text or numbers. */
  readonly maxText: number
  /** IDs a request may ask for as runs. */
  readonly maxRuns: number
}

/** All that a protocol may call: main makes it once and hands it to every server. */
export interface UseCases {
  readonly generate: GenerateIds
  readonly directory: TagDirectory
  readonly catalog: ManageCatalog
  readonly batches: ManageTagBatches
  readonly declarations: DeclareTags
  readonly keys: ManageKeys
  readonly authenticator: Authenticator
  readonly signIn: SignIn
  readonly refusedKeys: RefusedKeys
  readonly rates: RateLimits
  readonly addresses: ClientAddresses
  readonly ledger: IssueLedger
  readonly readiness: Readiness
  readonly status: InstanceStatus
  readonly nodes: NodeRegistry
  readonly traffic: DcTraffic
  readonly protocols: ProtocolCounts
  readonly answerTimes: AnswerTimes
  readonly audit: AuditReaders
  readonly auditReads: AuditReads
  readonly tagSearch: TagSearch
  readonly grantHistory: GrantHistory
  readonly alerts: RecordAlerts
  readonly layout: SnowflakeLayout
  /** Of tags with a layout of their own. */
  readonly tagCursors: TagCursors
  readonly limits: RequestLimits
  readonly clock: Clock
  readonly log: Log
  readonly tracer: Tracer
}
