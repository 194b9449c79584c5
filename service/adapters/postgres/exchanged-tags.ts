import { type Kysely, sql } from 'kysely'
import { reachedValue } from '../../core/cells.ts'
import { tagPath } from '../../core/tag.ts'
import type { TagPublication, TagRef, TagRemains } from '../../ports/catalog-store.ts'
import type { Publishing } from '../../ports/tag-batch.ts'
import type { PostgresDatabase } from './database.ts'
import { type DeclarationColumns, declarationIn, withDeclaration } from './declaration-records.ts'
import { isNamed } from './named-tags.ts'
import { type SpaceColumns, spaceOf } from './range-opener.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'
import { selectTagsAnywhere, type TagRow, tagOf } from './tag-row.ts'

type PublicationRow = TagRow &
  DeclarationColumns & { readonly config_revision: number; readonly deleting: number | null }

export function withPublication(tags: ReturnType<typeof selectTagsAnywhere>) {
  return withDeclaration(tags)
    .leftJoin('tag_deletions as x', 'x.tag_id', 't.id')
    .select(['t.config_revision', 'x.tag_id as deleting'])
}

export function publicationOf(row: PublicationRow): TagPublication {
  const { config_revision: configRevision, deleting } = row
  return { tag: tagOf(row), configRevision, declaration: declarationIn(row), deleting: deleting !== null }
}

/** In the order of the names; undefined where there is no such tag. */
export async function publicationsOfNames(
  database: PostgresDatabase,
  refs: readonly TagRef[],
): Promise<readonly (TagPublication | undefined)[]> {
  const query = withPublication(selectTagsAnywhere(database.kysely)).where(isNamed(refs))
  const rows = await database.read('reading publications of tags', query)
  const found = new Map(rows.map((row) => [tagPath(row), publicationOf(row)]))
  return refs.map((ref) => found.get(tagPath(ref)))
}

/** In the order of the names. */
export async function remainsOfNames(
  database: PostgresDatabase,
  refs: readonly TagRef[],
): Promise<readonly TagRemains[]> {
  const query = database.kysely
    .selectFrom('biz_tags as t')
    .innerJoin('groups as g', 'g.id', 't.group_id')
    .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
    .leftJoin('segments as s', 's.tag_id', 't.id')
    .select(['w.name as workspace', 'g.name as group', 't.name'])
    .select(['t.id', 't.generation', 't.high_water', 't.start_at', 't.cell_size', 't.dc_count', 't.format'])
    .select(['s.dc', 's.next_value', 's.ceiling'])
    .where(isNamed(refs))
    .orderBy('t.deleted_at', 'desc')
  const rows = await database.read('reading what deleted tags left', query)
  const byName = Map.groupBy(rows, tagPath)
  return refs.map((ref) => remainsOf(byName.get(tagPath(ref)) ?? []))
}

/** Only forward. */
export async function markPublished(
  session: Session,
  db: Kysely<Tables>,
  { tag: { id, generation }, revision }: Publishing,
): Promise<void> {
  await session.write(
    db
      .updateTable('biz_tags')
      .set({ config_revision: revision })
      .where('id', '=', id)
      .where('generation', '=', generation)
      .where('config_revision', '<', revision),
  )
}

/**
 * Many at once, but for those that somebody else is writing now: a transaction that waits for one tag while it holds others could
 * wait for somebody who waits for it.
 * @returns those that are to be marked by themselves
 */
export async function markFreeOnes(
  session: Session,
  db: Kysely<Tables>,
  tags: readonly Publishing[],
): Promise<readonly Publishing[]> {
  const ids = tags.map(({ tag }) => tag.id)
  const locked = await session.rows(
    db.selectFrom('biz_tags').select('id').where('id', 'in', ids).orderBy('id').forNoKeyUpdate().skipLocked(),
  )
  const free = new Set(locked.map(({ id }) => id))
  const marks = tags
    .filter(({ tag }) => free.has(tag.id))
    .map(({ tag: { id, generation }, revision }) => ({ id, generation, revision }))
  if (marks.length > 0)
    await session.write(
      db
        .updateTable('biz_tags as t')
        .from(
          sql<(typeof marks)[number]>`jsonb_to_recordset(${JSON.stringify(marks)}::jsonb)`.as<'c'>(
            sql`c(id bigint, generation text, revision bigint)`,
          ),
        )
        .set({ config_revision: sql<number>`c.revision` })
        .whereRef('t.id', '=', 'c.id')
        .whereRef('t.generation', '=', 'c.generation')
        .whereRef('t.config_revision', '<', 'c.revision'),
    )
  return tags.filter(({ tag }) => !free.has(tag.id))
}

function remainsOf(rows: readonly RemainsRow[]): TagRemains {
  const deleted = new Set(rows.filter((row) => row.high_water !== null).map((row) => row.generation))
  // A tombstone has its own high water, which covers its rows.
  const marks = rows.map((row) => row.high_water ?? reachedBy(row))
  return { highWater: Math.max(0, ...marks), deletedGenerations: [...deleted].slice(0, GENERATIONS_MAX) }
}

type RemainsRow = SpaceColumns &
  Record<'dc' | 'next_value' | 'ceiling' | 'high_water', number | null> & { readonly generation: string }

/** A live tag has a row for each data centre that uses this database, or none. */
function reachedBy(row: RemainsRow): number {
  const { dc, next_value, ceiling } = row
  const reached =
    dc === null || next_value === null ? row.start_at : reachedValue(spaceOf(row), dc, next_value)
  return Math.max(reached, ceiling ?? 0)
}

export const NOTHING_LEFT: TagRemains = { highWater: 0, deletedGenerations: [] }
const GENERATIONS_MAX = 100
