import { timeGrantStoreContract } from '../../../test/contracts/time-grant-store.contract.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryTimeGrantStore } from './memory-time-grant-store.ts'

timeGrantStoreContract('MemoryTimeGrantStore', async () => {
  const store = new MemoryTimeGrantStore(new MemoryClock())
  return {
    open: (workers) => store.limitedTo(workers),
    endLease: async (hold) => store.endLease(hold),
    lapsedGoesOn: true,
    close: async () => {},
  }
})
