import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * How the numbers of a tag are written (docs/decisions/0038). Null: in decimal, as those of every tag from before. A
 * process of the release before would write them so as well: it must not serve a tag that has a format, and where such a
 * tag is made all processes are of this release.
 */
export const tagFormats: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  // A dump that reads the table would hold this up, and this everybody who reads it after: migrate() tries again.
  sql`SET LOCAL lock_timeout = '3s'`,
  sql`ALTER TABLE biz_tags ADD COLUMN format jsonb CHECK (jsonb_typeof(format) = 'object')`,
]
