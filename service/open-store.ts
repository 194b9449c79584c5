import { startEmbeddedPostgres } from './adapters/embedded/embedded-postgres.ts'
import { busyTags } from './adapters/postgres/busy-tags.ts'
import { type PoolStats, PostgresDatabase } from './adapters/postgres/database.ts'
import { databaseIdentity } from './adapters/postgres/database-identity.ts'
import { migrate, pendingMigrations } from './adapters/postgres/migrate.ts'
import { PartitionUpkeep } from './adapters/postgres/partition-upkeep.ts'
import { PostgresApiKeyStore } from './adapters/postgres/postgres-api-key-store.ts'
import { PostgresAuditQuery } from './adapters/postgres/postgres-audit-query.ts'
import { PostgresAuditSink } from './adapters/postgres/postgres-audit-sink.ts'
import { PostgresCatalogStore } from './adapters/postgres/postgres-catalog-store.ts'
import { PostgresDcClaimStore } from './adapters/postgres/postgres-dc-claim-store.ts'
import { PostgresDeclarationStore } from './adapters/postgres/postgres-declaration-store.ts'
import { PostgresGrantHistory } from './adapters/postgres/postgres-grant-history.ts'
import { PostgresKeyNews } from './adapters/postgres/postgres-key-news.ts'
import { PostgresKeyUseStore } from './adapters/postgres/postgres-key-use-store.ts'
import { PostgresSegmentLedger } from './adapters/postgres/postgres-segment-ledger.ts'
import { PostgresSettingsStore } from './adapters/postgres/postgres-settings-store.ts'
import { PostgresTagBatch } from './adapters/postgres/postgres-tag-batch.ts'
import { PostgresTagSearch } from './adapters/postgres/postgres-tag-search.ts'
import { PostgresTimeCopyStore } from './adapters/postgres/postgres-time-copy-store.ts'
import { PostgresTimeGrantStore } from './adapters/postgres/postgres-time-grant-store.ts'
import { sealKey } from './adapters/postgres/seal-key.ts'
import { trustedUrl } from './adapters/postgres/trusted-url.ts'
import { AuditFile } from './adapters/system/audit-file.ts'
import { SystemClock } from './adapters/system/system-clock.ts'
import { cutSeal } from './app/audit-chain.ts'
import type { Config } from './config/keys.ts'
import { IdgenError } from './core/errors.ts'
import { type OpenCache, openCache } from './open-cache.ts'
import { openCoordinator, readPem } from './open-coordinator.ts'
import type { Outside } from './outside.ts'
import type { Log } from './ports/log.ts'
import type { SettingsStore } from './ports/settings-store.ts'
import type { Tracer } from './ports/tracer.ts'

/** The stores on PostgreSQL (a server by URL, or the embedded one in the data folder) and, where configured, on etcd. */
export interface OpenStore
  extends Pick<
    Outside,
    | 'ledger'
    | 'times'
    | 'copies'
    | 'shared'
    | 'cache'
    | 'claim'
    | 'catalog'
    | 'tagBatch'
    | 'declarations'
    | 'keys'
    | 'keyUses'
    | 'keyNews'
    | 'auditSink'
    | 'auditCopy'
    | 'auditQuery'
    | 'retention'
    | 'tagSearch'
    | 'grantHistory'
  > {
  readonly settingsStore: SettingsStore
  readonly poolStats: () => PoolStats
  /** Seals sessions of the admin UI, the same in every process of the database. Left out where there is no UI. */
  readonly sessionKey?: Uint8Array
  /** Resolves when the embedded database is no longer ours: issuing must stop. */
  readonly lost: Promise<Error>
  close(): Promise<void>
}

/**
 * Opens the database and brings its schema up to date (or, with database.migrate off, refuses an old one).
 * @throws IDGEN_STORE_UNAVAILABLE, IDGEN_SCHEMA_MISMATCH, IDGEN_DATA_FOLDER_IN_USE, IDGEN_EMBEDDED_UNAVAILABLE
 */
