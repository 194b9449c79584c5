import { apiKeyStoreContract } from '../../../test/contracts/api-key-store.contract.ts'
import { MemoryApiKeyStore } from './memory-api-key-store.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryCatalogStore } from './memory-catalog-store.ts'
import { MemoryClock } from './memory-clock.ts'

apiKeyStoreContract('MemoryApiKeyStore', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  return {
    keys: new MemoryApiKeyStore(shared),
    catalog: new MemoryCatalogStore(shared),
    close: async () => {},
  }
})
