import type { Kysely } from 'kysely'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'

export async function isDeleting(session: Session, db: Kysely<Tables>, tagId: number): Promise<boolean> {
  const begun = db.selectFrom('tag_deletions').select('tag_id').where('tag_id', '=', tagId)
  return (await session.first(begun)) !== undefined
}

/** What is noted already stays. `owner`: uid of the object that goes with the tag. */
export async function noteDeletion(
  session: Session,
  db: Kysely<Tables>,
  tagId: number,
  owner: string | undefined,
): Promise<void> {
  await session.write(
    db
      .insertInto('tag_deletions')
      .values({ tag_id: tagId, owner_uid: owner ?? null })
      .onConflict((conflict) => conflict.doNothing()),
  )
}

/** The tag goes. @returns the uid of the object that goes with it, as it was noted */
export async function endDeletion(
  session: Session,
  db: Kysely<Tables>,
  tagId: number,
): Promise<string | undefined> {
  const ended = await session.first(
    db.deleteFrom('tag_deletions').where('tag_id', '=', tagId).returning('owner_uid'),
  )
  return ended?.owner_uid ?? undefined
}
