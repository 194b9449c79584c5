import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { SettingsStore } from '../../service/ports/settings-store.ts'

export interface SettingsStores {
  readonly settings: SettingsStore
  /** Another process' view of the same data. */
  readonly others: SettingsStore
  close(): Promise<void>
}

const INFO = { 'log.level': { shown: 'info' }, 'audit.key': { shown: '[hidden]', mark: 'ab' } }
const DEBUG = { 'log.level': { shown: 'debug' }, 'limits.perKey': { shown: 0 }, x: { shown: true } }

/** What every SettingsStore must do, run by the memory one and by the real one. Data centres 1..4 are used up. */
export function settingsStoreContract(name: string, make: () => Promise<SettingsStores>): void {
  describe(`${name} keeps the contract of SettingsStore`, () => {
    let stores: SettingsStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    it('keeps what was written last, for everybody, and each data centre for itself', async () => {
      const { settings, others } = stores
      assert.equal(await settings.find(1), undefined)
      assert.equal(await settings.replace(1, 0, { settings: INFO, owed: {} }), true)
      const { ageMs, ...first } = (await others.find(1)) ?? assert.fail()
      assert.deepEqual(first, { version: 1, settings: INFO, owed: {} })
      assert.ok(ageMs >= 0)
      assert.equal(await others.replace(1, 1, { settings: DEBUG, owed: INFO }), true)
      const { ageMs: _, ...second } = (await settings.find(1)) ?? assert.fail()
      assert.deepEqual(second, { version: 2, settings: DEBUG, owed: INFO })
      assert.equal(await settings.find(2), undefined)
    })

    it('forgets what is owed when told so', async () => {
      const { settings } = stores
      await settings.replace(3, 0, { settings: INFO, owed: {} })
      assert.equal(await settings.replace(3, 1, { settings: INFO, owed: undefined }), true)
      assert.equal((await settings.find(3))?.owed, undefined)
    })

    it('lets one of many win who replace the same version', async () => {
      const { settings, others } = stores
      for (const version of [0, 1]) {
        const won = await Promise.all(
          Array.from({ length: 6 }, (_, i) =>
            (i % 2 === 0 ? settings : others).replace(4, version, {
              settings: { i: { shown: i } },
              owed: undefined,
            }),
          ),
        )
        assert.equal(won.filter(Boolean).length, 1)
        assert.equal((await others.find(4))?.settings['i']?.shown, won.indexOf(true))
      }
      assert.equal(await settings.replace(4, 0, { settings: DEBUG, owed: undefined }), false)
      assert.equal(await settings.replace(4, 1, { settings: DEBUG, owed: undefined }), false)
    })
  })
}
