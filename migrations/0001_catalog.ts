import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Workspaces, groups and tags.
 *
 *     workspaces 1──n groups 1──n biz_tags          catalog_revision (one row, counts every write)
 *                                                   catalog_changes  (newest revision of each tag and key)
 *
 * Nothing is deleted: a row with deleted_at is a tombstone, and the unique indexes cover live rows only, so a name
 * may be used again while the numbers behind the old tag id stay known (high_water).
 *
 * Names sort by bytes (COLLATE "C"): a page cursor must not depend on the locale of the server.
 */
export const catalog: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db)
  },
}

const STATEMENTS = [
  sql`
    CREATE TABLE workspaces (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text COLLATE "C" NOT NULL,
      display_name text NOT NULL,
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      deleted_at timestamptz
    )`,
  sql`CREATE UNIQUE INDEX workspaces_live_name ON workspaces (name) WHERE deleted_at IS NULL`,
  sql`
    CREATE TABLE groups (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      workspace_id bigint NOT NULL REFERENCES workspaces (id),
      name text COLLATE "C" NOT NULL,
      display_name text NOT NULL,
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      deleted_at timestamptz
    )`,
  sql`CREATE UNIQUE INDEX groups_live_name ON groups (workspace_id, name) WHERE deleted_at IS NULL`,
  sql`
    CREATE TABLE biz_tags (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      group_id bigint NOT NULL REFERENCES groups (id),
      name text COLLATE "C" NOT NULL,
      display_name text NOT NULL,
      chain text[] NOT NULL CHECK (cardinality(chain) > 0),
      step_base bigint NOT NULL,
      step_min bigint NOT NULL,
      step_max bigint NOT NULL,
      start_at bigint NOT NULL CHECK (start_at >= 0),
      cell_size bigint NOT NULL CHECK (cell_size > 0),
      dc_count integer NOT NULL CHECK (dc_count BETWEEN 1 AND 8),
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      deleted_at timestamptz,
      high_water bigint,
      CHECK (1 <= step_min AND step_min <= step_base AND step_base <= step_max),
      CHECK ((deleted_at IS NULL) = (high_water IS NULL))
    )`,
  sql`CREATE UNIQUE INDEX biz_tags_live_name ON biz_tags (group_id, name) WHERE deleted_at IS NULL`,
  // createTag looks for tombstones of its name, whatever group row they hang on.
  sql`CREATE INDEX biz_tags_tombstone_name ON biz_tags (name) WHERE deleted_at IS NOT NULL`,
  sql`
    CREATE TABLE catalog_revision (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      revision bigint NOT NULL
    )`,
  sql`INSERT INTO catalog_revision (revision) VALUES (0)`,
  // One row per subject, moved forward at each change: it cannot outgrow the catalogue and needs no trimming.
  sql`
    CREATE TABLE catalog_changes (
      kind text NOT NULL CHECK (kind IN ('tag', 'key')),
      subject text COLLATE "C" NOT NULL,
      revision bigint NOT NULL,
      PRIMARY KEY (kind, subject)
    )`,
  sql`CREATE UNIQUE INDEX catalog_changes_revision ON catalog_changes (revision)`,
]
