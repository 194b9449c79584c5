import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { CuttableCoordinator, newTag } from '../../test/fixtures/joined-databases.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { SEGMENT_LIMIT, type Tag } from '../core/tag.ts'
import type { WitnessFinding } from '../core/witness.ts'
import type { LedgerRow, LedgerWrite } from '../ports/segment-ledger.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { printWitness, SegmentWitness } from './segment-witness.ts'

/** Traps of references that earlier systems fell into; the numbers are those of the list. */

/** A ledger whose next commit answers that its outcome is unknown, after it took effect or not. */
class DoubtfulLedger extends MemorySegmentLedger {
  doubt: 'committed' | 'lost' | undefined

  override async withRow<T>(
    doing: string,
    tagId: number,
    dc: number,
    work: (row: LedgerRow) => Promise<{ readonly write: LedgerWrite | undefined; readonly result: T }>,
  ): Promise<T> {
    const { doubt } = this
    this.doubt = undefined
    const result = await super.withRow(doing, tagId, dc, async (row) => {
      const done = await work(row)
      return doubt === 'lost' ? { ...done, write: undefined } : done
    })
    if (doubt !== undefined) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'the outcome is unknown')
    return result
  }
}

/** A database server with the process that uses it. */
class Database {
  readonly memory: MemoryCatalog
  readonly ledger: DoubtfulLedger
  readonly coordinator: CuttableCoordinator
  readonly allocator: SegmentAllocator
  readonly findings: WitnessFinding[] = []
  readonly #granted: Set<number>

  constructor(history: string, etcd: MemoryCoordination, clock: MemoryClock, granted: Set<number>) {
    this.memory = new MemoryCatalog(clock)
    this.memory.history = history
    this.ledger = new DoubtfulLedger(this.memory)
    this.coordinator = new CuttableCoordinator(etcd)
    this.#granted = granted
    this.allocator = new SegmentAllocator({
      ledger: this.ledger,
      witness: new SegmentWitness({ coordinator: this.coordinator, clock, deadlineMs: 200 }),
      rules: { headroomSteps: 4, proceed: false },
      onFinding: (_tagId, _dc, finding) => this.findings.push(finding),
    })
  }

  /** Becomes what the other one is now: a replica, or a restored backup. */
  take(from: Database): void {
    for (const [path, tag] of from.memory.tags) this.memory.tags.set(path, tag)
    for (const [id, tag] of from.memory.tagsById) this.memory.tagsById.set(id, tag)
    this.memory.segments.clear()
    for (const [id, rows] of from.memory.segments) this.memory.segments.set(id, structuredClone(rows))
  }

  /** Grants and fails the test when any of the numbers was granted before, by whatever database. */
  async grant(tag: Tag, step = 10): Promise<number> {
    const { lo, hi } = await this.allocator.allocate(tag.id, 0, step)
    for (let number = lo; number < hi; number += 1) {
      assert.ok(!this.#granted.has(number), `${number} was granted twice`)
      this.#granted.add(number)
    }
    return lo
  }

  /** Until it is refused. */
  async grantAll(tag: Tag): Promise<number> {
    let grants = 0
    try {
      for (; grants < 1000; grants += 1) await this.grant(tag)
    } catch (thrown) {
      assert.equal(IdgenError.from(thrown).code, 'IDGEN_WITNESS_UNAVAILABLE', String(thrown))
    }
    return grants
  }
}

async function opened() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const granted = new Set<number>()
  const newDatabase = (history: string) => new Database(history, etcd, clock, granted)
  const primary = newDatabase('primary/1')
  const catalog = new MemoryCatalogStore(primary.memory)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const tag = await catalog.createTag(newTag('t'))
  const hand = new MemoryCoordinator(etcd)
  const witness = (text: string) =>
    hand.transact({ compare: [], change: [{ put: witnessKey(tag.generation, 0), value: text }] })
  return { clock, etcd, granted, primary, newDatabase, catalog, tag, witness }
}

test('trap 1: a failover that lost committed segments grants none of their numbers again', async () => {
  const { primary, newDatabase, tag } = await opened()
  await primary.grant(tag)
  const replica = newDatabase('primary/2')
  replica.take(primary)
  for (let i = 0; i < 20; i += 1) await primary.grant(tag)
  for (let i = 0; i < 20; i += 1) await replica.grant(tag)
  assert.equal(replica.findings[0]?.kind, 'regressed', 'and it is told')
})

test('trap 1: nor those that were granted while nobody could tell the second store', async () => {
  const { primary, newDatabase, tag } = await opened()
  await primary.grant(tag)
  const replica = newDatabase('primary/2')
  replica.take(primary)
  primary.coordinator.away = true
  assert.ok((await primary.grantAll(tag)) >= 2, 'the point of this test')
  for (let i = 0; i < 20; i += 1) await replica.grant(tag)
})

test('trap 2: a commit whose outcome is unknown burns its numbers, whichever it was', async () => {
  for (const doubt of ['committed', 'lost'] as const) {
    const { primary, tag, granted } = await opened()
    await primary.grant(tag)
    primary.ledger.doubt = doubt
    await rejectsWith('IDGEN_STORE_UNAVAILABLE', primary.allocator.allocate(tag.id, 0, 10))
    const lo = await primary.grant(tag)
    assert.equal(lo, 21, 'the witness knows of them in both cases')
    assert.equal(granted.size, 20)
    const burnt = primary.allocator.giveBack(tag.id, 0, { lo: 15, hi: 21 })
    assert.equal(await burnt, false, 'what was never handed over cannot be returned')
  }
})

