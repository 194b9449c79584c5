import { grantHistoryContract } from '../../../test/contracts/grant-history.contract.ts'
import { SegmentAllocator } from '../../app/segment-allocator.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryCatalogStore } from './memory-catalog-store.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryGrantHistory } from './memory-grant-history.ts'
import { MemorySegmentLedger } from './memory-segment-ledger.ts'

grantHistoryContract('MemoryGrantHistory', async () => {
  const catalog = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(catalog),
    segments: new SegmentAllocator({ ledger: new MemorySegmentLedger(catalog) }),
    history: new MemoryGrantHistory(catalog),
    close: async () => {},
  }
})
