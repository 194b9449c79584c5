import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../test/contracts/rejects-with.ts'
import { type MemoryUseCases, memoryUseCases } from '../test/fixtures/memory-use-cases.ts'
import { settle } from '../test/fixtures/settle.ts'
import { MemoryAuditSink } from './adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from './adapters/memory/memory-clock.ts'
import { MemoryDcClaimStore } from './adapters/memory/memory-dc-claim-store.ts'
import { MemoryTimeGrantStore } from './adapters/memory/memory-time-grant-store.ts'
import { IdBatch } from './core/id-batch.ts'

const ACTOR = { actor: 'test', traceId: undefined }

async function issue({ useCases }: MemoryUseCases, count: number): Promise<IdBatch> {
  const tag = await useCases.directory.resolve('acme/shop/orders')
  const batch = new IdBatch()
  await useCases.generate.take(tag, count, batch)
  return batch
}

async function withTag(clock: MemoryClock, store: MemoryDcClaimStore): Promise<MemoryUseCases> {
  const memory = await memoryUseCases({ clock, outside: { claim: { store, installation: 'east' } } })
  const { catalog } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
  const ref = { workspace: 'acme', group: 'shop', name: 'orders' }
  await catalog.createTag(ACTOR, ref, {
    chain: ['segment', 'snowflake'],
    step: { base: 10, min: 10, max: 10 },
  })
  return memory
}

test('nothing is granted before the data centre is ours, and the refusal is on record', async () => {
  const clock = new MemoryClock()
  const store = new MemoryDcClaimStore(clock)
  await store.claim(0, 'west', 'west/1')
  const auditSink = new MemoryAuditSink()
  let asked = 0
  class Watched extends MemoryTimeGrantStore {
    override acquire(request: Parameters<MemoryTimeGrantStore['acquire']>[0]) {
      asked += 1
      return super.acquire(request)
    }
  }
  const outside = { claim: { store, installation: 'east' }, auditSink, times: new Watched(clock) }
  const { message } = await rejectsWith('IDGEN_DC_CLAIMED', memoryUseCases({ clock, outside }))
  assert.match(message, /"west".*this one is "east"/)
  assert.equal(asked, 0)
  assert.deepEqual(
    auditSink.records.map(({ action }) => action),
    ['dc.claim-conflict', 'audit.close'],
  )
})

test('a data centre that was lost gives what was granted before and then nothing', async () => {
  const clock = new MemoryClock()
  const store = new MemoryDcClaimStore(clock)
  const memory = await withTag(clock, store)
  const { service, useCases } = memory
  assert.equal((await issue(memory, 10)).algorithm, 'segment')
  await store.move(0, 'east', 'west', 'cli/1')
  await service.claim?.check()
  assert.ok(useCases.readiness.report().degraded.some(({ what }) => what === 'data centre'))

  let segments = 0
  let batch = await issue(memory, 1)
  for (; batch.algorithm === 'segment' && segments < 100; segments += 1) batch = await issue(memory, 1)
  assert.ok(segments <= 20, `${segments} numbers after the loss are more than two segments`)
  assert.equal(batch.algorithm, 'snowflake', 'the time granted before is still ours')
  clock.advance(120_000)
  await settle()
  await assert.rejects(issue(memory, 1), { code: 'IDGEN_ALGORITHMS_EXHAUSTED' })

  await store.move(0, 'west', 'east', 'cli/2')
  await service.claim?.check()
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1000)
    await settle(3)
  }
  assert.equal((await issue(memory, 1)).algorithm, 'segment')
  await memory.stop()
})
