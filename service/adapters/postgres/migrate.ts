import { setTimeout as delay } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { catalog } from '../../../migrations/0001_catalog.ts'
import { segments } from '../../../migrations/0002_segments.ts'
import { timeGrants } from '../../../migrations/0003_time-grants.ts'
import { access } from '../../../migrations/0004_access.ts'
import { coordination } from '../../../migrations/0005_coordination.ts'
import { declarations } from '../../../migrations/0006_declarations.ts'
import { pastDeclarations } from '../../../migrations/0007_past-declarations.ts'
import { tagDeletions } from '../../../migrations/0008_tag-deletions.ts'
import { keysOfDeclarations } from '../../../migrations/0009_keys-of-declarations.ts'
import { auditChains } from '../../../migrations/0010_audit-chains.ts'
import { guardedKeys } from '../../../migrations/0011_guarded-keys.ts'
import { tagFormats } from '../../../migrations/0012_tag-formats.ts'
import { settingsInForce } from '../../../migrations/0013_settings-in-force.ts'
import { roundedGraves } from '../../../migrations/0014_rounded-graves.ts'
import { IdgenError } from '../../core/errors.ts'
import { codeOf, fromPostgres } from './postgres-error.ts'
import type { Tables } from './tables.ts'

/** An explicit map instead of a folder: emitted JavaScript and bundles find them too. Forward only. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_catalog': catalog,
  '0002_segments': segments,
  '0003_time-grants': timeGrants,
  '0004_access': access,
  '0005_coordination': coordination,
  '0006_declarations': declarations,
  '0007_past-declarations': pastDeclarations,
  '0008_tag-deletions': tagDeletions,
  '0009_keys-of-declarations': keysOfDeclarations,
  '0010_audit-chains': auditChains,
  '0011_guarded-keys': guardedKeys,
  '0012_tag-formats': tagFormats,
  '0013_settings-in-force': settingsInForce,
  '0014_rounded-graves': roundedGraves,
}

/**
 * Brings the schema up to date and returns the names it applied, in order; none when there was nothing to do.
 * Each migration is a transaction with its row in the table of those applied: one that fails leaves nothing behind, and
 * those before it stay. Safe when several processes start together: one at a time holds the advisory lock and applies what
 * is still left, so each may apply some. An older revision of idgen accepts a schema that went on without it
 * (expand, then contract: ).
 * @throws IDGEN_STORE_UNAVAILABLE, IDGEN_SCHEMA_MISMATCH
 */
export async function migrate(db: Kysely<Tables>): Promise<string[]> {
  const applied: string[] = []
  let tries = 1
  for (;;) {
    const [next] = await pendingMigrations(db)
    if (next === undefined) return applied
    try {
      if (await apply(db, next)) applied.push(next)
    } catch (error) {
      if (codeOf(error) !== LOCK_NOT_AVAILABLE || tries === TRIES_MAX) throw failed(next, error)
      tries += 1
      await delay(PAUSE_MS)
    }
  }
}

/** false: another process has done it meanwhile. */
async function apply(db: Kysely<Tables>, name: string): Promise<boolean> {
  return await db
    .withTables<MigrationTables>()
    .transaction()
    .execute(async (trx) => {
      for (const statement of BEFORE_EACH) await statement.execute(trx)
      const rows = await trx.selectFrom('idgen_migrations').select(['name', 'timestamp']).execute()
      if (rows.some((row) => row.name === name)) return false
      await MIGRATIONS[name]?.up(trx)
      // Releases before this one refuse the table where the order of names is not the order of times.
      const timesMs = rows.map(({ timestamp }) => Date.parse(timestamp)).filter((ms) => !Number.isNaN(ms))
      const timestamp = new Date(Math.max(Date.now(), ...timesMs.map((ms) => ms + 1))).toISOString()
      await trx.insertInto('idgen_migrations').values({ name, timestamp }).execute()
      return true
    })
}

function failed(migration: string, error: unknown): IdgenError {
  const { code, message } = fromPostgres(error, `applying the migration ${migration}`)
  if (code === 'IDGEN_STORE_UNAVAILABLE') return new IdgenError(code, message, { cause: error })
  return new IdgenError(
    'IDGEN_SCHEMA_MISMATCH',
    `The migration ${migration} failed: ${error instanceof Error ? error.message : error} (${codeOf(error)}). It left nothing behind, and those before it stay. Mend the cause and run idgen migrate: it goes on with this one.`,
    { cause: error },
  )
}

/** Names of the migrations this revision needs and the database does not have yet. Changes nothing. */
export async function pendingMigrations(db: Kysely<Tables>): Promise<string[]> {
  const done = await appliedMigrations(db)
  const pending = Object.keys(MIGRATIONS).filter((name) => !done.has(name))
  const unknown = [...done].filter((name) => MIGRATIONS[name] === undefined)
  if (pending.length > 0 && unknown.length > 0)
    throw new IdgenError(
      'IDGEN_SCHEMA_MISMATCH',
      `The database has migrations this idgen does not know (${unknown.join(', ')}) and lacks ${pending.join(', ')}: it belongs to another program or branch.`,
    )
  return pending
}

async function appliedMigrations(db: Kysely<Tables>): Promise<Set<string>> {
  try {
    const rows = await db
      .withTables<MigrationTables>()
      .selectFrom('idgen_migrations')
      .select('name')
      .execute()
    return new Set(rows.map((row) => row.name))
  } catch (thrown) {
    if (codeOf(thrown) === UNDEFINED_TABLE) return new Set()
    throw fromPostgres(thrown, 'reading which migrations were applied')
  }
}

/** A name of its own: the database may be shared with a program that uses kysely's default. */
type MigrationTables = { idgen_migrations: { name: string; timestamp: string } }

/** The one of kysely's migrator, which releases before this one use: processes of both may start together. */
const LOCK_ID = 3_853_314_791_062_309_107n
const BEFORE_EACH = [
  // Whatever the database's default: a snapshot from before the wait for the lock lacks what the other process applied.
  sql`SET TRANSACTION ISOLATION LEVEL READ COMMITTED`,
  // Longer than the migrations of another process take; the timeouts of each are its own. The shorter of both counts.
  sql`SET LOCAL lock_timeout = '1h'`,
  sql`SET LOCAL statement_timeout = 0`,
  sql`SELECT pg_advisory_xact_lock(${LOCK_ID}::bigint)`,
  sql`SET LOCAL lock_timeout TO DEFAULT`,
  sql`SET LOCAL statement_timeout TO DEFAULT`,
  sql`
    CREATE TABLE IF NOT EXISTS idgen_migrations (name varchar(255) PRIMARY KEY, timestamp varchar(255) NOT NULL)`,
]

const UNDEFINED_TABLE = '42P01'
const LOCK_NOT_AVAILABLE = '55P03'
/** Nearly a minute, in which a long statement of somebody else may end; then the start fails and says why. */
const TRIES_MAX = 8
/** In between those who wait for the table get their turn. */
const PAUSE_MS = 3000
