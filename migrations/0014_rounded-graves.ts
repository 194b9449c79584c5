import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Graves of tags that other databases may have had, deleted here while etcd was not asked: from now on each lies where its tag's
 * pattern of cells begins anew (docs/decisions/0008), as later ones are written. A tag made again above it then repeats nothing
 * that another data centre grants of the deleted one. A tag that was made again already stays where it is.
 */
export const roundedGraves: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await ROUND.execute(db)
  },
}

/** As nextRound in service/core/cells.ts. No sum leaves bigint: each of the two is at most 2^53. */
const ROUND = sql`
  UPDATE biz_tags SET high_water = least(
    9007199254740992,
    start_at + (high_water - start_at + cell_size * dc_count - 1) / (cell_size * dc_count) * (cell_size * dc_count)
  )
  WHERE config_revision > 0 AND dc_count > 1 AND high_water > start_at`
