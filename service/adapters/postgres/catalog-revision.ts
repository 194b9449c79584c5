import { type Kysely, sql } from 'kysely'
import { invariant } from '../../core/invariant.ts'
import type { CatalogChanges } from '../../ports/catalog-store.ts'
import type { PostgresDatabase } from './database.ts'
import { HISTORY } from './database-history.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'

/**
 * One write to the catalogue. The counter is raised FIRST and stays locked to the end of the transaction, so that
 *
 * - revisions become visible in their own order: a follower that has seen revision n misses nothing below it;
 * - catalogue writes run one after the other: checks like "no tag is left" need no further locks.
 *
 * Order of locks: counter, then workspaces, groups, biz_tags. Allocations never take the counter.
 */
export function writeCatalog<T>(
  database: PostgresDatabase,
  doing: string,
  work: (session: Session, revision: number) => Promise<T>,
): Promise<T> {
  return database.transaction(doing, async (session) =>
    work(session, await nextRevision(session, database.kysely)),
  )
}

/**
 * One for each change that is noted: followers are told of them page by page, from one revision to the next. With a count,
 * that many in a row, and the last of them.
 */
export async function nextRevision(session: Session, db: Kysely<Tables>, count = 1): Promise<number> {
  const counter = await session.first(
    db
      .updateTable('catalog_revision')
      .set((eb) => ({ revision: eb('revision', '+', count) }))
      .returning('revision'),
  )
  invariant(counter !== undefined, 'the revision counter has its one row')
  return counter.revision
}

/** On it every change of a key is told when its transaction commits, as `<revision> <id>` (postgres-key-news.ts). */
export const KEY_CHANNEL = 'idgen_keys'

/** `subject`: the path of a tag, the id of a key. */
export async function noteChange(
  session: Session,
  db: Kysely<Tables>,
  change: Tables['catalog_changes'],
): Promise<void> {
  const noted = db
    .insertInto('catalog_changes')
    .values(change)
    .onConflict((conflict) =>
      conflict.columns(['kind', 'subject']).doUpdateSet({ revision: change.revision }),
    )
  const news = `${change.revision} ${change.subject}`
  // One statement, since the counter is locked meanwhile and the way to the database may be long.
  const told = noted.returning(sql`pg_notify(${KEY_CHANNEL}, ${news})`.as('told'))
  await session.write(change.kind === 'key' ? told : noted)
}

/** Changes of many tags, each named once. Of keys none is told here. */
export async function noteTagChanges(
  session: Session,
  db: Kysely<Tables>,
  changes: readonly { readonly path: string; readonly revision: number }[],
): Promise<void> {
  if (changes.length === 0) return
  await session.write(
    db
      .insertInto('catalog_changes')
      .values(changes.map(({ path, revision }) => ({ kind: 'tag' as const, subject: path, revision })))
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'subject'])
          .doUpdateSet((eb) => ({ revision: eb.ref('excluded.revision') })),
      ),
  )
}

/** Two cheap reads; only the first when nothing changed. The counter is read before the changes, never after. */
export async function changesSince(database: PostgresDatabase, since: number): Promise<CatalogChanges> {
  const doing = 'asking what changed in the catalogue'
  const db = database.kysely
  const asked = db.selectFrom('catalog_revision').select(['revision', HISTORY.as('history')])
  const [counter] = await database.read(doing, asked)
  const { revision: head, history } = counter ?? { revision: 0, history: '' }
  // A restored database counts from an older revision: begin there again instead of waiting for it to catch up.
  if (head <= since) return { revision: head, history, tagPaths: [], keyIds: [] }
  const rows = await database.read(
    doing,
    db
      .selectFrom('catalog_changes')
      .selectAll()
      .where('revision', '>', since)
      .orderBy('revision')
      .limit(CHANGES_MAX),
  )
  const last = rows.at(-1)?.revision ?? head
  return {
    revision: rows.length < CHANGES_MAX ? Math.max(head, last) : last,
    history,
    tagPaths: rows.filter((row) => row.kind === 'tag').map((row) => row.subject),
    keyIds: rows.filter((row) => row.kind === 'key').map((row) => row.subject),
  }
}

/** A process that was away for long catches up in several answers instead of one that fills its memory. */
const CHANGES_MAX = 10_000
