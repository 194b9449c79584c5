import { segmentStoreContract } from '../../test/contracts/segment-store.contract.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { SegmentAllocator } from './segment-allocator.ts'

segmentStoreContract('SegmentAllocator over memory', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(shared),
    segments: new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) }),
    others: new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) }),
    close: async () => {},
  }
})
