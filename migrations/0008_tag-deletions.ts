import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Live tags whose deletion was begun and has to be carried to its end in etcd before they go (docs/decisions/0022): no
 * object may begin to declare them. With the uid of the object that goes with its tag.
 */
export const tagDeletions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE tag_deletions (
      tag_id bigint PRIMARY KEY REFERENCES biz_tags (id),
      owner_uid text,
      begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
]
