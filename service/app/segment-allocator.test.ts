import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { segmentStoreContract } from '../../test/contracts/segment-store.contract.ts'
import { tagAdvanceContract } from '../../test/contracts/tag-advance.contract.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from '../core/tag.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { SegmentWitness } from './segment-witness.ts'

segmentStoreContract('SegmentAllocator over memory', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  return {
    catalog: new MemoryCatalogStore(shared),
    segments: new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) }),
    others: new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) }),
    close: async () => {},
  }
})

for (const withEtcd of [false, true])
  tagAdvanceContract(`a tag in memory, ${withEtcd ? 'with' : 'without'} etcd`, async () => {
    const clock = new MemoryClock()
    const shared = new MemoryCatalog(clock)
    shared.history = withEtcd ? 'database/1' : ''
    const coordinator = new MemoryCoordinator(new MemoryCoordination(clock))
    const newAllocator = () =>
      new SegmentAllocator({
        ledger: new MemorySegmentLedger(shared),
        ...(withEtcd && { witness: new SegmentWitness({ coordinator, clock, deadlineMs: 200 }) }),
      })
    return {
      catalog: new MemoryCatalogStore(shared),
      serving: newAllocator(),
      command: newAllocator(),
      close: async () => {},
    }
  })

test('an id that names another tag since the database was restored gives nothing and takes nothing back', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  const catalog = new MemoryCatalogStore(shared)
  const segments = new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) })
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const draft = { workspace: 'w', group: 'g', displayName: '', chain: ['segment'] as const }
  const lost = await catalog.createTag({ ...draft, name: 'lost', step: DEFAULT_STEP, space: DEFAULT_SPACE })
  const grant = await segments.allocate(lost.id, 0, 1000, lost.generation)
  // The backup is from before the tag was made, so its id went to the next tag, which has come just as far.
  shared.tagsById.set(lost.id, { ...lost, name: 'other', generation: 'f'.repeat(32) })
  await rejectsWith('IDGEN_TAG_NOT_FOUND', segments.allocate(lost.id, 0, 1000, lost.generation))
  assert.equal(await segments.giveBack(lost.id, 0, grant, lost.generation), false)
  assert.equal(
    (await segments.allocate(lost.id, 0, 1000, 'f'.repeat(32))).lo,
    grant.hi,
    'nothing was returned',
  )
})
