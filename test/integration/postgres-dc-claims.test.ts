import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresDcClaimStore } from '../../service/adapters/postgres/postgres-dc-claim-store.ts'
import { dcClaimStoreContract } from '../contracts/dc-claim-store.contract.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testDatabase } from './postgres-server.ts'

dcClaimStoreContract('PostgresDcClaimStore', async () => {
  const database = await testDatabase()
  const pool = { url: database.url, log: new RecordedLog(), poolMax: 20, poolMin: 0 }
  const one = new PostgresDatabase(pool)
  const two = new PostgresDatabase(pool)
  await migrate(one.kysely)
  return {
    claims: new PostgresDcClaimStore(one),
    others: new PostgresDcClaimStore(two),
    close: async () => {
      await Promise.all([one.close(), two.close()])
      await database.drop()
    },
  }
})
