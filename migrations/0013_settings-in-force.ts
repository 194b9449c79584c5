import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * What each data centre was last started with, so that a start with other settings is seen and audited
 * (docs/decisions/0044). Secrets: hidden, and at most an HMAC with a key that is not in the database.
 */
export const settingsInForce: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE settings_in_force (
      dc smallint PRIMARY KEY CHECK (dc >= 0),
      version integer NOT NULL CHECK (version > 0),
      settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
      owed jsonb CHECK (jsonb_typeof(owed) = 'object'),
      noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
]
