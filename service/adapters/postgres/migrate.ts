import { setTimeout as delay } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
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
}

/**
 * Brings the schema up to date and returns the names it applied, in order; none when there was nothing to do.
 * Safe when several processes start together: all but one wait for the migrator's advisory lock and find nothing
 * left. All steps are one transaction. An older revision of idgen accepts a schema that went on without it
 * (expand, then contract: ).
 * @throws IDGEN_STORE_UNAVAILABLE, IDGEN_SCHEMA_MISMATCH
 */
export async function migrate(db: Kysely<Tables>): Promise<string[]> {
  if ((await pendingMigrations(db)).length === 0) return []
  for (let tries = 1; ; tries += 1) {
    const { error, results } = await migrator(db).migrateToLatest()
    if (error === undefined)
      return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName)
    if (codeOf(error) !== LOCK_NOT_AVAILABLE || tries === TRIES_MAX)
      throw fromPostgres(error, 'migrating the schema')
    await delay(PAUSE_MS)
  }
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
      .withTables<{ idgen_migrations: { name: string } }>()
      .selectFrom('idgen_migrations')
      .select('name')
      .execute()
    return new Set(rows.map((row) => row.name))
  } catch (thrown) {
    if (codeOf(thrown) === UNDEFINED_TABLE) return new Set()
    throw fromPostgres(thrown, 'reading which migrations were applied')
  }
}

function migrator(db: Kysely<Tables>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    // Names of their own: the database may be shared with a program that uses kysely's default names.
    migrationTableName: 'idgen_migrations',
    migrationLockTableName: 'idgen_migrations_lock',
  })
}

const UNDEFINED_TABLE = '42P01'
const LOCK_NOT_AVAILABLE = '55P03'
/** Nearly a minute, in which a long statement of somebody else may end; then the start fails and says why. */
const TRIES_MAX = 8
/** In between those who wait for the table get their turn. */
const PAUSE_MS = 3000
