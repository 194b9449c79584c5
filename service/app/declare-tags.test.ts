import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { declareTags } from '../../test/fixtures/joined-declarations.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryDeclarationStore } from '../adapters/memory/memory-declaration-store.ts'
import type { TagOwner } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import { canonicalLayout, type TagLayout } from '../core/tag-layout.ts'
import type { DeclareRequest } from './declare-tags.ts'

const ACTOR = { actor: 'operator', traceId: undefined }
const REF = { workspace: 'w', group: 'g', name: 't' }
const OWNER: TagOwner = { cluster: 'c', namespace: 'n', name: 'bt', uid: 'u', createdAt: new Date(1) }
const SPEC = {
  algorithm: 'segment',
  step: { base: 10, max: 1000 },
  space: { cellSize: 1000, dcCount: 2 },
} as const

function request(more: Partial<DeclareRequest> = {}): DeclareRequest {
  return { owner: OWNER, generation: 1, spec: SPEC, floors: new Map(), ...more }
}

async function started(t: TestContext) {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { declarations } = memory.useCases
  const declare = (more: Partial<DeclareRequest> = {}) =>
    declarations.declare(ACTOR, REF, request(more), () => {})
  const highWater = async () => (await declarations.find(REF)).places[0]?.nextValue
  return { ...memory, declarations, declare, highWater, segments: memory.service.segments }
}

test('numbers that a process returned are no loss, those that nobody remembers are', async (t) => {
  const { declare, highWater, segments, catalog } = await started(t)
  const { tag } = await declare()
  const grant = await segments.allocate(tag.id, 0, 100)
  await segments.giveBack(tag.id, 0, { ...grant, lo: 20 })
  assert.equal(await highWater(), 20)
  const floors = new Map([[0, grant.hi]])
  assert.deepEqual((await declare({ floors })).advanced, [])
  assert.equal(await highWater(), 20)
  // The database is restored from a backup: row and log are those of before the grant.
  const row = catalog.segments.get(tag.id)?.get(0)
  Object.assign(row ?? {}, { nextValue: 1, grantedTo: 0 })
  assert.deepEqual((await declare({ floors })).advanced, [0])
  assert.equal((await segments.allocate(tag.id, 0, 10)).lo, grant.hi)
})

test('who may not declare a tag does not move its numbers either', async (t) => {
  const { declare, declarations, highWater } = await started(t)
  await declare({ generation: 5 })
  const floors = new Map([[0, 500]])
  await rejectsWith('IDGEN_DECLARATION_STALE', declare({ generation: 4, floors }))
  const other = { ...OWNER, name: 'other', uid: 'u2' }
  await rejectsWith('IDGEN_TAG_CLAIMED', declare({ owner: other, floors }))
  await rejectsWith('IDGEN_IMMUTABLE', declare({ generation: 6, spec: { space: { dcCount: 1 } }, floors }))
  await declarations.withdraw(ACTOR, REF, 'u', 'retain')
  await rejectsWith('IDGEN_DECLARATION_STALE', declare({ generation: 6, floors }))
  assert.equal(await highWater(), 1)
})

test('a leader that lost the lead undoes nothing, in whichever order the two are heard', async (t) => {
  const { declare, declarations } = await started(t)
  const said = (generation: number) =>
    declare({ generation, spec: { ...SPEC, displayName: `generation ${generation}` } })
  for (const order of [
    [1, 2, 1],
    [4, 3, 3],
    [5, 6, 5, 6],
  ]) {
    await Promise.allSettled(order.map(said))
    const { tag, declaration } = await declarations.find(REF)
    assert.equal(declaration?.generation, Math.max(...order))
    assert.equal(tag.displayName, `generation ${Math.max(...order)}`)
  }
})

