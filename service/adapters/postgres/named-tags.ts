import { type Expression, type Kysely, type SqlBool, sql } from 'kysely'
import type { NewTag, TagRef } from '../../ports/catalog-store.ts'
import type { NamePast } from './new-tag-row.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'

/** Whether workspace `w`, group `g` and tag `t` are those of one of many names: three parameters, however many. */
export function isNamed(refs: readonly TagRef[]): Expression<SqlBool> {
  const workspaces = refs.map(({ workspace }) => workspace)
  const groups = refs.map(({ group }) => group)
  const names = refs.map(({ name }) => name)
  return sql<SqlBool>`(w.name, g.name, t.name) IN (SELECT * FROM unnest(${workspaces}::text[], ${groups}::text[], ${names}::text[]))`
}

/** Ids of the live groups that tags are to be in, by `w/g`. */
export async function groupIds(
  session: Session,
  db: Kysely<Tables>,
  refs: readonly TagRef[],
): Promise<ReadonlyMap<string, number>> {
  const workspaces = refs.map(({ workspace }) => workspace)
  const groups = refs.map(({ group }) => group)
  const rows = await session.rows(
    db
      .selectFrom('groups as g')
      .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
      .select(['g.id', 'w.name as workspace', 'g.name'])
      .where('w.deleted_at', 'is', null)
      .where('g.deleted_at', 'is', null)
      .where(
        sql<SqlBool>`(w.name, g.name) IN (SELECT * FROM unnest(${workspaces}::text[], ${groups}::text[]))`,
      ),
  )
  return new Map(rows.map(({ id, workspace, name }) => [`${workspace}/${name}`, id]))
}

/** By path; a name that no tag ever had is missing. */
export async function pastOfNames(
  session: Session,
  db: Kysely<Tables>,
  refs: readonly TagRef[],
): Promise<ReadonlyMap<string, NamePast>> {
  const rows = await session.rows(
    db
      .selectFrom('biz_tags as t')
      .innerJoin('groups as g', 'g.id', 't.group_id')
      .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
      .select(['w.name as workspace', 'g.name as group', 't.name'])
      .select(sql<boolean>`bool_or(t.deleted_at IS NULL)`.as('lives'))
      .select((eb) => eb.fn.max('t.high_water').as('high'))
      .where(isNamed(refs))
      .groupBy(['w.name', 'g.name', 't.name']),
  )
  return new Map(
    rows.map(({ workspace, group, name, lives, high }) => [
      `${workspace}/${group}/${name}`,
      { lives, used: high !== null, high: high ?? 0 },
    ]),
  )
}

/** Which of the generations that the tags are to have a tag had before. */
export async function usedGenerations(
  session: Session,
  db: Kysely<Tables>,
  tags: readonly NewTag[],
): Promise<ReadonlySet<string | undefined>> {
  const wanted = tags.flatMap(({ generation }) => generation ?? [])
  if (wanted.length === 0) return new Set()
  const rows = await session.rows(
    db.selectFrom('biz_tags').select('generation').where('generation', 'in', wanted),
  )
  return new Set(rows.map(({ generation }) => generation))
}
