import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import type { SegmentStore } from '../ports/segment-store.ts'
import { ClaimedSegments, ClaimedTimes } from './dc-claim-grants.ts'

const LOST = 'Data centre 3 belongs to the installation "west".'

test('segments are granted while the data centre is ours, and none after it was lost', async () => {
  const calls: string[] = []
  const store: SegmentStore = {
    initialise: async () => void calls.push('initialise'),
    initialiseAll: async () => calls.push('initialiseAll'),
    allocate: async (_tagId, _dc, step, generation, least) => {
      calls.push(`allocate ${generation} ${least}`)
      return { lo: 0, hi: step }
    },
    giveBack: async (_tagId, _dc, _unused, generation) => calls.push(`giveBack ${generation}`) > 0,
    usage: async () => [],
  }
  const claim: { fault: string | undefined } = { fault: undefined }
  const segments = new ClaimedSegments(store, claim)
  await segments.initialise(1, 3)
  await segments.initialiseAll(3)
  assert.deepEqual(await segments.allocate(1, 3, 10, 'abc', 4), { lo: 0, hi: 10 })
  assert.equal(await segments.giveBack(1, 3, { lo: 5, hi: 10 }, 'abc'), true)
  claim.fault = LOST
  await rejectsWith('IDGEN_DC_CLAIMED', segments.initialise(1, 3))
  await rejectsWith('IDGEN_DC_CLAIMED', segments.initialiseAll(3))
  await rejectsWith('IDGEN_DC_CLAIMED', segments.allocate(1, 3, 10))
  assert.equal(await segments.giveBack(1, 3, { lo: 5, hi: 10 }), false)
  assert.deepEqual(await segments.usage(3), [])
  assert.deepEqual(calls, ['initialise', 'initialiseAll', 'allocate abc 4', 'giveBack abc'])
})

test('numbers that were on their way when the data centre was lost stay burnt', async () => {
  const claim: { fault: string | undefined } = { fault: undefined }
  const store = {
    allocate: async (_tagId: number, _dc: number, step: number) => {
      claim.fault = LOST
      return { lo: 0, hi: step }
    },
  } as Partial<SegmentStore> as SegmentStore
  await rejectsWith('IDGEN_DC_CLAIMED', new ClaimedSegments(store, claim).allocate(1, 3, 10))
})

test('time is granted while the data centre is ours; after it was lost a hold can only be given up', async () => {
  const clock = new MemoryClock()
  const claim: { fault: string | undefined } = { fault: undefined }
  const times = new ClaimedTimes(new MemoryTimeGrantStore(clock), claim)
  const request = { dc: 3, nonce: 'a'.repeat(32), holder: 'host', leaseMs: 60_000, layoutHash: 'layout' }
  const hold = await times.acquire(request)
  const nowMs = await times.nowMs()
  const extended = await times.extend(hold, nowMs + 1000, 60_000)
  assert.ok(extended)
  claim.fault = LOST
  await rejectsWith('IDGEN_DC_CLAIMED', times.extend(extended, nowMs + 2000, 60_000))
  await rejectsWith('IDGEN_DC_CLAIMED', times.acquire({ ...request, nonce: 'b'.repeat(32) }))
  assert.equal(await times.release(extended, nowMs), true)
})