test('a tag that somebody deletes while it is adopted is made again above', async (t) => {
  const clock = new MemoryClock()
  const one = await new JoinedDatabase({ clock, etcd: new MemoryCoordination(clock), dc: 0 }).withGroup()
  t.after(() => one.stop())
  class DeletedMeanwhile extends MemoryDeclarationStore {
    #deleted = false

    override async declare(...asked: Parameters<MemoryDeclarationStore['declare']>) {
      if (!this.#deleted) await one.catalog.deleteTag(REF, undefined)
      this.#deleted = true
      return await super.declare(...asked)
    }
  }
  const declarations = declareTags(one, clock, new DeletedMeanwhile(one.memory))
  await one.catalog.createTag(newTag('t'))
  const granted = await one.grant('t', 100)
  const { created, tag } = await declarations.declare(ACTOR, REF, request(), () => {})
  assert.ok(created && tag.space.startAt > Math.max(...granted))
})

test('a tag whose deletion cannot be carried to its end is not adopted, and the caller hears why', async (t) => {
  const clock = new MemoryClock()
  const one = await new JoinedDatabase({ clock, etcd: new MemoryCoordination(clock), dc: 0 }).withGroup()
  t.after(() => one.stop())
  const declarations = declareTags(one, clock)
  const declare = () => declarations.declare(ACTOR, REF, request(), () => {})
  await one.catalog.createTag(newTag('t'))
  await one.store.beginDeletion(REF, undefined)
  one.coordinator.away = true
  const before = one.coordinator.calls
  const refusal = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', declare())
  assert.match(refusal.message, /deletion of w\/g\/t has begun/)
  assert.ok(one.coordinator.calls - before < 4, 'not asked again and again')
  one.coordinator.away = false
  assert.ok((await declare()).created)
})

test('a creation that did not end is named when it is in the way', async (t) => {
  const clock = new MemoryClock()
  class Interrupted extends MemoryCatalogStore {
    down = true

    override async createTag(...asked: Parameters<MemoryCatalogStore['createTag']>) {
      if (this.down) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'a test said so')
      return await super.createTag(...asked)
    }
  }
  const memory = new MemoryCatalog(clock)
  const store = new Interrupted(memory)
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0, memory, wrap: () => store }).withGroup()
  t.after(() => one.stop())
  const declarations = declareTags(one, clock)
  const declare = (more: Partial<DeclareRequest>) => declarations.declare(ACTOR, REF, request(more), () => {})
  await rejectsWith('IDGEN_STORE_UNAVAILABLE', declare({}))
  store.down = false
  const other = declare({ spec: { ...SPEC, space: { cellSize: 2000, dcCount: 2 } } })
  const refusal = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', other)
  assert.match(refusal.message, /claimed by a creation that did not end.*1000/)
  assert.ok((await declare({})).created)
})

test('a declaration that comes after its object went makes nothing', async (t) => {
  for (const policy of ['retain', 'purge'] as const) {
    const { declare, declarations } = await started(t)
    await declarations.withdraw(ACTOR, REF, OWNER.uid, policy)
    await rejectsWith('IDGEN_DECLARATION_STALE', declare())
    await rejectsWith('IDGEN_TAG_NOT_FOUND', declarations.find(REF))
  }
})

test('a declaration that comes while its object goes is given up with it', async (t) => {
  for (const policy of ['retain', 'purge'] as const) {
    const { declare, declarations, catalog } = await started(t)
    t.mock.method(MemoryDeclarationStore.prototype, 'end', async (uid: string) => {
      await declare()
      catalog.releasedOwners.set(uid, undefined)
    })
    await declarations.withdraw(ACTOR, REF, OWNER.uid, policy)
    await rejectsWith('IDGEN_DECLARATION_STALE', declare())
    if (policy === 'retain') assert.equal((await declarations.find(REF)).declaration, undefined)
    else await rejectsWith('IDGEN_TAG_NOT_FOUND', declarations.find(REF))
    t.mock.reset()
  }
})

test('other databases take over what an object declares here', async (t) => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = new JoinedDatabase({ clock, etcd, dc: 0 })
  const two = new JoinedDatabase({ clock, etcd, dc: 1 })
  t.after(() => Promise.all([one.stop(), two.stop()]))
  const declarations = declareTags(one, clock)
  const spec = { ...SPEC, displayName: 'changed' }
  for (const [generation, asked] of [SPEC, spec].entries()) {
    await declarations.declare(ACTOR, REF, request({ generation: generation + 1, spec: asked }), () => {})
    await two.sync.compareAll()
    await two.sync.settled()
  }
  const taken = await two.store.findTag(REF)
  assert.deepEqual([taken?.displayName, taken?.space.cellSize], ['changed', 1000])
})

