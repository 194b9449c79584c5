import { randomBytes } from 'node:crypto'
import { invariant } from '../../core/invariant.ts'
import type { PostgresDatabase } from './database.ts'

/** What the processes of this database seal for each other, each with a key of its own. */
export type Sealed =
  /** What they put into a shared cache. */
  | 'shared-records'
  /** Who is signed in to the admin UI, as the browser keeps it. */
  | 'ui-sessions'

/**
 * The key by which the processes of this database seal something: made by the first that asks, the same for all. Whoever
 * deletes the row and restarts the processes has changed it; until the last has restarted they do not believe what others
 * sealed: they ask the database, or the person signs in again.
 */
export function sealKey(database: PostgresDatabase, name: Sealed): Promise<Uint8Array> {
  const db = database.kysely
  return database.transaction(`reading the key that seals ${name}`, async (session) => {
    const made = { name, key: randomBytes(32) }
    await session.write(
      db
        .insertInto('seals')
        .values(made)
        .onConflict((conflict) => conflict.doNothing()),
    )
    const row = await session.first(db.selectFrom('seals').select('key').where('name', '=', name))
    invariant(row !== undefined, 'a row that was just made, or was there, is there')
    return new Uint8Array(row.key)
  })
}
