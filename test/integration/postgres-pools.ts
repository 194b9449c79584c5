import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testDatabase } from './postgres-server.ts'

/** Two processes' connections to one new database whose schema is there. */
export interface TwoPools {
  readonly url: string
  readonly one: PostgresDatabase
  readonly two: PostgresDatabase
  readonly close: () => Promise<void>
}

export async function twoPools(): Promise<TwoPools> {
  const database = await testDatabase()
  const pool = { url: database.url, log: new RecordedLog(), poolMax: 20, poolMin: 0 }
  const one = new PostgresDatabase(pool)
  const two = new PostgresDatabase(pool)
  await migrate(one.kysely)
  const close = async (): Promise<void> => {
    await Promise.all([one.close(), two.close()])
    await database.drop()
  }
  return { url: database.url, one, two, close }
}
