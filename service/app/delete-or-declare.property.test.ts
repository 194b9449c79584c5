import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { declareTags } from '../../test/fixtures/joined-declarations.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryDeclarationStore } from '../adapters/memory/memory-declaration-store.ts'
import type { TagOwner } from '../core/declaration.ts'
import { IdgenError } from '../core/errors.ts'
import type { DeclareOutcome } from './declare-tags.ts'

/**
 * A deletion and a declaration of one tag in every order (docs/decisions/0022). The database decides: which of the two
 * transactions, the note of the deletion and the record of the declaration, comes first.
 *
 *     order of events                                     outcome
 *     declared, noted                                     the deletion is refused, nothing was touched
 *     noted, declared                                     the declaration carries the deletion to its end, and makes anew
 *     noted, deleter dies, declared                       the same
 *     noted, deleter dies, nobody comes                   the next look at all tags carries it to its end
 *     noted, deleter paused, declared and made anew, deleter goes on    it finds its tag gone, and touches nothing
 *     noted, etcd done, declared, row deleted             the declaration waits for, or does, the last step
 */
const ACTOR = { actor: 'test', traceId: undefined }
const REF = { workspace: 'w', group: 'g', name: 't' }
const OLD = owner('old')
const NEW = owner('new')

/** Three processes on one database, and another database: all share an etcd. */
async function opened(declared: boolean) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const memory = new MemoryCatalog(clock)
  const open = (dc: number, over: MemoryCatalog) => new Process(clock, etcd, dc, over)
  const [deleter, second, declarer] = [open(0, memory), open(0, memory), open(0, memory)]
  const elsewhere = open(1, new MemoryCatalog(clock))
  await declarer.database.withGroup()
  const declaration = declared ? { owner: OLD, generation: 1 } : undefined
  await declarer.database.catalog.createTag(newTag('t'), declaration)
  await elsewhere.database.sync.sync('w/g/t')
  const granted = new Set<number>()
  for (const process of [declarer, elsewhere]) await grant(process, granted)
  return { deleter, second, declarer, elsewhere, granted, memory }
}
type World = Awaited<ReturnType<typeof opened>>

class Process {
  /** Waited for before each call to the database or to etcd. */
  before: (call: string) => Promise<void> = async () => {}
  readonly database: JoinedDatabase
  readonly #clock: MemoryClock

  constructor(clock: MemoryClock, etcd: MemoryCoordination, dc: number, memory: MemoryCatalog) {
    this.#clock = clock
    const wrap = () => this.#gated(new MemoryCatalogStore(memory))
    this.database = new JoinedDatabase({ clock, etcd, dc, memory, wrap })
    this.database.coordinator.before = () => this.before('etcd')
  }

  get declarations() {
    const store = this.#gated(new MemoryDeclarationStore(this.database.memory))
    return declareTags(this.database, this.#clock, store)
  }

  #gated<T extends object>(store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]): Promise<unknown> => {
          await this.before(String(name))
          return Reflect.apply(value, target, args)
        }
      },
    })
  }
}

/** By people through the API, or by the object that has declared it so far. */
async function remove({ database, declarations }: Process, declared: boolean): Promise<boolean> {
  try {
    if (declared) await declarations.withdraw(ACTOR, REF, OLD.uid, 'purge')
    else await database.catalog.deleteTag(REF, undefined)
    return true
  } catch (thrown) {
    const { code } = IdgenError.from(thrown)
    assert.ok(REFUSALS.includes(code), code)
    return false
  }
}
const REFUSALS: readonly string[] = [
  'IDGEN_TAG_DECLARED',
  'IDGEN_TAG_CLAIMED',
  'IDGEN_TAG_NOT_FOUND',
  'IDGEN_COORDINATION_UNAVAILABLE',
]

/** With numbers of it; undefined: it came between others again and again, and is to be repeated. */
async function declare({ declarer, granted }: World): Promise<DeclareOutcome | undefined> {
  const spec = {
    algorithm: 'segment',
    step: { base: 10, max: 1000 },
    space: { cellSize: 1000, dcCount: 2 },
  } as const
  const wanted = { owner: NEW, generation: 1, takeOverFrom: OLD.uid, spec, floors: new Map() }
  try {
    const outcome = await declarer.declarations.declare(ACTOR, REF, wanted, () => {})
    await grant(declarer, granted)
    return outcome
  } catch (thrown) {
    if (IdgenError.from(thrown).code !== 'IDGEN_COORDINATION_UNAVAILABLE') throw thrown
    return undefined
  }
}

