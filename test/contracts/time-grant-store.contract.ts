import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../../service/ports/time-grant-store.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'
import { rejectsWith } from './rejects-with.ts'

export interface TimeGrantStores {
  /** A process' view of the store with worker ids 0..workers-1; all calls share the data. */
  open(workers: number): TimeGrantStore
  /** Lets the lease of this hold run out now. */
  endLease(hold: TimeHold): Promise<void>
  /** Whether a holder whose lease ran out may go on while nobody took its worker id; in etcd its key is gone by then. */
  readonly lapsedGoesOn: boolean
  close(): Promise<void>
}

/** What every TimeGrantStore must do, run by the memory one and by the real one. Data centres 0..7 are used up. */
export function timeGrantStoreContract(name: string, make: () => Promise<TimeGrantStores>): void {
  describe(`${name} keeps the contract of TimeGrantStore`, () => {
    let stores: TimeGrantStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    let nonces = 0
    function request(dc: number, layoutHash = 'layout-a'): HoldRequest {
      nonces += 1
      const nonce = nonces.toString(16).padStart(32, '0')
      return { dc, nonce, holder: `host ${nonces}`, leaseMs: 60_000, layoutHash }
    }

    it('gives every worker id to one of many callers, then refuses and says when to come again', async () => {
      const store = stores.open(5)
      const holds = await Promise.all(Array.from({ length: 5 }, () => store.acquire(request(0))))
      assert.deepEqual(holds.map(({ worker }) => worker).sort(), [0, 1, 2, 3, 4])
      const error = await rejectsWith('IDGEN_WORKER_UNAVAILABLE', store.acquire(request(0)))
      assert.ok(error.retryAfterMs !== undefined && error.retryAfterMs > 0)
      // Live leases are never taken, however often somebody asks, and their holders go on.
      await Promise.all(
        Array.from({ length: 5 }, () =>
          rejectsWith('IDGEN_WORKER_UNAVAILABLE', stores.open(5).acquire(request(0))),
        ),
      )
      const nowMs = await store.nowMs()
      for (const hold of holds) assert.ok(await store.extend(hold, nowMs + 1000, 60_000))
    })

    it('keeps out a holder whose worker id was taken over', async () => {
      const store = stores.open(1)
      const nowMs = await store.nowMs()
      const first = await store.acquire(request(1))
      const held = await store.extend(first, nowMs - 5000, 60_000)
      assert.ok(held)
      await stores.endLease(held)
      const second = await store.acquire(request(1))
      assert.equal(second.worker, first.worker)
      assert.equal(second.untilMs, nowMs - 5000, 'the successor begins where the window ended')
      assert.ok(second.revision > first.revision)
      assert.equal(await store.extend(held, nowMs + 1000, 60_000), undefined)
      assert.equal(await store.extend(first, nowMs + 1000, 60_000), undefined)
      assert.equal(await store.release(held, nowMs - 6000), false)
      const extended = await store.extend(second, nowMs - 1000, 60_000)
      assert.deepEqual(extended, { ...second, untilMs: nowMs - 1000 }, 'what the loser tried left no trace')
      assert.equal(await store.release(extended ?? second, nowMs - 1000), true)
    })

    it('lets a holder whose lease ran out go on only while nobody took it, if at all', async () => {
      const store = stores.open(1)
      const hold = await store.acquire(request(1))
      await stores.endLease(hold)
      const extended = await store.extend(hold, hold.untilMs + 1, 60_000)
      assert.equal(extended?.untilMs, stores.lapsedGoesOn ? hold.untilMs + 1 : undefined)
      if (extended !== undefined) {
        await rejectsWith('IDGEN_WORKER_UNAVAILABLE', store.acquire(request(1)))
        assert.equal(await store.release(extended, hold.untilMs + 1), true)
        return
      }
      assert.equal(await store.extend(hold, hold.untilMs + 1, 60_000), undefined, 'it ended for good')
      const next = await store.acquire(request(1))
      assert.equal(next.untilMs, hold.untilMs)
      assert.equal(await store.release(next, next.untilMs), true)
    })

    it('takes an extension again whose answer was lost', async () => {
      const store = stores.open(1)
      const nowMs = await store.nowMs()
      const hold = await store.acquire(request(2))
      assert.ok(await store.extend(hold, nowMs - 3000, 60_000))
      const same = await store.extend(hold, nowMs - 3000, 60_000)
      assert.equal(same?.untilMs, nowMs - 3000)
      const further = await store.extend(hold, nowMs - 2000, 60_000)
      assert.equal(further?.untilMs, nowMs - 2000)
      assert.equal(await store.extend(hold, nowMs - 2500, 60_000), undefined, 'never lowers the window')
      assert.ok(further && (await store.release(further, nowMs - 2000)))
    })

    it('refuses a hold with another nonce, revision or window', async () => {
      const store = stores.open(1)
      const nowMs = await store.nowMs()
      const hold = await store.acquire(request(2))
      const forged = [
        { ...hold, nonce: 'f'.repeat(32) },
        { ...hold, revision: hold.revision + 1 },
        { ...hold, revision: hold.revision - 1 },
        { ...hold, untilMs: hold.untilMs + 1 },
      ]
      for (const other of forged) assert.equal(await store.extend(other, nowMs, 60_000), undefined)
      for (const other of forged.slice(0, 3)) assert.equal(await store.release(other, nowMs), false)
      assert.ok(await store.release(hold, hold.untilMs))
    })

    it('hands on the time a holder did not use, but never time of an earlier holder', async () => {
      const store = stores.open(1)
      const nowMs = await store.nowMs()
      const first = await store.acquire(request(3))
      const extended = await store.extend(first, nowMs + 60_000, 60_000)
      assert.ok(extended)
      assert.equal(await store.release(extended, nowMs - 10_000), true)
      assert.equal(await store.release(extended, nowMs - 20_000), false, 'a hold ends once')
      assert.equal(await store.extend(extended, nowMs + 90_000, 60_000), undefined)
      const second = await store.acquire(request(3))
      assert.equal(second.untilMs, nowMs - 10_000)
      assert.equal(await store.release(second, 5), true)
      const third = await store.acquire(request(3))
      assert.equal(third.untilMs, nowMs - 10_000)
      await store.release(third, third.untilMs)
    })

    it('gives no worker id whose time lies ahead, and says when it will not any more', async () => {
      const store = stores.open(1)
      const nowMs = await store.nowMs()
      const hold = await store.acquire(request(4))
      const ahead = await store.extend(hold, nowMs + 20_000, 60_000)
      assert.ok(ahead)
      await stores.endLease(ahead)
      const error = await rejectsWith('IDGEN_WORKER_UNAVAILABLE', store.acquire(request(4)))
      assert.ok(error.retryAfterMs !== undefined && error.retryAfterMs > 5000 && error.retryAfterMs <= 30_000)
    })

    it('chooses the worker id that was used longest ago, never used ones first', async () => {
      const store = stores.open(3)
      const nowMs = await store.nowMs()
      const used: number[] = []
      for (const usedMs of [nowMs - 1000, nowMs - 3000, nowMs - 2000]) {
        const hold = await store.acquire(request(5))
        used.push(hold.worker)
        const extended = await store.extend(hold, usedMs, 60_000)
        assert.ok(extended && (await store.release(extended, usedMs)))
      }
      assertNoneTwice(used, 3)
      const order: number[] = []
      for (let i = 0; i < 3; i += 1) order.push((await store.acquire(request(5))).untilMs)
      assert.deepEqual(order, [nowMs - 3000, nowMs - 2000, nowMs - 1000])
    })

    it('lets the first holder of a data centre fix its layout', async () => {
      const store = stores.open(4)
      await store.acquire(request(6, 'layout-a'))
      const error = await rejectsWith('IDGEN_LAYOUT_MISMATCH', store.acquire(request(6, 'layout-b')))
      assert.match(error.message, /layout-a.*layout-b/)
      await store.acquire(request(6, 'layout-a'))
      await store.acquire(request(7, 'layout-b'))
    })

    it('tells its time in whole milliseconds', async () => {
      const nowMs = await stores.open(1).nowMs()
      assert.ok(Number.isSafeInteger(nowMs) && nowMs > Date.UTC(2025, 0, 1))
    })
  })
}
