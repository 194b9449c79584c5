import { tagSearchContract } from '../../../test/contracts/tag-search.contract.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryCatalogStore } from './memory-catalog-store.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryTagSearch } from './memory-tag-search.ts'

tagSearchContract('MemoryTagSearch', async () => {
  const catalog = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(catalog),
    search: new MemoryTagSearch(catalog),
    close: async () => {},
  }
})
