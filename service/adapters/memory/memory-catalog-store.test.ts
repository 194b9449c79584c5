import { catalogStoreContract } from '../../../test/contracts/catalog-store.contract.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryCatalogStore } from './memory-catalog-store.ts'
import { MemoryClock } from './memory-clock.ts'

catalogStoreContract('MemoryCatalogStore', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(shared),
    others: new MemoryCatalogStore(shared),
    close: async () => {},
  }
})
