import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Objects that are gone and of which tag_declarations says nothing: another one declares their tag since, or they went
 * before anything was declared for them (then without a tag). Who speaks for them too late must not declare anything.
 */
export const pastDeclarations: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE past_declarations (
      uid text PRIMARY KEY,
      tag_id bigint REFERENCES biz_tags (id),
      released_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
  sql`CREATE INDEX past_declarations_tag ON past_declarations (tag_id)`,
]
