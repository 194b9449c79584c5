import { type Kysely, sql } from 'kysely'
import type { AlgorithmName } from '../../core/algorithm.ts'
import type { Tag } from '../../core/tag.ts'
import { releaseDeclaration } from './declaration-records.ts'
import { endKeysOf } from './declared-keys.ts'
import { graveMark } from './grave-mark.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'
import type { TagRow } from './tag-row.ts'

/** What a change leaves of a tag. */
type SettingsColumns = Pick<TagRow, 'id' | 'display_name' | 'chain' | 'step_base' | 'step_min' | 'step_max'>

/** Takes the settings over and raises the version. @returns what the statement made, by id */
export async function writeTags(
  session: Session,
  db: Kysely<Tables>,
  rows: readonly SettingsColumns[],
): Promise<ReadonlyMap<number, { readonly version: number; readonly updated_at: Date }>> {
  if (rows.length === 0) return new Map()
  const settings = rows.map(({ id, display_name, chain, step_base, step_min, step_max }) => ({
    id,
    display_name,
    chain,
    step_base,
    step_min,
    step_max,
  }))
  const written = await session.rows(
    db
      .updateTable('biz_tags as t')
      .from(
        sql<SettingsColumns>`jsonb_to_recordset(${JSON.stringify(settings)}::jsonb)`.as<'c'>(
          sql`c(id bigint, display_name text, chain text[], step_base bigint, step_min bigint, step_max bigint)`,
        ),
      )
      .set({
        display_name: sql<string>`c.display_name`,
        chain: sql<AlgorithmName[]>`c.chain`,
        step_base: sql<number>`c.step_base`,
        step_min: sql<number>`c.step_min`,
        step_max: sql<number>`c.step_max`,
        version: sql<number>`t.version + 1`,
        updated_at: sql<Date>`clock_timestamp()`,
      })
      .whereRef('t.id', '=', 'c.id')
      .returning(['t.id', 't.version', 't.updated_at']),
  )
  return new Map(written.map((row) => [row.id, row]))
}

/** What is noted already stays. */
export async function noteDeletions(
  session: Session,
  db: Kysely<Tables>,
  tags: readonly Pick<Tag, 'id'>[],
): Promise<void> {
  if (tags.length === 0) return
  await session.write(
    db
      .insertInto('tag_deletions')
      .values(tags.map(({ id }) => ({ tag_id: id, owner_uid: null })))
      .onConflict((conflict) => conflict.doNothing()),
  )
}

export interface GoingTag {
  readonly row: TagRow
  /** Of the high water that is left. */
  readonly atLeast: number
}

/**
 * As TagRecords.delete: locks the tags FOR UPDATE, in the order of their ids as RangeOpener does, which waits for
 * allocations that hold one FOR KEY SHARE, and only then reads how far they got.
 */
export async function buryTags(
  session: Session,
  db: Kysely<Tables>,
  tags: readonly GoingTag[],
): Promise<void> {
  if (tags.length === 0) return
  const ids = tags.map(({ row }) => row.id)
  await session.rows(db.selectFrom('biz_tags').select('id').where('id', 'in', ids).orderBy('id').forUpdate())
  const segments = await session.rows(
    db.selectFrom('segments').select(['tag_id', 'dc', 'next_value', 'ceiling']).where('tag_id', 'in', ids),
  )
  const reached = Map.groupBy(segments, ({ tag_id }) => tag_id)
  const graves = tags.map(({ row, atLeast }) => ({
    id: row.id,
    high_water: graveMark(row, reached.get(row.id) ?? [], atLeast),
  }))
  await session.write(
    db
      .updateTable('biz_tags as t')
      .from(
        sql<{ id: number; high_water: number }>`jsonb_to_recordset(${JSON.stringify(graves)}::jsonb)`.as<'c'>(
          sql`c(id bigint, high_water bigint)`,
        ),
      )
      .set({ deleted_at: sql<Date>`clock_timestamp()`, high_water: sql<number>`c.high_water` })
      .whereRef('t.id', '=', 'c.id'),
  )
  await endDeletions(session, db, ids)
}

/** Of an object that goes with its tag the declaration is given up, and its keys end. */
async function endDeletions(session: Session, db: Kysely<Tables>, ids: readonly number[]): Promise<void> {
  const ended = await session.rows(
    db.deleteFrom('tag_deletions').where('tag_id', 'in', ids).returning(['tag_id', 'owner_uid']),
  )
  for (const { tag_id, owner_uid } of ended) {
    if (owner_uid === null) continue
    await releaseDeclaration(session, db, tag_id, owner_uid)
    await endKeysOf(session, db, owner_uid)
  }
}
