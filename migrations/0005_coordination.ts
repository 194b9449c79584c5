import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * What the second store (etcd) and several data centres need (design.md section 2).
 *
 * biz_tags.generation       names the tag in every store, for ever
 * biz_tags.id               made of the generation from now on: a counter of a restored database would repeat itself
 * biz_tags.config_revision  revision of the etcd key this row was last published to or taken from
 * segments.ceiling          up to here the witness lets this database grant alone, while its history is the one beside it
 * time_authority.moves      how often the right to grant time was moved; a switch of it names the count
 * worker_times.copy_nonce   the hold that wrote until_ms, where etcd grants time and this row is the copy
 * dc_claims                 which installation runs a data centre, so that two cannot by mistake
 */
export const coordination: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    ALTER TABLE biz_tags
      ADD COLUMN generation text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
      ADD COLUMN config_revision bigint NOT NULL DEFAULT 0`,
  sql`ALTER TABLE biz_tags ALTER COLUMN id DROP IDENTITY`,
  sql`CREATE UNIQUE INDEX biz_tags_generation ON biz_tags (generation)`,
  sql`
    ALTER TABLE segments
      ADD COLUMN ceiling bigint NOT NULL DEFAULT 0,
      ADD COLUMN ceiling_history text NOT NULL DEFAULT ''`,
  sql`ALTER TABLE time_authority ADD COLUMN moves bigint NOT NULL DEFAULT 0`,
  sql`ALTER TABLE worker_times ADD COLUMN copy_nonce text NOT NULL DEFAULT ''`,
  sql`
    CREATE TABLE dc_claims (
      dc integer PRIMARY KEY CHECK (dc BETWEEN 0 AND 7),
      installation text NOT NULL,
      claimed_by text NOT NULL,
      claimed_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
]
