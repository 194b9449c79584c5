import { sql } from 'kysely'
import { IdgenError } from '../../core/errors.ts'
import type { PostgresDatabase } from './database.ts'

/**
 * Names the database that holds our tables: cluster, database and schema, each by the number PostgreSQL gave it. The
 * same for every process that uses it, after renaming, failover and restoring a physical backup: those go on as what
 * they were. Another one for a database made from a dump, by CREATE DATABASE … TEMPLATE or by pg_upgrade: nobody can
 * tell such a copy that replaces the original from one that runs beside it, so a person must say so
 * (`idgen dc claim --force`).
 *
 * A physical copy that runs beside the original has the same identity: there the witness and the time grants in etcd
 * keep the two apart.
 *
 * @throws IDGEN_SCHEMA_MISMATCH before the first migration; IDGEN_STORE_UNAVAILABLE
 */
export async function databaseIdentity(database: PostgresDatabase): Promise<string> {
  const [row] = await database.read('reading which database it is', database.kysely.selectNoFrom(IDENTITY))
  if (typeof row?.identity === 'string') return row.identity
  throw new IdgenError(
    'IDGEN_SCHEMA_MISMATCH',
    'The database has no tables of idgen yet: run "idgen migrate".',
  )
}

/** The schema is that of the tables, not current_schema(): a search path may find them further back. */
const IDENTITY = sql<string | null>`
  (SELECT system_identifier::text FROM pg_control_system())
  || '/' || (SELECT oid::text FROM pg_database WHERE datname = current_database())
  || '/' || (SELECT relnamespace::text FROM pg_class WHERE oid = to_regclass('biz_tags'))`.as('identity')