test('a tag that writes dates and was lost begins with the date after what its object remembers', async (t) => {
  const { declarations, segments, clock } = await started(t)
  const format = { prefix: 'INV-', reset: 'day', width: 4 } as const
  const size = 9998
  const spec = { algorithm: 'segment', step: { base: 10, max: 10 }, space: { dcCount: 2, format } } as const
  const today = Math.floor(clock.nowMs() / 86_400_000)
  const floors = new Map([[0, 1 + today * size + 70]])
  const declare = () => declarations.declare(ACTOR, REF, request({ spec, floors }), () => {})
  const { tag, advanced } = await declare()
  assert.deepEqual([tag.space.startAt, tag.space.cellSize, advanced], [1 + (today + 1) * size, 4999, []])
  const { message } = await rejectsWith('IDGEN_RANGE_EXHAUSTED', segments.allocate(tag.id, 0, 10))
  const begins = new Date((today + 1) * 86_400_000).toISOString()
  assert.ok(
    message.includes(`begins with a later day, at ${begins}: the numbers of this one may have been given`),
    message,
  )
  clock.advance(86_400_000)
  assert.equal((await segments.allocate(tag.id, 0, 10)).lo, 1 + (today + 1) * size)
  // Said again it changes nothing, and a floor of another date moves the cursor as far as it says.
  assert.equal((await declare()).changed, false)
  floors.set(0, 1 + (today + 1) * size + 500)
  assert.deepEqual((await declare()).advanced, [0])
  assert.equal((await segments.allocate(tag.id, 0, 10)).lo, 1 + (today + 1) * size + 500)
})

test('a tag declared with a format is made with it, and no other is taken for it later', async (t) => {
  const { declare } = await started(t)
  const format = { suffix: '/EU', prefix: 'ORD-', shuffleKey: '0f'.repeat(16), width: 6 }
  const spec = { space: { dcCount: 1, format } }
  const { tag } = await declare({ spec })
  assert.deepEqual([tag.space.format, tag.chain], [format, ['segment']])
  const reordered = { prefix: 'ORD-', suffix: '/EU', width: 6, shuffleKey: '0f'.repeat(16) }
  assert.equal((await declare({ spec: { space: { format: reordered } } })).changed, false)
  assert.equal((await declare({ spec: {} })).changed, false, 'left out, it stays')
  const other = { space: { format: { ...format, shuffleKey: '1f'.repeat(16) } } }
  const { message } = await rejectsWith('IDGEN_IMMUTABLE', declare({ spec: other }))
  assert.ok(!message.includes('1f1f') && !message.includes('0f0f'), message)
})

test('a tag with a layout of its own is declared with it, or not at all: its object may have to make it again', async (t) => {
  const { declare, declarations } = await started(t)
  const snowflake = { unitMs: 10, timeBits: 38, sequenceBits: 4 } as TagLayout
  const spec = { space: { format: { snowflake } } }
  const { tag } = await declare({ spec })
  assert.deepEqual(tag.space.format, { snowflake: canonicalLayout('53-bit') })
  assert.deepEqual(tag.chain, ['snowflake', 'uuid-v7', 'uuid-v4'])
  assert.equal((await declare({ spec })).changed, false)
  const { message } = await rejectsWith('IDGEN_IMMUTABLE', declare({ spec: {} }))
  assert.match(
    message,
    /says nothing of it: make the object anew with space.format \{"snowflake":\{"epochMs"/,
  )
  const empty = { space: { format: {} } }
  await rejectsWith('IDGEN_IMMUTABLE', declare({ spec: empty }))
  const another = declarations.declare(ACTOR, { ...REF, name: 'new' }, request({ spec: empty }), () => {})
  await rejectsWith('IDGEN_REQUEST_INVALID', another)
})

test('an object whose layout begins later makes no tag and no place, and changes nothing of a tag that is there', async (t) => {
  const { declare, declarations, clock } = await started(t)
  const snowflake: TagLayout = { ...canonicalLayout('53-bit'), epochMs: clock.nowMs() + 1000 }
  const spec = { space: { format: { snowflake } } }
  await assert.rejects(declare({ spec }), /\/space\/format\/snowflake needs an epochMs that is past/)
  await rejectsWith('IDGEN_TAG_NOT_FOUND', declarations.find(REF))
  clock.advance(1000)
  assert.equal((await declare({ spec })).created, true)
  // A clock that is put back makes no fault of what is there.
  clock.step(-5000)
  assert.equal((await declare({ spec, generation: 2 })).created, false)
})
