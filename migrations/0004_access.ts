import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** API keys (only the SHA-256 of each) and the audit log, a partition per month. */
export const access: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE api_keys (
      id text COLLATE "C" PRIMARY KEY,
      name text NOT NULL,
      hash bytea NOT NULL CHECK (octet_length(hash) = 32),
      scopes text[] NOT NULL,
      within text NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz,
      revoked_at timestamptz
    )`,
  // No foreign key to workspaces: an account of what happened outlives what it happened to.
  sql`
    CREATE TABLE audit_log (
      id bigint GENERATED ALWAYS AS IDENTITY,
      at timestamptz NOT NULL,
      actor text NOT NULL,
      action text NOT NULL,
      subject text NOT NULL,
      workspace text,
      result text NOT NULL,
      trace_id text,
      detail jsonb NOT NULL,
      PRIMARY KEY (at, id)
    ) PARTITION BY RANGE (at)`,
  sql`CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT`,
  sql`CREATE INDEX audit_log_workspace ON audit_log (workspace, at)`,
  sql`CREATE INDEX audit_log_action ON audit_log (action, at)`,
]
