import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TimeAuthorityRecords } from '../../service/ports/time-authority-records.ts'
import type { TimeCopyStore } from '../../service/ports/time-copy-store.ts'
import type { HoldRequest, TimeGrantStore } from '../../service/ports/time-grant-store.ts'
import { rejectsWith } from './rejects-with.ts'

export interface TimeCopyStores {
  readonly copies: TimeCopyStore & TimeAuthorityRecords
  /** Another process' view of the same data. */
  readonly others: TimeCopyStore & TimeAuthorityRecords
  /** The store that grants time where this one has the authority, on the same data. */
  readonly grants: TimeGrantStore
  close(): Promise<void>
}

/** What every TimeCopyStore must do, run by the memory one and by the real one. Data centres 0..7 are used up. */
export function timeCopyStoreContract(name: string, make: () => Promise<TimeCopyStores>): void {
  describe(`${name} keeps the contract of TimeCopyStore`, () => {
    let stores: TimeCopyStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    it('lets the first who asks fix who grants the time of a data centre, and with which layout', async () => {
      const { copies, others } = stores
      const etcd = { store: 'etcd', layoutHash: 'layout-a' } as const
      assert.deepEqual(await copies.authority(0, etcd), etcd)
      assert.deepEqual(await others.authority(0, { store: 'postgres', layoutHash: 'layout-b' }), etcd)
      const many = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          copies.authority(1, { store: 'etcd', layoutHash: `layout-${i}` }),
        ),
      )
      assert.equal(new Set(many.map(({ layoutHash }) => layoutHash)).size, 1)
    })

    it('remembers the hold that wrote a copy last, of every worker id', async () => {
      const { copies, others } = stores
      assert.deepEqual(await copies.read(0, 255), { untilMs: 0, nonce: '' })
      assert.equal(await copies.replace(0, 255, NEVER, { untilMs: NOW, nonce: 'a' }), true)
      assert.deepEqual(await others.read(0, 255), { untilMs: NOW, nonce: 'a' })
      assert.deepEqual(await others.read(0, 254), NEVER)
      const all = await others.readAll(0)
      assert.equal(all.get(255), NOW)
      assert.equal(all.get(254) ?? 0, 0)
      assert.ok([...all.keys()].every((worker) => worker >= 0 && worker <= 255))
    })

    it('refuses who does not know exactly what the copy is, and changes nothing then', async () => {
      const { copies, others } = stores
      const mine = { untilMs: NOW, nonce: 'mine' }
      assert.ok(await copies.replace(0, 1, NEVER, mine))
      for (const before of [NEVER, { untilMs: NOW, nonce: 'other' }, { untilMs: NOW + 1, nonce: 'mine' }])
        assert.equal(await others.replace(0, 1, before, { untilMs: NOW + 9000, nonce: 'other' }), false)
      assert.deepEqual(await copies.read(0, 1), mine)
      assert.ok(await others.replace(0, 1, mine, { untilMs: NOW + 1000, nonce: 'other' }))
      assert.equal(await copies.replace(0, 1, mine, { untilMs: NOW + 2000, nonce: 'mine' }), false)
    })

    it('gives a copy to one of many who replace it at the same time', async () => {
      const { copies, others } = stores
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? copies : others).replace(0, 2, NEVER, { untilMs: NOW + i, nonce: `hold-${i}` }),
        ),
      )
      assert.equal(outcomes.filter((replaced) => replaced).length, 1)
    })

    it('takes a replacement again whose answer was lost, also one that goes further', async () => {
      const { copies } = stores
      const first = { untilMs: NOW, nonce: 'a' }
      assert.ok(await copies.replace(0, 3, NEVER, first))
      assert.ok(await copies.replace(0, 3, NEVER, first))
      assert.ok(await copies.replace(0, 3, NEVER, { untilMs: NOW + 10, nonce: 'a' }))
      // What comes late from an older try must not lower what a newer one wrote.
      assert.equal(await copies.replace(0, 3, NEVER, { untilMs: NOW + 5, nonce: 'a' }), false)
      assert.deepEqual(await copies.read(0, 3), { untilMs: NOW + 10, nonce: 'a' })
    })

    it('lowers a copy for the hold that wrote it', async () => {
      const { copies } = stores
      const high = { untilMs: NOW + 10_000, nonce: 'a' }
      const low = { untilMs: NOW, nonce: 'a' }
      assert.ok(await copies.replace(0, 4, NEVER, high))
      assert.ok(await copies.replace(0, 4, high, low))
      assert.ok(await copies.replace(0, 4, high, low), 'its answer was lost')
      assert.deepEqual(await copies.read(0, 4), low)
    })

    it('writes no copy where etcd does not grant time', async () => {
      const { copies } = stores
      assert.equal(await copies.replace(2, 0, NEVER, { untilMs: NOW, nonce: 'a' }), false, 'no record')
      await copies.authority(2, { store: 'postgres', layoutHash: 'layout-a' })
      assert.equal(await copies.replace(2, 0, NEVER, { untilMs: NOW, nonce: 'a' }), false)
      assert.ok(await copies.moveAuthority(2, 0, 'moving', new Map()))
      assert.equal(await copies.replace(2, 0, NEVER, { untilMs: NOW, nonce: 'a' }), false)
      assert.ok(await copies.moveAuthority(2, 1, 'etcd', new Map()))
      assert.equal(await copies.replace(2, 0, NEVER, { untilMs: NOW, nonce: 'a' }), true)
    })

    it('moves the authority once, only from where it was seen, and raises every time without lowering one', async () => {
      const { copies, others } = stores
      await copies.authority(3, { store: 'etcd', layoutHash: 'layout-a' })
      assert.equal(await copies.moveAuthority(4, 0, 'postgres', new Map()), false, 'no record')
      assert.equal(await copies.standing(4), undefined)
      assert.ok(await copies.replace(3, 0, NEVER, { untilMs: NOW + 5000, nonce: 'a' }))
      assert.ok(await copies.replace(3, 1, NEVER, { untilMs: NOW - 5000, nonce: 'b' }))
      assert.equal(await copies.moveAuthority(3, 1, 'postgres', new Map([[0, NOW * 2]])), false)
      const carried = new Map([
        [0, NOW],
        [1, NOW],
        [255, NOW],
      ])
      assert.equal(await copies.moveAuthority(3, 0, 'postgres', carried), true)
      assert.equal(await others.moveAuthority(3, 0, 'etcd', carried), false)
      const all = await others.readAll(3)
      assert.deepEqual([all.get(0), all.get(1), all.get(2) ?? 0, all.get(255)], [NOW + 5000, NOW, 0, NOW])
      assert.equal((await copies.read(3, 0)).nonce, '', 'the hold that wrote it is forgotten')
      const moved = { store: 'postgres', layoutHash: 'layout-a' } as const
      assert.deepEqual(await copies.authority(3, { store: 'etcd', layoutHash: 'layout-b' }), moved)
      assert.deepEqual(await others.standing(3), { ...moved, moves: 1, holders: [] })
    })

    it('counts every move, also one to where it was, and lets one of many win', async () => {
      const { copies, others } = stores
      await copies.authority(6, { store: 'etcd', layoutHash: 'layout-a' })
      for (const moves of [0, 1, 2]) {
        const won = await Promise.all(
          Array.from({ length: 6 }, (_, i) =>
            (i % 2 === 0 ? copies : others).moveAuthority(6, moves, 'moving', new Map()),
          ),
        )
        assert.equal(won.filter((one) => one).length, 1)
      }
      assert.equal((await copies.standing(6))?.moves, 3)
    })

    it('ends every hold of the database when the authority moves away, and lets nobody acquire', async () => {
      const { copies, grants } = stores
      const nowMs = await grants.nowMs()
      const hold = await grants.acquire(request(5, 'a'))
      const extended = await grants.extend(hold, nowMs + 1000, 60_000)
      assert.ok(extended)
      assert.equal((await copies.readAll(5)).get(hold.worker), nowMs + 1000)
      assert.deepEqual((await copies.standing(5))?.holders, [{ worker: hold.worker, holder: 'host' }])
      assert.ok(await copies.moveAuthority(5, 0, 'moving', new Map()))
      assert.deepEqual((await copies.standing(5))?.holders, [])
      assert.equal(await grants.extend(extended, nowMs + 2000, 60_000), undefined)
      assert.equal(await grants.release(extended, nowMs), false, 'nothing is lowered any more')
      const error = await rejectsWith('IDGEN_COORDINATION_MISMATCH', grants.acquire(request(5, 'b')))
      assert.match(error.message, /idgen coordination switch/)
      assert.ok(await copies.moveAuthority(5, 1, 'etcd', new Map()))
      const other = await rejectsWith('IDGEN_COORDINATION_MISMATCH', grants.acquire(request(5, 'c')))
      assert.match(other.message, /etcd.*idgen coordination switch/)
      assert.ok(await copies.moveAuthority(5, 2, 'postgres', new Map()))
      assert.equal(await grants.extend(extended, nowMs + 2000, 60_000), undefined, 'it ended for good')
      assert.equal((await copies.readAll(5)).get(hold.worker), nowMs + 1000)
      await grants.acquire(request(5, 'd'))
    })

    it('tells its time in whole milliseconds', async () => {
      const nowMs = await stores.copies.nowMs()
      assert.ok(Number.isSafeInteger(nowMs) && nowMs > Date.UTC(2025, 0, 1))
    })
  })
}

function request(dc: number, digit: string): HoldRequest {
  return { dc, nonce: digit.repeat(32), holder: 'host', leaseMs: 60_000, layoutHash: 'layout-a' }
}

const NEVER = { untilMs: 0, nonce: '' }
const NOW = Date.UTC(2026, 0, 1)