/** All is done that is done in the background; then what was declared first is there still, and everywhere. */
async function check(world: World, first: DeclareOutcome | undefined): Promise<void> {
  const { second, declarer, elsewhere, granted } = world
  await look([declarer, second, elsewhere])
  const last = await declare(world)
  await look([declarer, second, elsewhere])
  assert.equal(last?.declaration?.owner.uid, NEW.uid)
  if (first !== undefined) assert.equal(last.tag.id, first.tag.id, 'what was declared was deleted')
  for (const { database } of [declarer, elsewhere]) {
    const found = await database.store.findPublication(REF)
    assert.deepEqual([found?.tag.id, found?.deleting], [last.tag.id, false])
    assert.deepEqual(database.conflicts.paths, [])
  }
  for (const process of [declarer, elsewhere]) await grant(process, granted)
}

async function grant({ database }: Process, granted: Set<number>): Promise<void> {
  for (const number of await database.grant('t', 30)) {
    assert.ok(!granted.has(number), `${number} was granted twice`)
    granted.add(number)
  }
}

async function look(processes: readonly Process[]): Promise<void> {
  for (let round = 0; round < 3; round += 1)
    for (const { database } of processes) {
      await database.ranges.check()
      await database.sync.compareAll()
      await database.sync.settled()
    }
}

test('a declaration that comes between any two steps of a deletion keeps its tag, also when the deleter dies there', async () => {
  for (const declared of [false, true])
    for (const dies of [false, true])
      for (let at = 0; at < STEPS; at += 1) {
        const world = await opened(declared)
        const { deleter } = world
        let first: DeclareOutcome | undefined
        let left = at
        let over: (() => void) | undefined
        const reached = new Promise<void>((resolve) => (over = resolve))
        deleter.before = async () => {
          if (left-- !== 0) return
          first = await declare(world)
          assert.ok(first !== undefined)
          over?.()
          if (dies) await NEVER
        }
        await Promise.race([remove(deleter, declared), dies ? reached : NEVER])
        await check(world, first)
      }
})

test('a deletion that comes between any two steps of a declaration is refused, or ends before it', async () => {
  for (const declared of [false, true])
    for (let at = 0; at < STEPS; at += 1) {
      const world = await opened(declared)
      const { deleter, declarer } = world
      let left = at
      declarer.before = async () => {
        if (left-- === 0) await remove(deleter, declared)
      }
      await check(world, await declare(world))
    }
})

test('whatever the order, a tag that an object has adopted is deleted by nobody else', async () => {
  const order = fc.scheduler()
  const dies = fc.option(fc.nat(STEPS), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(order, dies, fc.boolean(), fc.boolean(), async (s, diesAfter, twice, declared) => {
      const world = await opened(declared)
      const { deleter, second, declarer, memory } = world
      let left = diesAfter ?? Number.POSITIVE_INFINITY
      let died: (() => void) | undefined
      const dead = new Promise<undefined>((resolve) => (died = () => resolve(undefined)))
      deleter.before = async (call) => {
        await s.schedule(Promise.resolve(), `deleter: ${call}`)
        if (left-- > 0) return
        died?.()
        await NEVER
      }
      for (const [name, process] of Object.entries({ second, declarer }))
        process.before = (call) => s.schedule(Promise.resolve(), `${name}: ${call}`)
      const removed = Promise.race([remove(deleter, declared), dead])
      const again = twice ? remove(second, declared) : undefined
      const first = declare(world)
      await s.waitFor(Promise.all([removed, again, first]))
      for (const process of [second, declarer]) process.before = async () => {}
      if (declared && (await removed) === true) assert.ok(memory.releasedOwners.has(OLD.uid))
      await check(world, await first)
    }),
    { numRuns: 150 },
  )
})

/** More than a deletion or a declaration takes; those beyond find it done. */
const STEPS = 30
const NEVER = new Promise<never>(() => {})

function owner(uid: string): TagOwner {
  return { cluster: 'c', namespace: 'n', name: uid, uid, createdAt: new Date(1) }
}
