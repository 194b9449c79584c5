import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KeyUseStore } from '../../service/ports/key-use-store.ts'

export interface KeyUseStores {
  readonly uses: KeyUseStore
  close(): Promise<void>
}

/** What every KeyUseStore must do, run by the memory one and by the real one. */
export function keyUseStoreContract(name: string, make: () => Promise<KeyUseStores>): void {
  describe(`${name} keeps the contract of KeyUseStore`, () => {
    let stores: KeyUseStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    it('tells the newest use of each key it is asked for, and nothing of keys that were never used', async () => {
      const { uses } = stores
      assert.deepEqual(await uses.lastUses([]), new Map())
      await uses.note(
        new Map([
          ['a', new Date(2000)],
          ['b', new Date(3000)],
          ['c', new Date(1)],
        ]),
      )
      await uses.note(
        new Map([
          ['b', new Date(1000)],
          ['a', new Date(4000)],
        ]),
      )
      const found = await uses.lastUses(['b', 'a', 'never'])
      assert.deepEqual([found.get('a'), found.get('b'), found.size], [new Date(4000), new Date(3000), 2])
    })

    it('takes thousands at once, also from two who write the same at the same time', async () => {
      const ids = Array.from({ length: 2500 }, (_, i) => `k${i}`)
      const noted = (at: number, order: readonly string[]) =>
        stores.uses.note(new Map(order.map((id) => [id, new Date(at)])))
      await Promise.all([noted(5000, ids), noted(6000, ids.toReversed()), noted(4000, ids)])
      const found = await stores.uses.lastUses(ids.slice(0, 1000))
      assert.deepEqual(new Set([...found.values()].map((at) => at.getTime())), new Set([6000]))
      assert.equal(found.size, 1000)
    })
  })
}
