import { tagBatchContract } from '../../test/contracts/tag-batch.contract.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryDeclarationStore } from '../adapters/memory/memory-declaration-store.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { MemoryTagBatch } from '../adapters/memory/memory-tag-batch.ts'
import { SegmentAllocator } from './segment-allocator.ts'

tagBatchContract('MemoryTagBatch', async () => {
  const memory = new MemoryCatalog(new MemoryClock())
  const catalog = new MemoryCatalogStore(memory)
  return {
    batch: new MemoryTagBatch(catalog),
    catalog,
    declarations: new MemoryDeclarationStore(memory),
    segments: new SegmentAllocator({ ledger: new MemorySegmentLedger(memory) }),
    close: async () => {},
  }
})
