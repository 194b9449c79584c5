import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresTimeCopyStore } from '../../service/adapters/postgres/postgres-time-copy-store.ts'
import { PostgresTimeGrantStore } from '../../service/adapters/postgres/postgres-time-grant-store.ts'
import { timeCopyStoreContract } from '../contracts/time-copy-store.contract.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testDatabase } from './postgres-server.ts'

timeCopyStoreContract('PostgresTimeCopyStore', async () => {
  const database = await testDatabase()
  const pool = { url: database.url, log: new RecordedLog(), poolMax: 20, poolMin: 0 }
  const one = new PostgresDatabase(pool)
  const two = new PostgresDatabase(pool)
  await migrate(one.kysely)
  return {
    copies: new PostgresTimeCopyStore(one),
    others: new PostgresTimeCopyStore(two),
    grants: new PostgresTimeGrantStore(one),
    close: async () => {
      await Promise.all([one.close(), two.close()])
      await database.drop()
    },
  }
})
