import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import { DEFAULT_STEP, type Tag } from '../core/tag.ts'
import type { NewTag } from '../ports/catalog-store.ts'
import { AuditTrail } from './audit-trail.ts'
import { LeaveWitness } from './leave-witness.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { parseWitness, printWitness, SegmentWitness } from './segment-witness.ts'

/** The database has every tag that etcd has. */
const NO_SYNC = { compareAll: async () => {}, settled: async () => {} }
const CLI = { actor: 'cli', traceId: undefined }

function tagDraft(name: string): NewTag {
  return {
    workspace: 'w',
    group: 'g',
    name,
    displayName: '',
    chain: ['segment'],
    step: DEFAULT_STEP,
    space: { startAt: 0, cellSize: 1_000_000, dcCount: 1 },
  }
}

async function installation() {
  const clock = new MemoryClock()
  const memory = new MemoryCatalog(clock)
  const catalog = new MemoryCatalogStore(memory)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const tags: Tag[] = []
  for (const name of ['a', 'b']) tags.push(await catalog.createTag(tagDraft(name)))
  const etcd = new MemoryCoordination(clock)
  const coordinator = new MemoryCoordinator(etcd)
  const ledger = new MemorySegmentLedger(memory)
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  const witness = new SegmentWitness({ coordinator, clock, deadlineMs: 200 })
  return {
    catalog,
    memory,
    etcd,
    audit,
    tag: tags[0] ?? assert.fail('a tag was made'),
    ceiling: (tag: Tag) => parseWitness(etcd.get(witnessKey(tag.generation, 0))?.value ?? '').ceiling,
    withEtcd: new SegmentAllocator({ ledger, witness }),
    without: new SegmentAllocator({ ledger }),
    leave: new LeaveWitness({ ledger, coordinator, audit, sync: NO_SYNC }),
  }
}

test('without it a process without etcd is refused, after it numbers begin above everything etcd ever promised', async () => {
  const { tag, ceiling, withEtcd, without, leave, audit } = await installation()
  const before = await withEtcd.allocate(tag.id, 0, 100)
  await rejectsWith('IDGEN_COORDINATION_MISMATCH', without.allocate(tag.id, 0, 100))
  assert.equal(await leave.run(CLI, 0), 1)
  const after = await without.allocate(tag.id, 0, 100)
  assert.equal(after.lo, ceiling(tag))
  assert.ok(after.lo >= before.hi)
  assert.equal((await without.allocate(tag.id, 0, 100)).lo, after.hi)
  assert.equal(audit.queued, 1)
  assert.equal(await leave.run(CLI, 0), 0, 'once is enough')
  assert.equal((await without.allocate(tag.id, 0, 100)).lo, after.hi + 100)
})

test('a database that lost commits begins above what etcd remembers, not above what it knows itself', async () => {
  const { tag, memory, etcd, withEtcd, without, leave } = await installation()
  const first = await withEtcd.allocate(tag.id, 0, 100)
  const key = witnessKey(tag.generation, 0)
  const record = parseWitness(etcd.get(key)?.value ?? '')
  // What was granted by commits that are lost: etcd alone knows.
  const moved = printWitness({ ...record, used: 90_000, ceiling: 95_000 })
  etcd.transact({ compare: [], change: [{ put: key, value: moved }] })
  assert.equal(memory.segments.get(tag.id)?.get(0)?.nextValue, first.hi)
  await leave.run(CLI, 0)
  assert.equal((await without.allocate(tag.id, 0, 100)).lo, 95_000)
})

test('a process that still asks etcd afterwards makes the tag witnessed again, and running it again helps', async () => {
  const { tag, withEtcd, without, leave } = await installation()
  await withEtcd.allocate(tag.id, 0, 100)
  await leave.run(CLI, 0)
  const late = await withEtcd.allocate(tag.id, 0, 100)
  await rejectsWith('IDGEN_COORDINATION_MISMATCH', without.allocate(tag.id, 0, 100))
  assert.equal(await leave.run(CLI, 0), 1)
  assert.ok((await without.allocate(tag.id, 0, 100)).lo >= late.hi)
})

test('a tag deleted afterwards leaves everything etcd remembers to nobody, although the database lost it', async () => {
  const { tag, etcd, withEtcd, without, leave, catalog } = await installation()
  await withEtcd.allocate(tag.id, 0, 100)
  const key = witnessKey(tag.generation, 0)
  const record = parseWitness(etcd.get(key)?.value ?? '')
  const moved = printWitness({ ...record, used: 90_000, ceiling: 95_000 })
  etcd.transact({ compare: [], change: [{ put: key, value: moved }] })
  await leave.run(CLI, 0)
  await catalog.deleteTag(tag, undefined)
  const again = await catalog.createTag(tagDraft('a'))
  assert.ok((await without.allocate(again.id, 0, 100)).lo >= 95_000)
})

test('a tag whose row the database lost as well begins above what etcd remembers', async () => {
  const { tag, memory, ceiling, withEtcd, without, leave } = await installation()
  const lost = await withEtcd.allocate(tag.id, 0, 100)
  memory.segments.delete(tag.id)
  await leave.run(CLI, 0)
  const after = await without.allocate(tag.id, 0, 100)
  assert.ok(after.lo >= lost.hi && after.lo >= ceiling(tag), `${after.lo}`)
})

test('a tag that the database lost is made again first, and begins above what etcd remembers', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const before = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  await before.catalog.createTag(newTag('t'))
  const granted = await before.grant('t')
  const after = new JoinedDatabase({ clock, etcd, dc: 0 })
  const ledger = new MemorySegmentLedger(after.memory)
  const { coordinator, sync } = after
  const audit = new AuditTrail({
    sink: new MemoryAuditSink(),
    clock,
    log: SILENT,
    queueMax: 9,
    flushEveryMs: 1,
  })
  await new LeaveWitness({ ledger, coordinator, audit, sync }).run(CLI, 0)
  const tag = await after.store.findTag({ workspace: 'w', group: 'g', name: 't' })
  const { lo } = await new SegmentAllocator({ ledger }).allocate(tag?.id ?? 0, 0, 10)
  assert.ok(lo > Math.max(...granted), `${lo}`)
  await Promise.all([before.stop(), after.stop()])
})

test('without etcd, and where a record cannot be read, nothing is changed and it says what to do', async () => {
  const { tag, etcd, withEtcd, without, leave } = await installation()
  await withEtcd.allocate(tag.id, 0, 100)
  etcd.away = 'cut off'
  await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', leave.run(CLI, 0))
  etcd.away = undefined
  etcd.transact({
    compare: [],
    change: [{ put: witnessKey(tag.generation, 0), value: '{"used":"nonsense"}' }],
  })
  const error = await rejectsWith('IDGEN_COORDINATION_MISMATCH', leave.run(CLI, 0))
  assert.match(error.message, /nonsense/)
  await rejectsWith('IDGEN_COORDINATION_MISMATCH', without.allocate(tag.id, 0, 100))
})
