import type { EtcdCoordinator } from '../adapters/etcd/etcd-coordinator.ts'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { databaseIdentity } from '../adapters/postgres/database-identity.ts'
import { PostgresAuditSink } from '../adapters/postgres/postgres-audit-sink.ts'
import { PostgresCatalogStore } from '../adapters/postgres/postgres-catalog-store.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { SystemRandom } from '../adapters/system/system-random.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { AuditChain } from '../app/audit-chain.ts'
import { AuditTrail } from '../app/audit-trail.ts'
import { CoordinatedCatalog } from '../app/coordinated-catalog.ts'
import { RangeConflicts } from '../app/range-conflicts.ts'
import { SharedNames } from '../app/shared-names.ts'
import { TagSync } from '../app/tag-sync.ts'
import type { Config } from '../config/keys.ts'
import { instanceName } from '../instance-name.ts'
import { openCoordinator } from '../open-coordinator.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { Log } from '../ports/log.ts'
import { withDatabase } from './with-database.ts'

/** What a command that changes the stores works with. */
export interface CommandStores {
  readonly config: Config
  readonly database: PostgresDatabase
  /** undefined where no etcd is configured. */
  readonly coordinator: EtcdCoordinator | undefined
  /** With etcd, names and numbers are agreed upon with the other data centres, as by a running service. */
  readonly catalog: CatalogStore
  /** Where there is an etcd. */
  readonly sync: TagSync | undefined
  readonly audit: AuditTrail
  readonly clock: SystemClock
  readonly log: Log
}

/** Opens database and etcd for one command, writes its audit records, and closes both again. */
export async function withStores(
  configFile: string | undefined,
  work: (stores: CommandStores) => Promise<void>,
): Promise<void> {
  await withDatabase(configFile, async (database, config) => {
    const clock = new SystemClock()
    const log = new PinoLog('warn', {}, process.stderr)
    await using stack = new AsyncDisposableStack()
    const coordinator = await openCoordinator(config, log)
    stack.defer(async () => coordinator?.close())
    const sink = new PostgresAuditSink(database)
    const chain = commandChain(config)
    const audit = new AuditTrail({ sink, clock, log, queueMax: AUDIT_QUEUE, flushEveryMs: 1000, chain })
    audit.start()
    stack.defer(() => audit.stop())
    const opened = { config, database, coordinator, audit, clock, log }
    await work({ ...opened, ...(await openCatalog(opened, stack)) })
  })
}

/** Of the records of one command. */
export function commandChain(config: Config): AuditChain {
  return new AuditChain(`cli ${instanceName(config)}`, new SystemRandom(), config.audit.key || undefined)
}

async function openCatalog(
  { database, coordinator, audit, clock, log }: Omit<CommandStores, 'catalog' | 'sync'>,
  stack: AsyncDisposableStack,
): Promise<Pick<CommandStores, 'catalog' | 'sync'>> {
  const catalog = new PostgresCatalogStore(database, { alone: coordinator === undefined })
  if (coordinator === undefined) return { catalog, sync: undefined }
  const names = new SharedNames(coordinator, await databaseIdentity(database))
  const conflicts = new RangeConflicts(audit, log)
  const sync = new TagSync({ catalog, coordinator, names, conflicts, audit, log, clock })
  // What could not be published by then is, by any process of the service, within a minute (TagResync).
  stack.defer(() => sync.stop())
  const random = new SystemRandom()
  return { catalog: new CoordinatedCatalog({ catalog, coordinator, names, sync, random }), sync }
}

/** One record per tag and data centre of the largest command, tag advance --all, between two flushes. */
const AUDIT_QUEUE = 100_000

/** Of everything a command changes. */
export const COMMAND_ACTOR = { actor: 'cli', traceId: undefined }
