import { type Kysely, sql } from 'kysely'
import { refuseKey } from '../../core/declaration.ts'
import type { ApiKey } from '../../ports/api-key-store.ts'
import { nextRevision, noteChange } from './catalog-revision.ts'
import { declarationIn, withDeclaration } from './declaration-records.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'
import { selectTags } from './tag-row.ts'

/** The object with this uid declares nothing any more. @returns ids of what was revoked */
export function endKeysOf(session: Session, db: Kysely<Tables>, uid: string): Promise<string[]> {
  return end(session, db, db.updateTable('api_keys').where('declared_by', '=', uid))
}

/** The tag is declared by the object with this uid, and by no other. @returns ids of what was revoked */
export function endKeysOfOthers(
  session: Session,
  db: Kysely<Tables>,
  path: string,
  uid: string,
): Promise<string[]> {
  const others = db.updateTable('api_keys').where('within', '=', path).where('declared_by', '!=', uid)
  return end(session, db, others)
}

export async function validKeysOf(session: Session, db: Kysely<Tables>, path: string): Promise<string[]> {
  const rows = await session.rows(
    db
      .selectFrom('api_keys')
      .select('id')
      .where('within', '=', path)
      .where('declared_by', 'is not', null)
      .where('revoked_at', 'is', null)
      .orderBy('id'),
  )
  return rows.map(({ id }) => id)
}

/** @throws IDGEN_DECLARATION_STALE */
export async function refuseUndeclared(
  session: Session,
  db: Kysely<Tables>,
  { within, declaredBy }: ApiKey,
): Promise<void> {
  if (declaredBy === undefined) return
  const [workspace = '', group = '', name = ''] = within.split('/')
  const tag = withDeclaration(selectTags(db, { workspace, group })).where('t.name', '=', name)
  const row = await session.first(tag)
  refuseKey(within, row === undefined ? undefined : declarationIn(row), declaredBy)
}

async function end(
  session: Session,
  db: Kysely<Tables>,
  keys: ReturnType<typeof anyKeys>,
): Promise<string[]> {
  const valid = keys.set({ revoked_at: sql`clock_timestamp()` }).where('revoked_at', 'is', null)
  const ended = (await session.rows(valid.returning('id'))).map(({ id }) => id).sort()
  for (const subject of ended)
    await noteChange(session, db, { kind: 'key', subject, revision: await nextRevision(session, db) })
  return ended
}

function anyKeys(db: Kysely<Tables>) {
  return db.updateTable('api_keys')
}
