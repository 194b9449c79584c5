import { sql } from 'kysely'
import type { KeyUseStore } from '../../ports/key-use-store.ts'
import type { PostgresDatabase } from './database.ts'

export class PostgresKeyUseStore implements KeyUseStore {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async note(uses: ReadonlyMap<string, Date>): Promise<void> {
    const db = this.#database.kysely
    // In one order, so that processes that write the same keys wait for each other and never in a circle.
    const rows = [...uses]
      .map(([id, last_used_at]) => ({ id, last_used_at }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    for (let at = 0; at < rows.length; at += BATCH_MAX) {
      const batch = db.insertInto('api_key_uses').values(rows.slice(at, at + BATCH_MAX))
      const newest = batch.onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet((eb) => ({ last_used_at: eb.ref('excluded.last_used_at') }))
          .where(sql<boolean>`api_key_uses.last_used_at < excluded.last_used_at`),
      )
      await this.#database.transaction('noting which keys were used', (session) => session.write(newest))
    }
  }

  async lastUses(ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    if (ids.length === 0) return new Map()
    const query = this.#database.kysely.selectFrom('api_key_uses').selectAll().where('id', 'in', ids)
    const rows = await this.#database.read('reading when keys were last used', query)
    return new Map(rows.map((row) => [row.id, row.last_used_at]))
  }
}

/** Two parameters a row: far below PostgreSQL's 65,535, and a transaction of milliseconds. */
const BATCH_MAX = 1000
