import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { liveTagOptions } from '../../test/fixtures/live-tag-options.ts'
import { ScriptedSegments } from '../../test/fixtures/scripted-segments.ts'
import { settle } from '../../test/fixtures/settle.ts'
import type { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { configKey } from '../core/coordination-keys.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { IdFormat } from '../core/id-format.ts'
import { rangeClaimOf } from '../core/range-claim.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, snowflakeLayout } from '../core/snowflake-layout.ts'
import { SEGMENT_LIMIT } from '../core/tag.ts'
import { canonicalLayout, type TagLayout } from '../core/tag-layout.ts'
import { printTagRecord } from '../core/tag-record.ts'
import { parseTombstone, type Tombstone } from '../core/tombstone.ts'
import { LiveTag } from './live-tag.ts'

const NOW = Date.UTC(2026, 5, 1)
const NARROW = canonicalLayout('53-bit')
const WIDE: TagLayout = { ...NARROW, unitMs: 1, timeBits: 41, sequenceBits: 11 }

/** A database with one process on it, and what that process may stamp with. */
class Site {
  readonly database: JoinedDatabase
  readonly #clock: MemoryClock
  readonly #snowflake: Snowflake

  constructor(clock: MemoryClock, etcd: MemoryCoordination, dc: number, memory?: MemoryCatalog) {
    this.#clock = clock
    this.database = new JoinedDatabase({ clock, etcd, dc, ...(memory && { memory }) })
    this.#snowflake = new Snowflake({ layout: snowflakeLayout(DEFAULT_EPOCH_MS), seed: 1 })
    this.#snowflake.install({ dc, worker: 9, fromMs: NOW, untilMs: NOW + 30_000 })
  }

  /** Past etcd, as a restored backup or a person has it. */
  async make(layout: TagLayout | undefined): Promise<LiveTag> {
    return await this.makeWritten(layout === undefined ? undefined : { snowflake: layout })
  }

  async makeWritten(format: IdFormat | undefined): Promise<LiveTag> {
    await this.database.withGroup()
    const space = { startAt: 1, cellSize: 2 ** 32, dcCount: 8 }
    const generation = String(this.database.dc).repeat(32)
    const own = format === undefined ? { space } : { space: { ...space, format } }
    await this.database.store.createTag(newTag('t', { chain: ['snowflake'], generation, ...own }))
    return await this.load()
  }

  async load(): Promise<LiveTag> {
    const found = await this.database.store.findPublication({ workspace: 'w', group: 'g', name: 't' })
    assert.ok(found !== undefined)
    const snowflake = this.#snowflake
    const options = liveTagOptions({
      store: new ScriptedSegments(),
      dc: this.database.dc,
      clock: this.#clock,
      snowflake,
      layoutClaims: this.database.layoutClaims,
    })
    return new LiveTag(found.tag, options, found.configRevision > 0)
  }
}

async function sites(
  t: TestContext,
): Promise<{ clock: MemoryClock; etcd: MemoryCoordination; one: Site; two: Site }> {
  const clock = new MemoryClock(NOW)
  const etcd = new MemoryCoordination(clock)
  const [one, two] = [new Site(clock, etcd, 1), new Site(clock, etcd, 2)]
  t.after(() => Promise.all([one.database.stop(), two.database.stop()]))
  return { clock, etcd, one, two }
}

function stamped(tag: LiveTag): number {
  return tag.router.active.take(5, NOW, new IdBatch())
}

/** `ms` later, when a take has made it look at its claim again. */
async function looked(tag: LiveTag, clock: MemoryClock, ms: number): Promise<void> {
  clock.advance(ms)
  stamped(tag)
  await settle()
}

function refusal(tag: LiveTag): string {
  const shortage = tag.router.active.shortage(NOW)
  return shortage.kind === 'failed' ? `${shortage.code} ${shortage.message}` : shortage.kind
}

for (const [what, ours, theirs] of [
  ['two databases have different layouts for one name', NARROW, WIDE],
  ['one database has a layout for a name and the other none', NARROW, undefined],
  ['the one that came later has a layout', undefined, NARROW],
] as const)
  test(`where ${what}, the one that claimed it alone stamps`, async (t) => {
    const { one, two } = await sites(t)
    await one.make(ours)
    await one.database.sync.sync('w/g/t')
    const loser = await two.make(theirs)
    await two.database.sync.sync('w/g/t')
    const owner = await one.load()
    await settle()
    assert.equal(stamped(owner), 5)
    assert.equal(stamped(loser), 0)
    assert.match(refusal(loser), /^IDGEN_SPACE_MISMATCH .*another database has a tag of this name/)
    assert.match(loser.router.active.fault(NOW) ?? '', /in conflict/)
  })

for (const [what, layout] of [
  ['with a layout', NARROW],
  ['without one', undefined],
] as const)
  test(`a tag ${what} whose name nobody claimed is claimed by the first look, and stamped then`, async (t) => {
    const { one } = await sites(t)
    const tag = await one.make(layout)
    assert.equal(stamped(tag), 0)
    assert.equal(refusal(tag), 'wait', 'the first look is waited for')
    await settle()
    await one.database.sync.settled()
    assert.equal(stamped(tag), 5)
  })

test('a tag that was made past etcd waits for etcd, and looks once a second', async (t) => {
  const { clock, one } = await sites(t)
  const { coordinator } = one.database
  coordinator.away = true
  const tag = await one.make(undefined)
  await settle()
  assert.equal(stamped(tag), 0)
  assert.match(
    refusal(tag),
    /^IDGEN_COORDINATION_UNAVAILABLE .*given before etcd was seen to say that no other database has another layout/,
  )
  assert.match(tag.router.active.fault(NOW) ?? '', /before etcd was seen/)
  const { calls } = coordinator
  await looked(tag, clock, 999)
  assert.equal(coordinator.calls, calls)
  coordinator.away = false
  await looked(tag, clock, 1)
  assert.equal(stamped(tag), 5)
})

test('a tag that was made past etcd is not stamped while another database may make one with a layout', async (t) => {
  const { clock, one, two } = await sites(t)
  const past = await one.make(undefined)
  one.database.coordinator.away = true
  await looked(past, clock, 1000)
  assert.equal(stamped(past), 0)
  const rival = await two.make(NARROW)
  await two.database.sync.sync('w/g/t')
  await looked(rival, clock, 1000)
  assert.equal(stamped(rival), 5)
  one.database.coordinator.away = false
  await looked(past, clock, 1000)
  assert.equal(stamped(past), 0)
  await one.database.sync.settled()
  assert.match(refusal(past), /^IDGEN_SPACE_MISMATCH /)
})

test('a name that was stamped without a layout gets none, also when the tag is deleted', async (t) => {
  const { clock, one, two } = await sites(t)
  const tag = await one.make(undefined)
  await one.database.sync.sync('w/g/t')
  await looked(tag, clock, 1000)
  assert.equal(stamped(tag), 5)
  const rival = await two.make(NARROW)
  await two.database.sync.sync('w/g/t')
  await one.database.catalog.deleteTag({ workspace: 'w', group: 'g', name: 't' }, undefined)
  await two.database.sync.sync('w/g/t')
  await looked(rival, clock, 1000)
  assert.equal(stamped(rival), 0)
})

test('a tag that etcd knew at the start is stamped at once, also while etcd is away, and asks nothing', async (t) => {
  const { one } = await sites(t)
  await one.make(undefined)
  await one.database.sync.sync('w/g/t')
  await one.database.ranges.check()
  const { coordinator } = one.database
  coordinator.away = true
  const before = coordinator.calls
  const tag = await one.load()
  assert.equal(stamped(tag), 5)
  assert.equal(coordinator.calls, before)
})

test('a start while etcd was away leaves tags that are loaded later no more dependent on it than any other', async (t) => {
  const { clock, one } = await sites(t)
  await one.make(undefined)
  await one.database.sync.sync('w/g/t')
  const { coordinator, ranges } = one.database
  coordinator.away = true
  await ranges.start()
  coordinator.away = false
  clock.advance(2000)
  await settle()
  coordinator.away = true
  assert.equal(stamped(await one.load()), 5)
  await ranges.stop()
})

test('a database that comes to another etcd stamps nothing of a name that has a layout there', async (t) => {
  const { etcd, one, two } = await sites(t)
  const empty = etcd.snapshot()
  await one.make(undefined)
  await settle()
  await one.database.sync.settled()
  etcd.restore(empty)
  await two.make(NARROW)
  await two.database.sync.sync('w/g/t')
  const early = await one.load()
  assert.equal(stamped(early), 0, 'not before all claims were looked at')
  await one.database.ranges.check()
  const later = await one.load()
  assert.equal(stamped(later), 0)
})

test('without etcd nothing is stamped before the first look, and after it all goes on', async (t) => {
  const { clock, one } = await sites(t)
  const first = await one.make(NARROW)
  await one.database.sync.sync('w/g/t')
  await looked(first, clock, 1000)
  one.database.coordinator.away = true
  const again = await one.load()
  await settle()
  assert.equal(stamped(again), 0)
  assert.equal(stamped(first), 5)
  one.database.coordinator.away = false
  await looked(again, clock, 1000)
  assert.equal(stamped(again), 5)
})

test('a conflict that is found later ends a tag that is being stamped, and its end lets it go on', async (t) => {
  const { clock, one } = await sites(t)
  const tag = await one.make(NARROW)
  await one.database.sync.sync('w/g/t')
  await looked(tag, clock, 1000)
  assert.equal(stamped(tag), 5)
  one.database.conflicts.found(tag.tag, 'etcd has another number space for it')
  assert.equal(stamped(tag), 0)
  one.database.conflicts.cleared('w/g/t')
  assert.equal(stamped(tag), 0, 'the claim is looked at first')
  await looked(tag, clock, 1000)
  assert.equal(stamped(tag), 5)
})

test('a claim that etcd lost and another database took ends a tag that is being stamped', async (t) => {
  const { clock, etcd, one, two } = await sites(t)
  const empty = etcd.snapshot()
  const tag = await one.make(NARROW)
  await one.database.sync.sync('w/g/t')
  await looked(tag, clock, 1000)
  assert.equal(stamped(tag), 5)
  one.database.coordinator.away = true
  etcd.restore(empty)
  await two.make(WIDE)
  await two.database.sync.sync('w/g/t')
  await looked(tag, clock, 10_000)
  assert.equal(stamped(tag), 5, 'whoever is cut off goes on, up to the end of its window')
  one.database.coordinator.away = false
  await looked(tag, clock, 10_000)
  assert.equal(stamped(tag), 0)
})

test('other snowflakes go on in a conflict with a tag that has no layout', async (t) => {
  const { one, two } = await sites(t)
  await one.make(undefined)
  await one.database.sync.sync('w/g/t')
  const loser = await two.make(undefined)
  await two.database.sync.sync('w/g/t')
  await settle()
  assert.deepEqual(two.database.conflicts.paths, ['w/g/t'])
  assert.equal(stamped(loser), 5)
})

test('snowflakes stop in a conflict with a deleted tag whose numbers may have been any', async (t) => {
  const { one, two } = await sites(t)
  const grave = { generation: '7'.repeat(32), highWater: SEGMENT_LIMIT }
  await one.database.names.raiseTombstone('w/g/t', grave)
  const tag = await two.make(undefined)
  await two.database.sync.sync('w/g/t')
  assert.deepEqual(two.database.conflicts.paths, ['w/g/t'])
  assert.equal(stamped(tag), 0)
})

const REF = { workspace: 'w', group: 'g', name: 't' }

/** A new process on the same database, which has compared all claims; etcd is cut off since. */
async function restarted(
  t: TestContext,
  { clock, etcd, one }: { clock: MemoryClock; etcd: MemoryCoordination; one: Site },
): Promise<LiveTag> {
  const again = new Site(clock, etcd, 1, one.database.memory)
  t.after(() => again.database.stop())
  await again.database.ranges.check()
  again.database.coordinator.away = true
  return await again.load()
}

for (const [what, format] of [
  ['with a layout', { snowflake: NARROW }],
  ['with a prefix', { prefix: 'INV-' }],
] as const)
  test(`a rival ${what} that is deleted leaves the name to its owner, also after a restart`, async (t) => {
    const { clock, etcd, one, two } = await sites(t)
    await one.make(undefined)
    await one.database.sync.sync('w/g/t')
    await two.makeWritten(format)
    await two.database.sync.sync('w/g/t')
    assert.deepEqual(two.database.conflicts.paths, ['w/g/t'])
    await two.database.catalog.deleteTag(REF, undefined)
    assert.equal((await tombstoneOf(one))?.highWater, SEGMENT_LIMIT)
    assert.equal(stamped(await restarted(t, { clock, etcd, one })), 5)
    const loadedLater = await one.load()
    await settle()
    assert.equal(stamped(loadedLater), 5)
  })

test('a database that deleted a tag with a layout while it was alone leaves the name to whoever has it where it joins', async (t) => {
  const { clock, etcd, one, two } = await sites(t)
  await one.make(undefined)
  await one.database.sync.sync('w/g/t')
  const { tag } = await two.make(NARROW)
  await two.database.store.deleteTag(REF, undefined, { generation: tag.generation, atLeast: SEGMENT_LIMIT })
  await two.database.ranges.check()
  assert.equal((await tombstoneOf(one))?.highWater, SEGMENT_LIMIT)
  assert.equal(stamped(await restarted(t, { clock, etcd, one })), 5)
})

test('a key that a person wrote is no sign that a creation under way ends in a tag', async (t) => {
  const { clock, one, two } = await sites(t)
  const { names, coordinator } = one.database
  const draft = newTag('t', { chain: ['snowflake'] })
  const begun = rangeClaimOf({ generation: '7'.repeat(32), space: draft.space })
  const made = await names.claim(await names.read('w/g/t'), begun)
  assert.ok(made !== undefined)
  const space = { ...draft.space, format: { snowflake: NARROW } }
  const byHand = printTagRecord({ ...draft, generation: '8'.repeat(32), space })
  await coordinator.transact({ compare: [], change: [{ put: configKey('w/g/t'), value: byHand }] })
  const past = await two.make(undefined)
  await looked(past, clock, 1000)
  assert.equal(stamped(past), 0)
  // It failed: the key, with its layout, is a tag of whoever takes it in.
  await names.unclaim(made)
  await one.database.withGroup()
  await one.database.sync.sync('w/g/t')
  const taken = await one.load()
  await settle()
  assert.deepEqual([stamped(taken), stamped(past)], [5, 0])
})

/** What the row above rests on: what lies beside an own claim came after it. */
test('nothing is claimed under a tombstone of 2^53, by creation, by the exchange or out of a key', async (t) => {
  const { one, two } = await sites(t)
  const grave = { generation: '7'.repeat(32), highWater: SEGMENT_LIMIT }
  await one.database.names.raiseTombstone('w/g/t', grave)
  await one.make(undefined)
  await one.database.sync.sync('w/g/t')
  await two.database.withGroup()
  const draft = newTag('t', { chain: ['snowflake'] })
  await assert.rejects(two.database.catalog.createTag(draft), { code: 'IDGEN_RANGE_EXHAUSTED' })
  await two.database.coordinator.transact({
    compare: [],
    change: [{ put: configKey('w/g/t'), value: printTagRecord({ ...draft, generation: '8'.repeat(32) }) }],
  })
  await two.database.sync.sync('w/g/t')
  assert.equal((await one.database.names.read('w/g/t')).claim, undefined)
})

async function tombstoneOf({ database }: Site): Promise<Tombstone | undefined> {
  const { tombstone } = await database.names.read('w/g/t')
  return tombstone && parseTombstone(tombstone.value)
}
