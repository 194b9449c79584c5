import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Each process writes its audit records as a chain of hashes (docs/decisions/0029). The columns are null in rows from
 * before, and in those of processes of the release before while an upgrade is under way. audit_chains has the last
 * link of each chain, so that a tail cut off is seen, and the last one that retention dropped, where a check begins.
 */
export const auditChains: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  // A dump that reads the table would hold this up, and this everybody who reads it after: migrate() tries again.
  sql`SET LOCAL lock_timeout = '3s'`,
  sql`
    ALTER TABLE audit_log
      ADD COLUMN chain text COLLATE "C",
      ADD COLUMN seq bigint,
      ADD COLUMN previous_hash text,
      ADD COLUMN hash text`,
  // A batch that is written again after a commit of unknown outcome finds its rows. Partial: nothing is built for the
  // rows of a year that have no chain while the table is locked.
  sql`CREATE UNIQUE INDEX audit_log_chain ON audit_log (chain, seq, at) WHERE chain IS NOT NULL`,
  sql`
    CREATE TABLE audit_chains (
      chain text COLLATE "C" PRIMARY KEY,
      seq bigint NOT NULL,
      hash text NOT NULL,
      at timestamptz NOT NULL,
      cut_seq bigint NOT NULL DEFAULT 0,
      cut_hash text
    )`,
]
