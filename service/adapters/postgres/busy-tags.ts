import { sql } from 'kysely'
import type { PostgresDatabase } from './database.ts'

/** A tag that was in use a moment ago, and the usual size of its segments. */
export interface BusyTag {
  readonly tagId: number
  readonly generation: string
  readonly dc: number
  readonly step: number
}

/**
 * The tags whose blocks are worth having ready at start: those that took or returned numbers in this data centre within
 * the last minute, the latest first. Of a tag that takes a segment every T seconds this finds one in T/60, so what is
 * put aside for slow tags and expires is, in the mean, four blocks in as many minutes of numbers: below 0.3 % of a day.
 */
export async function busyTags(database: PostgresDatabase, dc: number): Promise<BusyTag[]> {
  const rows = await database.read(
    'asking which tags are busy',
    database.kysely
      .selectFrom('segments as s')
      .innerJoin('biz_tags as t', 't.id', 's.tag_id')
      .select(['t.id', 't.generation', 't.step_base'])
      .where('s.dc', '=', dc)
      .where('t.deleted_at', 'is', null)
      // Numbers of a tag that writes dates are granted on their day.
      .where(sql<boolean>`t.format->>'reset' IS NULL`)
      .where(sql<boolean>`s.updated_at > clock_timestamp() - make_interval(secs => ${BUSY_S})`)
      .orderBy('s.updated_at', 'desc')
      .limit(TAGS_MAX),
  )
  return rows.map(({ id, generation, step_base }) => ({ tagId: id, generation, dc, step: step_base }))
}

const BUSY_S = 60
/** A second's work for the database at four allocations at once; the others fill their cache as they are asked. */
const TAGS_MAX = 1000
