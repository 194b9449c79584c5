import { settingsStoreContract } from '../../../test/contracts/settings-store.contract.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemorySettingsStore } from './memory-settings-store.ts'

settingsStoreContract('MemorySettingsStore', async () => {
  const settings = new MemorySettingsStore(new MemoryClock())
  return { settings, others: settings, close: async () => {} }
})
