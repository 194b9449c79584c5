import { catalogStoreContract } from '../../test/contracts/catalog-store.contract.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { PassThroughCatalog } from './pass-through-catalog.ts'

catalogStoreContract('PassThroughCatalog over memory', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  const newStore = () => new PassThroughCatalog(new MemoryCatalogStore(shared))
  return { catalog: newStore(), others: newStore(), close: async () => {} }
})
