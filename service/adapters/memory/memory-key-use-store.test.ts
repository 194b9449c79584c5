import { keyUseStoreContract } from '../../../test/contracts/key-use-store.contract.ts'
import { MemoryKeyUseStore } from './memory-key-use-store.ts'

keyUseStoreContract('MemoryKeyUseStore', async () => ({
  uses: new MemoryKeyUseStore(),
  close: async () => {},
}))
