import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeThreads } from '../../test/fixtures/fake-threads.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SubBlockLender } from '../app/sub-block-lender.ts'
import { ThreadPool } from './thread-pool.ts'

test('heaps of all threads are added up, and pauses of one that ended stay counted', async (t) => {
  const service = await memoryUseCases()
  t.after(() => service.stop())
  const lender = new SubBlockLender({ ...service.useCases, maxCount: 10_000 })
  const { world, start } = fakeThreads(service.clock)
  const pool = new ThreadPool({ ...service, lender, start, count: 2, passedOn: {} })
  await pool.listen('resp', 0)
  assert.deepEqual(pool.heaps, { usedBytes: 0, collectedMs: 0 })
  world.started[0]?.answering.beat({ usedBytes: 1000, collectedMs: 2.5 })
  world.started[1]?.answering.beat({ usedBytes: 20_000, collectedMs: 4 })
  assert.deepEqual(pool.heaps, { usedBytes: 21_000, collectedMs: 6.5 })
  world.started[0]?.die(undefined)
  await settle()
  assert.deepEqual(pool.heaps, { usedBytes: 20_000, collectedMs: 6.5 })
})
