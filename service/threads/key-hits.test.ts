import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeThreads } from '../../test/fixtures/fake-threads.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SubBlockLender } from '../app/sub-block-lender.ts'
import { ThreadPool } from './thread-pool.ts'

test('calls by keys that threads know are hits of the cache, once each, also of a thread that ended', async (t) => {
  const service = await memoryUseCases()
  t.after(() => service.stop())
  const lender = new SubBlockLender({ ...service.useCases, maxCount: 10_000 })
  const { start, world } = fakeThreads(service.clock)
  const pool = new ThreadPool({ ...service, lender, start, count: 2, passedOn: {} })
  await pool.listen('resp', 0)
  const threads = world.started
  for (const { issuer } of threads) await issuer?.authenticate(service.keyText, 'a')
  const { authenticator } = service.useCases
  const { hits, misses } = authenticator
  for (let call = 0; call < 500; call += 1)
    for (const { issuer } of threads) assert.ok(issuer?.peekCaller(service.keyText) !== undefined)
  pool.fold()
  pool.fold()
  assert.equal(authenticator.hits - hits, 1000)
  threads[0]?.issuer?.peekCaller(service.keyText)
  threads[0]?.die(undefined)
  await settle()
  assert.equal(authenticator.hits - hits, 1001)
  assert.equal(authenticator.misses, misses)
})
