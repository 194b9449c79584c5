import { segmentStoreContract } from '../../../test/contracts/segment-store.contract.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryCatalogStore } from './memory-catalog-store.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemorySegmentStore } from './memory-segment-store.ts'

segmentStoreContract('MemorySegmentStore', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(shared),
    segments: new MemorySegmentStore(shared),
    others: new MemorySegmentStore(shared),
    close: async () => {},
  }
})
