import { timeCopyStoreContract } from '../../../test/contracts/time-copy-store.contract.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryTimeCopyStore } from './memory-time-copy-store.ts'
import { MemoryTimeGrantStore } from './memory-time-grant-store.ts'
import { MemoryWorkerTimes } from './memory-worker-times.ts'

timeCopyStoreContract('MemoryTimeCopyStore', async () => {
  const clock = new MemoryClock()
  const times = new MemoryWorkerTimes()
  return {
    copies: new MemoryTimeCopyStore(clock, times),
    others: new MemoryTimeCopyStore(clock, times),
    grants: new MemoryTimeGrantStore(clock, {}, times),
    close: async () => {},
  }
})
