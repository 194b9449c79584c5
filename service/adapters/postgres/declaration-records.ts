import { type Kysely, sql } from 'kysely'
import type { Declaration } from '../../core/declaration.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'
import type { selectTagsAnywhere } from './tag-row.ts'

/** The declaration in force as columns beside those of a tag; all null where there is none. */
export interface DeclarationColumns {
  readonly cluster: string | null
  readonly namespace: string | null
  readonly object: string | null
  readonly uid: string | null
  readonly object_created_at: Date | null
  readonly declared_generation: number | null
}

/** Adds those columns. */
export function withDeclaration(tags: ReturnType<typeof selectTagsAnywhere>) {
  return tags
    .leftJoin('tag_declarations as d', (join) =>
      join.onRef('d.tag_id', '=', 't.id').on('d.released_at', 'is', null),
    )
    .select(['d.cluster', 'd.namespace', 'd.name as object', 'd.uid', 'd.object_created_at'])
    .select('d.generation as declared_generation')
}

export function declarationIn(row: DeclarationColumns): Declaration | undefined {
  const { cluster, namespace, object: name, uid, object_created_at: createdAt, declared_generation } = row
  if (cluster === null || namespace === null || name === null) return undefined
  if (uid === null || createdAt === null || declared_generation === null) return undefined
  return { owner: { cluster, namespace, name, uid, createdAt }, generation: declared_generation }
}

export async function declarationOf(
  session: Session,
  db: Kysely<Tables>,
  tagId: number,
): Promise<Declaration | undefined> {
  const row = await session.first(
    db
      .selectFrom('tag_declarations')
      .select(['cluster', 'namespace', 'name as object', 'uid', 'object_created_at'])
      .select('generation as declared_generation')
      .where('tag_id', '=', tagId)
      .where('released_at', 'is', null),
  )
  return row === undefined ? undefined : declarationIn(row)
}

/** Rows of given-up declarations of this object, of whichever tag. */
export function releasedBy(db: Kysely<Tables>, uid: string) {
  return db
    .selectFrom('tag_declarations')
    .select('uid')
    .where('uid', '=', uid)
    .where('released_at', 'is not', null)
    .union(db.selectFrom('past_declarations').select('uid').where('uid', '=', uid))
    .limit(1)
}

export async function isOver(session: Session, db: Kysely<Tables>, uid: string): Promise<boolean> {
  return (await session.first(releasedBy(db, uid))) !== undefined
}

/** In place of whatever was recorded; who gave it up before is remembered. */
export async function writeDeclaration(
  session: Session,
  db: Kysely<Tables>,
  tagId: number,
  { owner, generation }: Declaration,
): Promise<void> {
  const { cluster, namespace, name, uid, createdAt } = owner
  const columns = { cluster, namespace, name, uid, object_created_at: createdAt, generation }
  await session.write(
    db
      .insertInto('past_declarations')
      .columns(['uid', 'tag_id', 'released_at'])
      .expression(
        db
          .selectFrom('tag_declarations')
          .select(['uid', 'tag_id', sql<Date>`released_at`.as('released_at')])
          .where('tag_id', '=', tagId)
          .where('released_at', 'is not', null),
      )
      .onConflict((conflict) => conflict.doNothing()),
  )
  await session.write(
    db
      .insertInto('tag_declarations')
      .values({ tag_id: tagId, ...columns, released_at: null })
      .onConflict((conflict) =>
        conflict.column('tag_id').doUpdateSet({
          ...columns,
          declared_at: sql`clock_timestamp()`,
          released_at: null,
        }),
      ),
  )
}

export async function releaseDeclaration(
  session: Session,
  db: Kysely<Tables>,
  tagId: number,
  uid: string,
): Promise<void> {
  await session.write(
    db
      .updateTable('tag_declarations')
      .set({ released_at: sql`clock_timestamp()` })
      .where('tag_id', '=', tagId)
      .where('uid', '=', uid)
      .where('released_at', 'is', null),
  )
}

/** Whose the tag is, and whose it was. */
export async function forgetDeclarations(session: Session, db: Kysely<Tables>, tagId: number): Promise<void> {
  await session.write(db.deleteFrom('tag_declarations').where('tag_id', '=', tagId))
  await session.write(db.deleteFrom('past_declarations').where('tag_id', '=', tagId))
}
