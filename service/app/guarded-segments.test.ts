import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { segmentStoreContract } from '../../test/contracts/segment-store.contract.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { GuardedSegments } from './guarded-segments.ts'
import { SegmentAllocator } from './segment-allocator.ts'

segmentStoreContract('GuardedSegments without a conflict', async () => {
  const shared = new MemoryCatalog(new MemoryClock())
  const newStore = () =>
    new GuardedSegments(new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) }), new Map())
  return {
    catalog: new MemoryCatalogStore(shared),
    segments: newStore(),
    others: newStore(),
    close: async () => {},
  }
})

test('a tag whose range is in conflict is granted nothing, and others are', async () => {
  const refused = new Map([[7, 'another database has it']])
  const inner = new ScriptedSegments()
  const segments = new GuardedSegments(inner, refused)
  const error = await rejectsWith('IDGEN_SPACE_MISMATCH', segments.allocate(7, 0, 10))
  assert.match(error.message, /another database has it/)
  assert.equal(inner.allocations, 0, 'nobody was asked')
  assert.equal((await segments.allocate(8, 0, 10)).hi, 11)
  refused.delete(7)
  assert.equal((await segments.allocate(7, 0, 10)).lo, 11)
})

test('numbers that arrive after the conflict was found stay burnt', async () => {
  const refused = new Map<number, string>()
  const inner = new ScriptedSegments()
  const segments = new GuardedSegments(inner, refused)
  inner.mode = 'hold'
  const late = segments.allocate(7, 0, 10)
  await settle()
  refused.set(7, 'found meanwhile')
  inner.release()
  await rejectsWith('IDGEN_SPACE_MISMATCH', late)
  assert.deepEqual(inner.returned, [])
})
