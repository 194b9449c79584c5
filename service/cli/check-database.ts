import { sql } from 'kysely'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import { PostgresTimeGrantStore } from '../adapters/postgres/postgres-time-grant-store.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { checkDataCentre } from './check-data-centre.ts'
import { check, type Finding } from './findings.ts'

export async function checkDatabase(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  // Not through `check`: without a database the rest has nothing to say.
  const fault = await database.health(HEALTH_DEADLINE_MS)
  if (fault !== undefined) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', fault)
  const version = await setting(database, 'server_version')
  findings.push({ ok: true, what: 'database version', found: `PostgreSQL ${version}` })
  await check(
    findings,
    'fsync',
    () => requireSetting(database, 'fsync', ['on'], 'a crash of its machine would lose grants'),
    (v) => v,
  )
  const migrated = await check(
    findings,
    'schema',
    () => requireSchema(database),
    () => 'up to date',
  )
  await check(
    findings,
    'max_connections',
    () => setting(database, 'max_connections'),
    (most) => `${most} (this process takes up to ${config.database.pool.max})`,
  )
  await check(
    findings,
    'clock',
    () => requireClock(new PostgresTimeGrantStore(database), config),
    (ms) => `${ms} ms from the database's`,
  )
  if (migrated !== true) return
  await checkDataCentre(findings, database, config)
  await check(
    findings,
    'tags',
    () => countTags(database),
    (n) => `${n}`,
  )
}

/** Longer than a pool's first connection over a slow network takes. */
const HEALTH_DEADLINE_MS = 5000

async function countTags(database: PostgresDatabase): Promise<number> {
  const query = database.kysely
    .selectFrom('biz_tags')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('deleted_at', 'is', null)
  const [row] = await database.read('counting tags', query)
  return row?.n ?? 0
}

async function setting(database: PostgresDatabase, name: string): Promise<string> {
  const query = database.kysely.selectNoFrom(sql<string>`current_setting(${name})`.as('value'))
  const [row] = await database.read(`reading ${name}`, query)
  return row?.value ?? ''
}

async function requireSetting(
  database: PostgresDatabase,
  name: string,
  allowed: readonly string[],
  why: string,
): Promise<string> {
  const value = await setting(database, name)
  if (allowed.includes(value)) return value
  throw new IdgenError(
    'IDGEN_CONFIG_INVALID',
    `${name} is ${value}: ${why}; set it to ${allowed.join(' or ')}.`,
  )
}

async function requireSchema(database: PostgresDatabase): Promise<true> {
  const pending = await pendingMigrations(database.kysely)
  if (pending.length > 0)
    throw new IdgenError('IDGEN_SCHEMA_MISMATCH', `it lacks ${pending.join(', ')}: run "idgen migrate".`)
  return true
}

async function requireClock(times: PostgresTimeGrantStore, config: Config): Promise<number> {
  const aheadMs = Math.round(Date.now() - (await times.nowMs()))
  const limitMs = config.snowflake.maxClockAhead
  if (Math.abs(aheadMs) <= limitMs) return aheadMs
  throw new IdgenError(
    'IDGEN_CLOCK_UNUSABLE',
    `this clock is ${aheadMs} ms from the database's; at most ${limitMs} ms are allowed: check NTP on both.`,
  )
}
