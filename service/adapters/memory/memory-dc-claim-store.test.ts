import { dcClaimStoreContract } from '../../../test/contracts/dc-claim-store.contract.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryDcClaimStore } from './memory-dc-claim-store.ts'

dcClaimStoreContract('MemoryDcClaimStore', async () => {
  const claims = new MemoryDcClaimStore(new MemoryClock())
  return { claims, others: claims, close: async () => {} }
})
