import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Which object (a BizTag of some Kubernetes cluster) declares which tag (docs/decisions/0017).
 *
 * tag_declarations  at most one row per tag. With released_at it is given up: kept, also when the tag is deleted, so
 *                   that nobody who speaks too late for that object brings anything back
 */
export const declarations: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE tag_declarations (
      tag_id bigint PRIMARY KEY REFERENCES biz_tags (id),
      cluster text NOT NULL,
      namespace text NOT NULL,
      name text NOT NULL,
      uid text NOT NULL,
      object_created_at timestamptz NOT NULL,
      generation bigint NOT NULL CHECK (generation >= 1),
      declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      released_at timestamptz
    )`,
  sql`CREATE INDEX tag_declarations_released ON tag_declarations (uid) WHERE released_at IS NOT NULL`,
]
