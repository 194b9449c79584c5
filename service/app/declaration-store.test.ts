import { declarationStoreContract } from '../../test/contracts/declaration-store.contract.ts'
import { declaredKeysContract } from '../../test/contracts/declared-keys.contract.ts'
import { MemoryApiKeyStore } from '../adapters/memory/memory-api-key-store.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryDeclarationStore } from '../adapters/memory/memory-declaration-store.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { SegmentAllocator } from './segment-allocator.ts'

declarationStoreContract('MemoryDeclarationStore', async () => {
  const memory = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(memory),
    declarations: new MemoryDeclarationStore(memory),
    others: new MemoryDeclarationStore(memory),
    segments: new SegmentAllocator({ ledger: new MemorySegmentLedger(memory) }),
    close: async () => {},
  }
})

declaredKeysContract('MemoryDeclarationStore', async () => {
  const memory = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(memory),
    declarations: new MemoryDeclarationStore(memory),
    keys: new MemoryApiKeyStore(memory),
    close: async () => {},
  }
})
