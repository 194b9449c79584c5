import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { blockCacheContract } from '../../../test/contracts/block-cache.contract.ts'
import { rejectsWith } from '../../../test/contracts/rejects-with.ts'
import { MemoryBlockCache } from './memory-block-cache.ts'
import { MemoryClock } from './memory-clock.ts'

blockCacheContract('MemoryBlockCache', async () => {
  const clock = new MemoryClock()
  const blocks = new MemoryBlockCache(clock)
  return {
    blocks,
    others: blocks,
    pass: async (ms) => clock.advance(ms),
    newRun: async () => blocks.newRun(),
    lying: async (list) => blocks.lying(list),
    close: async () => {},
  }
})

const LIST = { tagId: 1, generation: 'a'.repeat(32), dc: 0 }
const BLOCK = { lo: 1, hi: 2, nonce: 'f'.repeat(32) }

describe('the faults of MemoryBlockCache', () => {
  test('a restored snapshot repeats blocks, a flush forgets them', async () => {
    const cache = new MemoryBlockCache(new MemoryClock())
    await cache.push(LIST, [BLOCK], 1000)
    const snapshot = cache.snapshot()
    assert.deepEqual(await cache.pop(LIST, 0), BLOCK)
    cache.restore(snapshot)
    assert.deepEqual(await cache.pop(LIST, 0), BLOCK)
    cache.restore(snapshot)
    cache.flush()
    assert.equal(await cache.pop(LIST, 0), undefined)
  })

  test('a fail-back brings the old run_id, and its blocks are dropped all the same', async () => {
    const cache = new MemoryBlockCache(new MemoryClock())
    const { runId } = cache
    await cache.push(LIST, [BLOCK], 1000)
    cache.failOver()
    cache.failBack(runId)
    assert.equal(cache.runId, runId)
    assert.equal(await cache.pop(LIST, 0), undefined)
  })

  test('bound to run_id alone a block would come through a fail-back', async () => {
    const cache = new MemoryBlockCache(new MemoryClock())
    cache.identityOf = (runId) => String(runId)
    const { runId } = cache
    await cache.push(LIST, [BLOCK], 1000)
    cache.failOver()
    cache.failBack(runId)
    assert.deepEqual(await cache.pop(LIST, 0), BLOCK)
  })

  test('away it refuses and changes nothing; with a lost answer it has done what was asked', async () => {
    const cache = new MemoryBlockCache(new MemoryClock())
    cache.away = true
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', cache.push(LIST, [BLOCK], 1000))
    cache.away = false
    assert.equal(await cache.count(LIST), 0)
    cache.loseAnswers = 2
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', cache.push(LIST, [BLOCK], 1000))
    await rejectsWith('IDGEN_CACHE_UNAVAILABLE', cache.pop(LIST, 0))
    assert.equal(await cache.pop(LIST, 0), undefined)
  })
})
