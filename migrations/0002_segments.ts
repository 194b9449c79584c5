import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * The numbers of tags: who may have which, and who was given which (design.md section 2).
 *
 *     biz_tags 1──n segments              the row an allocation locks: one per (tag, dc)
 *              1──n ranges                one row per opened cell; the constraint is the check, not the decision
 *              1──n segment_allocations   the log of grants, a partition per month
 */
export const segments: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE segments (
      tag_id bigint NOT NULL REFERENCES biz_tags (id),
      dc integer NOT NULL CHECK (dc BETWEEN 0 AND 7),
      cell bigint NOT NULL CHECK (cell >= 0),
      next_value bigint NOT NULL,
      cell_hi bigint NOT NULL CHECK (cell_hi <= 9007199254740992),
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (tag_id, dc),
      CHECK (0 <= next_value AND next_value <= cell_hi)
    )`,
  sql`CREATE INDEX segments_dc ON segments (dc)`,
  // Cells of one tag never overlap. (tag_id WITH =, range WITH &&) would need the extension btree_gist, which a
  // managed or minimal server may lack. Instead each tag gets its own stretch of the numeric line, 2^53 wide, and
  // one exclusion over plain ranges compares within the tag only.
  sql`
    CREATE TABLE ranges (
      tag_id bigint NOT NULL REFERENCES biz_tags (id),
      dc integer NOT NULL CHECK (dc BETWEEN 0 AND 7),
      cell bigint NOT NULL CHECK (cell >= 0),
      lo bigint NOT NULL CHECK (lo >= 0),
      hi bigint NOT NULL CHECK (hi <= 9007199254740992),
      opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (tag_id, cell),
      CHECK (lo < hi),
      CONSTRAINT ranges_never_overlap EXCLUDE USING gist (
        numrange(tag_id::numeric * 9007199254740992 + lo, tag_id::numeric * 9007199254740992 + hi) WITH &&
      )
    )`,
  sql`
    CREATE TABLE segment_allocations (
      tag_id bigint NOT NULL REFERENCES biz_tags (id),
      dc integer NOT NULL,
      lo bigint NOT NULL,
      hi bigint NOT NULL,
      instance text NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CHECK (lo < hi)
    ) PARTITION BY RANGE (at)`,
  sql`CREATE TABLE segment_allocations_default PARTITION OF segment_allocations DEFAULT`,
  sql`CREATE INDEX segment_allocations_tag ON segment_allocations (tag_id, dc, lo)`,
]
