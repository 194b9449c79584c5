import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * API keys that were made for the object that declares a tag, by its uid: they end with its declaration
 * (docs/decisions/0023). Null: nobody's; ended by hand only.
 */
export const keysOfDeclarations: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`ALTER TABLE api_keys ADD COLUMN declared_by text`,
  sql`CREATE INDEX api_keys_declared_by ON api_keys (declared_by) WHERE declared_by IS NOT NULL`,
  sql`CREATE INDEX api_keys_declared_within ON api_keys (within) WHERE declared_by IS NOT NULL`,
]
