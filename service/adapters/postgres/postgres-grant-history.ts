import { sql } from 'kysely'
import type { GrantHistory, RecentGrants } from '../../ports/grant-history.ts'
import type { PostgresDatabase } from './database.ts'

export class PostgresGrantHistory implements GrantHistory {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async recent(tagId: number, since: Date): Promise<readonly RecentGrants[]> {
    // A data centre at a time, the newest first by the index on (tag, dc, lo): numbers only go up.
    return await this.#database.read(
      'reading what was granted lately',
      this.#database.kysely
        .selectFrom('segments as s')
        .innerJoinLateral(
          (query) =>
            query
              .selectFrom('segment_allocations as a')
              .select(['a.lo', 'a.hi', 'a.at'])
              .where('a.tag_id', '=', tagId)
              .whereRef('a.dc', '=', 's.dc')
              .where('a.at', '>=', since)
              .orderBy('a.lo', 'desc')
              .limit(GRANTS_MAX)
              .as('g'),
          (join) => join.onTrue(),
        )
        .select([
          's.dc',
          sql<number>`sum(g.hi - g.lo)::float8`.as('numbers'),
          sql<Date>`case when count(*) < ${GRANTS_MAX} then ${since}::timestamptz else min(g.at) end`.as(
            'from',
          ),
        ])
        .where('s.tag_id', '=', tagId)
        .groupBy('s.dc')
        .orderBy('s.dc'),
    )
  }
}

const GRANTS_MAX = 1000
