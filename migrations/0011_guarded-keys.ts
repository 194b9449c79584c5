import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * What guards API keys (docs/decisions/0030): the key that signs records in a shared cache, the secret before the last
 * rotation of a key, and when it was last used.
 */
export const guardedKeys: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  // A dump that reads the table would hold this up, and this everybody who reads it after: migrate() tries again.
  sql`SET LOCAL lock_timeout = '3s'`,
  sql`
    CREATE TABLE seals (
      name text COLLATE "C" PRIMARY KEY,
      key bytea NOT NULL CHECK (octet_length(key) = 32)
    )`,
  sql`
    ALTER TABLE api_keys
      ADD COLUMN previous_hash bytea CHECK (octet_length(previous_hash) = 32),
      ADD COLUMN previous_until timestamptz,
      ADD CONSTRAINT api_keys_previous CHECK ((previous_hash IS NULL) = (previous_until IS NULL))`,
  // Where retention cut a chain of the audit log, by who knows audit.key.
  sql`ALTER TABLE audit_chains ADD COLUMN IF NOT EXISTS cut_seal text`,
  // Beside the keys, because it is written without the lock that changes of keys take.
  sql`
    CREATE TABLE api_key_uses (
      id text COLLATE "C" PRIMARY KEY,
      last_used_at timestamptz NOT NULL
    )`,
]
