import { PostgresTimeCopyStore } from '../../service/adapters/postgres/postgres-time-copy-store.ts'
import { PostgresTimeGrantStore } from '../../service/adapters/postgres/postgres-time-grant-store.ts'
import { timeCopyStoreContract } from '../contracts/time-copy-store.contract.ts'
import { twoPools } from './postgres-pools.ts'

timeCopyStoreContract('PostgresTimeCopyStore', async () => {
  const { one, two, close } = await twoPools()
  return {
    copies: new PostgresTimeCopyStore(one),
    others: new PostgresTimeCopyStore(two),
    grants: new PostgresTimeGrantStore(one),
    close,
  }
})
