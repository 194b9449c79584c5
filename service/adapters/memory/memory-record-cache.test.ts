import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordCacheContract } from '../../../test/contracts/record-cache.contract.ts'
import { rejectsWith } from '../../../test/contracts/rejects-with.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryRecordCache } from './memory-record-cache.ts'

recordCacheContract('MemoryRecordCache', async () => {
  const clock = new MemoryClock()
  const records = new MemoryRecordCache(clock)
  return { records, others: records, pass: async (ms) => clock.advance(ms), close: async () => {} }
})

describe('the faults of MemoryRecordCache', () => {
  test('a restored snapshot brings back what was replaced, a flush forgets all', async () => {
    const cache = new MemoryRecordCache(new MemoryClock())
    await cache.set('a', 'old', 1000)
    const snapshot = cache.snapshot()
    await cache.set('a', 'new', 1000)
    cache.restore(snapshot)
    assert.equal(await cache.get('a'), 'old')
    cache.flush()
    assert.equal(await cache.get('a'), undefined)
  })

  test('away it refuses every call and keeps what it has', async () => {
    const cache = new MemoryRecordCache(new MemoryClock())
    await cache.set('a', 'x', 1000)
    cache.away = true
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', cache.get('a'))
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', cache.set('a', 'y', 1000))
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', cache.remove('a'))
    cache.away = false
    assert.equal(await cache.get('a'), 'x')
  })
})
