import { randomBytes } from 'node:crypto'
import { invariant } from '../../core/invariant.ts'
import type { PostgresDatabase } from './database.ts'

/**
 * The key by which the processes of this database sign what they put into a shared cache: made by the first that asks,
 * the same for all. Whoever deletes the row and restarts the processes has changed it; until the last has restarted they
 * do not believe each other's records, and ask the database.
 */
export function sealKey(database: PostgresDatabase): Promise<Uint8Array> {
  const db = database.kysely
  return database.transaction('reading the key that signs shared records', async (session) => {
    const made = { name: NAME, key: randomBytes(32) }
    await session.write(
      db
        .insertInto('seals')
        .values(made)
        .onConflict((conflict) => conflict.doNothing()),
    )
    const row = await session.first(db.selectFrom('seals').select('key').where('name', '=', NAME))
    invariant(row !== undefined, 'a row that was just made, or was there, is there')
    return new Uint8Array(row.key)
  })
}

const NAME = 'shared-records'
