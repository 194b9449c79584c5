import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { DcClaimStore } from '../../service/ports/dc-claim-store.ts'

export interface DcClaimStores {
  readonly claims: DcClaimStore
  /** Another process' view of the same data. */
  readonly others: DcClaimStore
  close(): Promise<void>
}

/** What every DcClaimStore must do, run by the memory one and by the real one. Data centres 0..7 are used up. */
export function dcClaimStoreContract(name: string, make: () => Promise<DcClaimStores>): void {
  describe(`${name} keeps the contract of DcClaimStore`, () => {
    let stores: DcClaimStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    it('gives a data centre to the first who claims it, and tells everybody else who that is', async () => {
      const { claims, others } = stores
      assert.equal(await claims.find(1), undefined)
      const first = await claims.claim(1, 'east', 'host/1')
      assert.deepEqual([first.dc, first.installation, first.claimedBy], [1, 'east', 'host/1'])
      assert.ok(first.claimedAt instanceof Date && !Number.isNaN(first.claimedAt.getTime()))
      assert.deepEqual(await others.claim(1, 'west', 'host/2'), first)
      assert.deepEqual(await claims.claim(1, 'east', 'host/3'), first, 'again changes nothing')
      assert.deepEqual(await others.find(1), first)
    })

    it('gives it to exactly one of many who claim at the same moment', async () => {
      const { claims, others } = stores
      const many = await Promise.all(
        Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? claims : others).claim(2, `site-${i}`, 'host')),
      )
      assert.equal(new Set(many.map(({ installation }) => installation)).size, 1)
    })

    it('moves a data centre only away from whom it was seen with', async () => {
      const { claims, others } = stores
      await claims.claim(3, 'east', 'host/1')
      assert.equal(await others.move(3, 'north', 'west', 'host/2'), false)
      assert.equal(await others.move(3, undefined, 'west', 'host/2'), false)
      assert.equal((await claims.find(3))?.installation, 'east')
      assert.equal(await others.move(3, 'east', 'west', 'host/2'), true)
      const moved = await claims.find(3)
      assert.deepEqual([moved?.installation, moved?.claimedBy], ['west', 'host/2'])
      assert.equal(await claims.move(3, 'east', 'north', 'host/3'), false, 'it is not with east any more')
      assert.equal(await others.move(3, 'east', 'west', 'host/4'), true, 'its answer was lost')
      assert.deepEqual(await claims.find(3), moved)
    })

    it('moves what nobody has as a claim does, once', async () => {
      const { claims, others } = stores
      const moved = await Promise.all([
        claims.move(4, undefined, 'east', 'host/1'),
        others.move(4, undefined, 'west', 'host/2'),
      ])
      assert.equal(moved.filter(Boolean).length, 1)
      assert.equal((await claims.find(4))?.installation, moved[0] ? 'east' : 'west')
    })

    it('lists all claims in the order of data centres', async () => {
      const { claims, others } = stores
      await claims.claim(7, 'east', 'host/1')
      await claims.claim(0, 'west', 'host/2')
      const listed = await others.list()
      assert.deepEqual(
        listed.map(({ dc }) => dc),
        [0, 1, 2, 3, 4, 7],
      )
      assert.equal(listed[0]?.installation, 'west')
    })
  })
}
