import { PostgresDcClaimStore } from '../../service/adapters/postgres/postgres-dc-claim-store.ts'
import { dcClaimStoreContract } from '../contracts/dc-claim-store.contract.ts'
import { twoPools } from './postgres-pools.ts'

dcClaimStoreContract('PostgresDcClaimStore', async () => {
  const { one, two, close } = await twoPools()
  return {
    claims: new PostgresDcClaimStore(one),
    others: new PostgresDcClaimStore(two),
    close,
  }
})
