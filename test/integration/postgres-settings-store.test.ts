import { PostgresSettingsStore } from '../../service/adapters/postgres/postgres-settings-store.ts'
import { settingsStoreContract } from '../contracts/settings-store.contract.ts'
import { twoPools } from './postgres-pools.ts'

settingsStoreContract('PostgresSettingsStore', async () => {
  const { one, two, close } = await twoPools()
  return { settings: new PostgresSettingsStore(one), others: new PostgresSettingsStore(two), close }
})
