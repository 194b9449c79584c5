import assert from 'node:assert/strict'
import { grantHistoryContract } from '../../../test/contracts/grant-history.contract.ts'
import { SegmentAllocator } from '../../app/segment-allocator.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryCatalogStore } from './memory-catalog-store.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryGrantHistory } from './memory-grant-history.ts'
import { MemorySegmentLedger } from './memory-segment-ledger.ts'

grantHistoryContract('MemoryGrantHistory', async () => {
  const catalog = new MemoryCatalog(new MemoryClock())
  const segments = new SegmentAllocator({ ledger: new MemorySegmentLedger(catalog) })
  return {
    catalog: new MemoryCatalogStore(catalog),
    segments,
    grantTens: async (tagId, lo, count) => {
      for (let n = 0; n < count; n++) assert.equal((await segments.allocate(tagId, 0, 10)).lo, lo + n * 10)
    },
    history: new MemoryGrantHistory(catalog),
    close: async () => {},
  }
})
