import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Objects that gave a tag up before another one declared it, whose row in tag_declarations tells of the other one since:
 * who speaks for them too late must not declare anything either, however often the tag changed hands.
 */
export const pastDeclarations: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE past_declarations (
      uid text NOT NULL,
      tag_id bigint NOT NULL REFERENCES biz_tags (id),
      released_at timestamptz NOT NULL,
      PRIMARY KEY (uid, tag_id)
    )`,
  sql`CREATE INDEX past_declarations_tag ON past_declarations (tag_id)`,
]
