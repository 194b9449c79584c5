import { keyNewsContract } from '../../../test/contracts/key-news.contract.ts'
import { MemoryApiKeyStore } from './memory-api-key-store.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryKeyNews } from './memory-key-news.ts'

keyNewsContract('MemoryKeyNews', async () => {
  const memory = new MemoryCatalog(new MemoryClock())
  return { keys: new MemoryApiKeyStore(memory), news: new MemoryKeyNews(memory), close: async () => {} }
})
