import { type RawBuilder, sql } from 'kysely'
import type { KeptSettings, SettingsEntry, SettingsStore } from '../../ports/settings-store.ts'
import type { PostgresDatabase } from './database.ts'

/** The table settings_in_force: a row per data centre that ever ran on this database. */
export class PostgresSettingsStore implements SettingsStore {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async find(dc: number): Promise<SettingsEntry | undefined> {
    const query = this.#database.kysely
      .selectFrom('settings_in_force')
      .select(['version', 'settings', 'owed', AGE_MS.as('age_ms')])
      .where('dc', '=', dc)
    const [row] = await this.#database.read('reading the settings of the last start', query)
    if (row === undefined) return undefined
    return {
      version: row.version,
      settings: row.settings,
      owed: row.owed ?? undefined,
      ageMs: Math.max(0, row.age_ms),
    }
  }

  async replace(
    dc: number,
    version: number,
    { settings, owed }: Pick<SettingsEntry, 'settings' | 'owed'>,
  ): Promise<boolean> {
    const values = { settings: jsonOf(settings), owed: owed === undefined ? null : jsonOf(owed) }
    const { kysely } = this.#database
    return await this.#database.transaction('writing the settings of this start', async (session) => {
      if (version === 0) {
        const made = kysely
          .insertInto('settings_in_force')
          .values({ dc, version: 1, ...values })
          .onConflict((conflict) => conflict.column('dc').doNothing())
        return (await session.write(made)) === 1
      }
      const changed = kysely
        .updateTable('settings_in_force')
        .set({ version: version + 1, ...values, noted_at: CLOCK })
        .where('dc', '=', dc)
        .where('version', '=', version)
      return (await session.write(changed)) === 1
    })
  }
}

function jsonOf(settings: KeptSettings): string {
  return JSON.stringify(settings)
}

const CLOCK = sql<Date>`clock_timestamp()`
const AGE_MS: RawBuilder<number> = sql<number>`(extract(epoch FROM clock_timestamp() - noted_at) * 1000)::float8`
