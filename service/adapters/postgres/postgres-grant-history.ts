import { type Kysely, sql } from 'kysely'
import type { GrantHistory, RecentGrants } from '../../ports/grant-history.ts'
import type { PostgresDatabase } from './database.ts'
import type { Tables } from './tables.ts'

export class PostgresGrantHistory implements GrantHistory {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async recent(tagId: number, since: Date): Promise<readonly RecentGrants[]> {
    const query = recentGrants(this.#database.kysely, tagId, since)
    return await this.#database.read('reading what was granted lately', query)
  }
}

/**
 * A data centre at a time, the newest first by the index on (tag, dc, lo): numbers only go up. The time is asked of
 * those thousand alone: asked of the log, a tag that rests would have all of it read, for grants that are not there.
 */
export function recentGrants(kysely: Kysely<Tables>, tagId: number, since: Date) {
  return kysely
    .selectFrom('segments as s')
    .innerJoinLateral(
      (query) =>
        query
          .selectFrom('segment_allocations as a')
          .select(['a.lo', 'a.hi', 'a.at'])
          .where('a.tag_id', '=', tagId)
          .whereRef('a.dc', '=', 's.dc')
          .orderBy('a.lo', 'desc')
          .limit(GRANTS_MAX)
          .as('g'),
      (join) => join.onTrue(),
    )
    .select([
      's.dc',
      sql<number>`sum(g.hi - g.lo)::float8`.as('numbers'),
      sql<Date>`case when count(*) < ${GRANTS_MAX} then ${since}::timestamptz else min(g.at) end`.as('from'),
    ])
    .where('s.tag_id', '=', tagId)
    .where('g.at', '>=', since)
    .groupBy('s.dc')
    .orderBy('s.dc')
}

const GRANTS_MAX = 1000
