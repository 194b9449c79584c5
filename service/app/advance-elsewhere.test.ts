import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { SegmentWitness } from './segment-witness.ts'

const FLOOR = 15_001

/** Two data centres with a database each; `idgen tag advance --to FLOOR` runs with the first one's, or with both. */
async function advanced(where: 'one' | 'both') {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
  const space = { startAt: 1, cellSize: 10_000, dcCount: 2 }
  const { id } = await one.catalog.createTag(newTag('t', { space }))
  await two.sync.compareAll()
  await two.sync.settled()
  await two.grant('t')
  for (const { memory, coordinator } of where === 'one' ? [one] : [one, two]) {
    const ledger = new MemorySegmentLedger(memory)
    const witness = new SegmentWitness({ coordinator, clock, deadlineMs: 200 })
    const command = new SegmentAllocator({ ledger, witness })
    for (const dc of [0, 1]) assert.ok((await command.advance(id, dc, { to: FLOOR })) >= FLOOR)
  }
  return { clock, two }
}

const UNANSWERED = {
  'the read is lost': { after: 0, lost: 'request' },
  'the move is lost': { after: 1, lost: 'request' },
  'the move is carried out, and its answer lost': { after: 1, lost: 'answer' },
} as const

for (const [what, cut] of Object.entries(UNANSWERED)) {
  test(`advanced with its own database too, a data centre grants nothing below where ${what}`, async () => {
    const { clock, two } = await advanced('both')
    two.coordinator.cut = { ...cut }
    const granted = await two.grant('t').catch((): number[] => [])
    two.coordinator.cut = undefined
    clock.advance(5000)
    granted.push(...(await two.grant('t')))
    assert.deepEqual(
      granted.filter((number) => number < FLOOR),
      [],
    )
  })
  if (cut.after === 0) continue
  test(`advanced with another database, a data centre grants nothing below what it has read where ${what}`, async () => {
    const { clock, two } = await advanced('one')
    two.coordinator.cut = { ...cut }
    await rejectsWith('IDGEN_WITNESS_UNAVAILABLE', two.grant('t'))
    two.coordinator.cut = undefined
    clock.advance(5000)
    assert.ok((await two.grant('t')).every((number) => number >= FLOOR))
  })
}
