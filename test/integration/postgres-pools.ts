import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { leastRole } from './least-role.ts'
import { testDatabase } from './postgres-server.ts'

/**
 * Two processes' connections to one new database whose schema is there, as a user who may do what `idgen doctor` asks for
 * (NEEDED_RIGHTS) and nothing else: a store that does more fails its contract.
 */
export interface TwoPools {
  /** Of the owner. */
  readonly url: string
  readonly one: PostgresDatabase
  readonly two: PostgresDatabase
  readonly close: () => Promise<void>
}

export async function twoPools(): Promise<TwoPools> {
  const database = await testDatabase()
  const pool = { log: new RecordedLog(), poolMax: 20, poolMin: 0 }
  const owner = new PostgresDatabase({ ...pool, url: database.url })
  await migrate(owner.kysely)
  await owner.close()
  const role = await leastRole(database.url)
  const one = new PostgresDatabase({ ...pool, url: role.url })
  const two = new PostgresDatabase({ ...pool, url: role.url })
  const close = async (): Promise<void> => {
    await Promise.all([one.close(), two.close()])
    await role.drop()
    await database.drop()
  }
  return { url: database.url, one, two, close }
}
