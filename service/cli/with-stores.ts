import type { EtcdCoordinator } from '../adapters/etcd/etcd-coordinator.ts'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PostgresAuditSink } from '../adapters/postgres/postgres-audit-sink.ts'
import { SystemClock } from '../adapters/system/system-clock.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { AuditTrail } from '../app/audit-trail.ts'
import type { Config } from '../config/keys.ts'
import { openCoordinator } from '../open-coordinator.ts'
import type { Log } from '../ports/log.ts'
import { withDatabase } from './with-database.ts'

/** What a command that changes the stores works with. */
export interface CommandStores {
  readonly config: Config
  readonly database: PostgresDatabase
  /** undefined where no etcd is configured. */
  readonly coordinator: EtcdCoordinator | undefined
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
    const coordinator = openCoordinator(config, log)
    stack.defer(async () => coordinator?.close())
    const sink = new PostgresAuditSink(database)
    const audit = new AuditTrail({ sink, clock, log, queueMax: AUDIT_QUEUE, flushEveryMs: 1000 })
    audit.start()
    stack.defer(() => audit.stop())
    await work({ config, database, coordinator, audit, clock, log })
  })
}

/** One record per tag and data centre of the largest command, tag advance --all, between two flushes. */
const AUDIT_QUEUE = 100_000

/** Of everything a command changes. */
export const COMMAND_ACTOR = { actor: 'cli', traceId: undefined }
