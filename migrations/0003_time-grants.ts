import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Worker ids and the time they may stamp (design.md section 2, time grant).
 *
 * worker_times  one row per worker id of a data centre, made when the data centre is first used; never removed,
 *               because until_ms must outlive every holder
 * time_authority which store grants the time of a data centre, and with which snowflake layout
 */
export const timeGrants: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE time_authority (
      dc integer PRIMARY KEY CHECK (dc BETWEEN 0 AND 7),
      store text NOT NULL,
      layout_hash text NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
  // A free worker id has neither nonce, holder nor lease. held_from_ms is until_ms as the hold found it: no release
  // may lower until_ms below it, or time stamped by an earlier holder would be granted again.
  sql`
    CREATE TABLE worker_times (
      dc integer NOT NULL REFERENCES time_authority (dc),
      worker integer NOT NULL CHECK (worker BETWEEN 0 AND 255),
      nonce text,
      revision bigint NOT NULL DEFAULT 0,
      until_ms bigint NOT NULL DEFAULT 0,
      held_from_ms bigint NOT NULL DEFAULT 0,
      lease_until timestamptz,
      holder text,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (dc, worker),
      CHECK (held_from_ms <= until_ms),
      CHECK ((nonce IS NULL) = (lease_until IS NULL)),
      CHECK ((nonce IS NULL) = (holder IS NULL))
    )`,
]