export async function openStore(
  config: Config,
  log: Log,
  instance: string,
  tracer?: Tracer,
): Promise<OpenStore> {
  await using opening = new AsyncDisposableStack()
  const server = await databaseServer(config, log, opening)
  const database = openDatabase(config, server.url, { log, instance, tracer })
  opening.defer(() => database.close())
  await ensureSchema(config, database, log)
  const identity = await databaseIdentity(database)
  const coordinator = await openCoordinator(config, log, tracer)
  opening.defer(async () => coordinator?.close())
  const redis = await openCache(config, new SystemClock(), log, tracer)
  opening.defer(async () => redis?.close())
  const cache = redis === undefined ? undefined : await cacheOf(redis, database)
  const upkeep = new PartitionUpkeep(database.kysely, log, config.audit.retentionMonths, (chain, cut) =>
    cutSeal(chain, cut, config.audit.key || undefined),
  )
  await upkeep.start()
  opening.defer(() => upkeep.stop())
  const stack = opening.move()
  return {
    ledger: new PostgresSegmentLedger(database, { instance, history: coordinator !== undefined }),
    times: new PostgresTimeGrantStore(database),
    copies: new PostgresTimeCopyStore(database),
    ...(coordinator === undefined ? {} : { shared: { coordinator, database: identity } }),
    claim: {
      store: new PostgresDcClaimStore(database),
      installation: installationNamed(config, identity),
    },
    ...(cache === undefined ? {} : { cache }),
    catalog: new PostgresCatalogStore(database, { alone: coordinator === undefined }),
    tagBatch: new PostgresTagBatch(database, { alone: coordinator === undefined }),
    declarations: new PostgresDeclarationStore(database),
    keys: new PostgresApiKeyStore(database),
    keyUses: new PostgresKeyUseStore(database),
    ...(config.database.listen && {
      keyNews: new PostgresKeyNews({
        url: listeningUrl(config, server.url),
        applicationName: applicationName(instance),
        database,
        log,
      }),
    }),
    auditSink: new PostgresAuditSink(database),
    ...(config.audit.file !== '' && { auditCopy: new AuditFile(config.audit.file, log) }),
    auditQuery: new PostgresAuditQuery(database),
    retention: upkeep,
    tagSearch: new PostgresTagSearch(database),
    grantHistory: new PostgresGrantHistory(database),
    ...(config.server.ui.enabled && { sessionKey: await sealKey(database, 'ui-sessions') }),
    settingsStore: new PostgresSettingsStore(database),
    poolStats: () => database.poolStats(),
    lost: server.lost,
    close: () => stack.disposeAsync(),
  }
}

async function cacheOf(
  redis: OpenCache,
  database: PostgresDatabase,
): Promise<NonNullable<OpenStore['cache']>> {
  return {
    redis,
    sealKey: await sealKey(database, 'shared-records'),
    busyTags: (dc) => busyTags(database, dc),
  }
}

/** Who runs this data centre, as claims name it. */
export async function installationOf(config: Config, database: PostgresDatabase): Promise<string> {
  return installationNamed(config, await databaseIdentity(database))
}

function installationNamed(config: Config, identity: string): string {
  return config.datacenter.installation || identity
}

/** The pool alone, for commands that need no stores (migrate, doctor). */
export function openDatabase(
  config: Config,
  url: string,
  { log, instance, tracer }: { log: Log; instance: string; tracer?: Tracer | undefined },
): PostgresDatabase {
  const { pool } = config.database
  return new PostgresDatabase({
    url,
    log,
    ...(tracer && { tracer }),
    poolMax: pool.max,
    poolMin: pool.min,
    acquireTimeoutMs: pool.acquireTimeout,
    applicationName: applicationName(instance),
  })
}

/** At most what PostgreSQL shows of it. */
function applicationName(instance: string): string {
  return `idgen ${instance}`.slice(0, 63)
}

interface DatabaseServer {
  readonly url: string
  readonly lost: Promise<Error>
}

/** `database.url`, or the embedded server, started and stopped with this process. */
export async function databaseServer(
  config: Config,
  log: Log,
  opening: AsyncDisposableStack,
): Promise<DatabaseServer> {
  if (config.database.url !== '')
    return { url: trusting(config, config.database.url), lost: new Promise(() => {}) }
  const embedded = await startEmbeddedPostgres({ folder: config.data.dir, log })
  opening.defer(() => embedded.stop())
  return { url: embedded.url, lost: embedded.lost }
}

/** Where changes of keys are heard: past a pooler, where one is in between. @param url of the database */
export function listeningUrl(config: Config, url: string): string {
  const { listenUrl } = config.database
  return listenUrl === '' ? url : trusting(config, listenUrl)
}

function trusting({ database: { tls } }: Config, url: string): string {
  if (tls.ca === '') return url
  // Read here to say which key names it, where it cannot be read.
  readPem('database.tls.ca', tls.ca)
  return trustedUrl(url, tls.ca)
}

async function ensureSchema(config: Config, database: PostgresDatabase, log: Log): Promise<void> {
  if (config.database.migrate) {
    const applied = await migrate(database.kysely)
    if (applied.length > 0) log.info({ migrations: applied }, 'schema migrated')
    return
  }
  const pending = await pendingMigrations(database.kysely)
  if (pending.length > 0)
    throw new IdgenError(
      'IDGEN_SCHEMA_MISMATCH',
      `The database lacks the migrations ${pending.join(', ')}: run "idgen migrate", or set database.migrate to true.`,
    )
}
