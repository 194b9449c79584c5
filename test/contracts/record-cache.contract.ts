import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RecordCache } from '../../service/ports/record-cache.ts'
import { rejectsWith } from './rejects-with.ts'

export interface RecordCaches {
  /** Two processes on the same data. */
  readonly records: RecordCache
  readonly others: RecordCache
  /** Lets `ms` pass for the cache. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** What every RecordCache must do, run by the memory one and by Redis, single and cluster. */
export function recordCacheContract(name: string, make: () => Promise<RecordCaches>): void {
  describe(`${name} keeps the contract of RecordCache`, () => {
    let caches: RecordCaches

    before(async () => {
      caches = await make()
    })
    after(() => caches?.close())

    it('knows nothing of a key that was never set', async () => {
      assert.equal(await caches.records.get('nobody'), undefined)
    })

    it('gives back what any process set last', async () => {
      await caches.records.set('a', 'one', TTL_MS)
      await caches.others.set('a', 'zwei ü 🙂', TTL_MS)
      assert.equal(await caches.records.get('a'), 'zwei ü 🙂')
      assert.equal(await caches.records.get('A'), undefined)
    })

    it('forgets a key that was removed, and lets an unknown one be removed', async () => {
      await caches.records.set('b', 'x', TTL_MS)
      await caches.others.remove('b')
      await caches.others.remove('b')
      assert.equal(await caches.records.get('b'), undefined)
    })

    it('forgets a key when its time is over, counted from the last set', async () => {
      await caches.records.set('c', 'x', TTL_MS)
      await caches.records.set('c', 'y', 100)
      await caches.records.set('d', 'x', 100)
      await caches.records.set('d', 'y', TTL_MS)
      await caches.pass(150)
      assert.equal(await caches.records.get('c'), undefined)
      assert.equal(await caches.records.get('d'), 'y')
    })

    it('takes 16384 bytes and refuses more, leaving what was there', async () => {
      for (const most of ['x'.repeat(16_384), 'ü'.repeat(8192)]) {
        await caches.records.set('e', most, TTL_MS)
        await rejectsWith('IDGEN_CACHE_UNAVAILABLE', caches.records.set('e', `${most}x`, TTL_MS))
        assert.equal(await caches.records.get('e'), most)
      }
    })
  })
}

/** Longer than any test. */
const TTL_MS = 600_000