test('trap 3: a backup that was restored moves nothing back, and is told', async () => {
  const { primary, newDatabase, tag } = await opened()
  const backup = newDatabase('unused')
  await primary.grant(tag)
  backup.take(primary)
  for (let i = 0; i < 30; i += 1) await primary.grant(tag)
  primary.take(backup)
  primary.memory.history = 'restored/1'
  await primary.grant(tag)
  const [finding] = primary.findings
  assert.deepEqual([finding?.kind, finding?.now], ['regressed', 'restored/1'])
  assert.ok((finding?.skipped ?? 0) >= 300)
})

test('trap 3: nor does one that the server’s history does not show', async () => {
  const { primary, newDatabase, tag } = await opened()
  const backup = newDatabase('unused')
  await primary.grant(tag)
  backup.take(primary)
  for (let i = 0; i < 30; i += 1) await primary.grant(tag)
  primary.take(backup)
  await primary.grant(tag)
  assert.equal(primary.findings[0]?.kind, 'regressed')
})

test('trap 3: both stores restored from the same moment go on above what that moment had promised', async () => {
  const { clock, primary, newDatabase, tag, etcd } = await opened()
  await primary.grant(tag)
  const backup = newDatabase('unused')
  backup.take(primary)
  const snapshot = etcd.snapshot()
  primary.coordinator.away = true
  await primary.grantAll(tag)
  primary.coordinator.away = false
  primary.take(backup)
  primary.memory.history = 'restored/1'
  etcd.restore(snapshot)
  clock.advance(1000)
  for (let i = 0; i < 10; i += 1) await primary.grant(tag)
})

test('trap 4: an old primary that still answers has only what was promised to it', async () => {
  const { clock, primary, newDatabase, tag } = await opened()
  await primary.grant(tag)
  const successor = newDatabase('successor/2')
  successor.take(primary)
  // Whoever took over grants nothing before etcd has spoken.
  successor.coordinator.away = true
  assert.equal(await successor.grantAll(tag), 0)
  successor.coordinator.away = false
  clock.advance(1000)
  // It sees neither etcd nor that it was replaced.
  primary.coordinator.away = true
  for (let round = 0; round < 10; round += 1) {
    await successor.grant(tag)
    await primary.grant(tag).catch((thrown: unknown) => {
      assert.equal(IdgenError.from(thrown).code, 'IDGEN_WITNESS_UNAVAILABLE')
    })
  }
  assert.equal(await primary.grantAll(tag), 0)
  // Both see etcd: each move of one sends the other above it.
  primary.coordinator.away = false
  clock.advance(1000)
  for (let round = 0; round < 10; round += 1) {
    await primary.grant(tag)
    await successor.grant(tag)
  }
})

test('trap 4: two databases that answer at the same time never agree on one number', async () => {
  const { primary, newDatabase, tag } = await opened()
  const other = newDatabase('other/1')
  other.take(primary)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? primary : other).grant(tag, 1 + (i % 7))),
  )
  for (const outcome of outcomes)
    if (outcome.status === 'rejected')
      assert.equal(IdgenError.from(outcome.reason).code, 'IDGEN_WITNESS_UNAVAILABLE', String(outcome.reason))
  assert.ok(outcomes.some(({ status }) => status === 'fulfilled'))
})

test('trap 5: an owner that was replaced returns nothing', async () => {
  const { primary, newDatabase, tag } = await opened()
  const lo = await primary.grant(tag)
  const successor = newDatabase('successor/2')
  successor.take(primary)
  await successor.grant(tag)
  assert.equal(await primary.allocator.giveBack(tag.id, 0, { lo: lo + 5, hi: lo + 10 }), false)
})

test('trap 22: callers with different steps at once get exactly their steps, none twice, while the step is changed', async () => {
  const { primary, catalog, tag, granted } = await opened()
  const steps = Array.from({ length: 200 }, (_, i) => 1 + ((i * 31) % 9))
  await Promise.all(
    steps.map(async (step, i) => {
      if (i % 10 === 0) await catalog.updateTag(tag, { step: { base: 10 + i, min: 1, max: 1000 } }, undefined)
      await primary.grant(tag, step)
    }),
  )
  // A grant ends at its cell, so some are shorter than asked.
  assert.ok(granted.size > 0 && granted.size <= steps.reduce((sum, step) => sum + step, 0))
})

test('a witness that nobody can read stops its own tag only', async () => {
  const { primary, catalog, tag, witness } = await opened()
  const other = await catalog.createTag(newTag('other'))
  await primary.grant(tag)
  for (const text of ['rubbish', 'null', '{"used":-1,"ceiling":5,"history":""}', '{"used":1,"ceiling":5}']) {
    await witness(text)
    const refused = await rejectsWith('IDGEN_WITNESS_UNAVAILABLE', grantMany(primary, tag))
    assert.match(refused.message, /etcd/)
    const { counters } = primary.allocator
    const before = counters.witnessed
    await primary.allocator.allocate(other.id, 0, 1)
    assert.equal(counters.witnessed, before + 1, 'etcd is not taken for away')
  }
})

test('the witness of a tag at the end of all numbers is still read', async () => {
  const { primary, tag, witness } = await opened()
  await witness(printWitness({ used: SEGMENT_LIMIT, ceiling: SEGMENT_LIMIT, history: 'primary/1' }))
  await rejectsWith('IDGEN_RANGE_EXHAUSTED', primary.allocator.allocate(tag.id, 0, 1))
})

/** Beyond what is left of the promise. */
async function grantMany(database: Database, tag: Tag): Promise<void> {
  for (let i = 0; i < 100; i += 1) await database.allocator.allocate(tag.id, 0, 10)
}
