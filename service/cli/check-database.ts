import { sql } from 'kysely'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import { PostgresTimeGrantStore } from '../adapters/postgres/postgres-time-grant-store.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { judgeClock } from '../core/judgements.ts'
import { checkAudit } from './check-audit.ts'
import { checkCapacity } from './check-capacity.ts'
import { checkDataCentre } from './check-data-centre.ts'
import { checkNodes } from './check-nodes.ts'
import { checkReplication } from './check-replication.ts'
import { checkRights } from './check-rights.ts'
import { check } from './findings.ts'

export async function checkDatabase(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  // Not through `check`: without a database the rest has nothing to say.
  const fault = await database.health(HEALTH_DEADLINE_MS)
  if (fault !== undefined) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', fault)
  const version = await setting(database, 'server_version')
  findings.push(good('database version', `PostgreSQL ${version}`))
  await check(findings, {
    what: 'fsync',
    ask: () => setting(database, 'fsync'),
    tell: (value) =>
      value === 'on'
        ? 'on'
        : bad('fsync', `${value}: a crash of its machine would lose grants`, 'Set fsync to on.'),
  })
  await checkReplication(findings, database)
  const migrated = await check(findings, {
    what: 'schema',
    ask: () => requireSchema(database),
    tell: () => 'up to date',
    todo: 'Run "idgen migrate" with a user that may change the schema.',
  })
  // Also of a schema that could not be looked at: the right to read which migrations it has may be what is lacking.
  await checkRights(findings, database)
  await checkConnections(findings, database, config)
  await check(findings, {
    what: 'clock',
    ask: async () => Math.round(Date.now() - (await new PostgresTimeGrantStore(database).nowMs())),
    tell: (aheadMs) => judgeClock('clock', aheadMs, config.snowflake.maxClockAhead, "the database's"),
  })
  if (migrated !== true) return
  await checkDataCentre(findings, database, config)
  await checkNodes(findings, database, config)
  await checkCapacity(findings, database, config)
  await checkAudit(findings, database, config)
}

/** Longer than a pool's first connection over a slow network takes. */
const HEALTH_DEADLINE_MS = 5000

async function setting(database: PostgresDatabase, name: string): Promise<string> {
  const query = database.kysely.selectNoFrom(sql<string>`current_setting(${name})`.as('value'))
  const [row] = await database.read(`reading ${name}`, query)
  return row?.value ?? ''
}

async function requireSchema(database: PostgresDatabase): Promise<true> {
  const pending = await pendingMigrations(database.kysely)
  if (pending.length > 0)
    throw new IdgenError('IDGEN_SCHEMA_MISMATCH', `it lacks ${pending.join(', ')}: run "idgen migrate".`)
  return true
}

async function checkConnections(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  const most = config.database.pool.max
  await check(findings, {
    what: 'connections',
    ask: () => connections(database),
    tell: ({ used, all }) => {
      const found = `${used} of ${all} are used; a process takes up to ${most}`
      if (used + most <= all) return found
      return warning('connections', found, 'Raise max_connections, or set database.pool.max lower.')
    },
  })
}

interface Connections {
  readonly used: number
  /** Those kept for a superuser are not for us. */
  readonly all: number
}

async function connections(database: PostgresDatabase): Promise<Connections> {
  const query = database.kysely.selectNoFrom([
    sql<number>`(SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend')`.as(
      'used',
    ),
    sql<number>`current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int`.as('all'),
  ])
  const [row] = await database.read('counting connections', query)
  return row ?? { used: 0, all: 0 }
}
