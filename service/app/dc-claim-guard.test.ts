import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryDcClaimStore } from '../adapters/memory/memory-dc-claim-store.ts'
import type { AuditRecord } from '../ports/audit-sink.ts'
import { AuditTrail } from './audit-trail.ts'
import { DcClaimGuard, type DcClaimGuardOptions } from './dc-claim-guard.ts'
import { DcClaimMove } from './dc-claim-move.ts'
import { printClaim, readClaim } from './dc-claim-record.ts'

/** One etcd, and databases that are joined by it. */
class World {
  readonly clock = new MemoryClock()
  readonly etcd = new MemoryCoordination(this.clock)
  readonly coordinator = new MemoryCoordinator(this.etcd)
  readonly sink = new MemoryAuditSink()
  readonly log = new RecordedLog()
  readonly audit = new AuditTrail({
    sink: this.sink,
    clock: this.clock,
    log: this.log,
    queueMax: 100,
    flushEveryMs: 1000,
  })
  readonly #t: TestContext

  constructor(t: TestContext) {
    this.#t = t
  }

  database(): MemoryDcClaimStore {
    return new MemoryDcClaimStore(this.clock)
  }

  guard(installation: string, more: Partial<DcClaimGuardOptions> = {}): DcClaimGuard {
    const guard = new DcClaimGuard({
      store: this.database(),
      coordinator: this.coordinator,
      audit: this.audit,
      clock: this.clock,
      log: this.log,
      dc: 3,
      installation,
      instance: `${installation}/1`,
      ...more,
    })
    this.#t.after(() => guard.stop())
    return guard
  }

  move(installation: string, store: MemoryDcClaimStore): DcClaimMove {
    const { coordinator, audit, clock } = this
    return new DcClaimMove({ store, coordinator, audit, clock, installation, instance: 'cli/2' })
  }

  async audited(action: string): Promise<readonly AuditRecord[]> {
    await this.audit.flush()
    return this.sink.records.filter((record) => record.action === action)
  }
}

const ACTOR = { actor: 'cli', traceId: undefined }

test('the first installation gets the data centre in both stores, and its processes go on with it', async (t) => {
  const world = new World(t)
  const store = world.database()
  await world.guard('east', { store }).start()
  const second = world.guard('east', { store })
  await second.start()
  assert.deepEqual([second.fault, second.unconfirmed], [undefined, undefined])
  assert.equal((await store.find(3))?.installation, 'east')
  const entry = await world.coordinator.get('/dcs/3')
  assert.equal(readClaim(3, entry?.value ?? '').installation, 'east')
  const claimed = await world.audited('dc.claim')
  assert.deepEqual(
    claimed.map(({ subject, detail }) => [subject, detail['place'], detail['after']]),
    [
      ['dc 3', 'the database', 'east'],
      ['dc 3', 'etcd', 'east'],
    ],
  )
})

test('another installation is refused by etcd, with both names and what to do, and writes nothing', async (t) => {
  const world = new World(t)
  await world.guard('east').start()
  const store = world.database()
  const { message } = await rejectsWith('IDGEN_DC_CLAIMED', world.guard('west', { store }).start())
  assert.match(message, /"east".*this one is "west".*idgen dc claim --dc 3 --force/)
  assert.deepEqual(await store.list(), [])
  const [conflict] = await world.audited('dc.claim-conflict')
  assert.deepEqual([conflict?.detail['ours'], conflict?.detail['theirs']], ['west', 'east'])
})

test('another installation on the same database is refused while etcd is away, and without any etcd', async (t) => {
  const world = new World(t)
  const store = world.database()
  await world.guard('east', { store }).start()
  world.etcd.away = 'cut off'
  await rejectsWith('IDGEN_DC_CLAIMED', world.guard('west', { store }).start())
  await rejectsWith('IDGEN_DC_CLAIMED', world.guard('west', { store, coordinator: undefined }).start())
  const alone = world.guard('east', { store, coordinator: undefined })
  await alone.start()
  assert.equal(alone.unconfirmed, undefined)
})

test('two data centres on one database have a claim each', async (t) => {
  const world = new World(t)
  const store = world.database()
  await world.guard('same', { store, dc: 0 }).start()
  await world.guard('same', { store, dc: 1 }).start()
  assert.deepEqual(
    (await store.list()).map(({ dc, installation }) => [dc, installation]),
    [
      [0, 'same'],
      [1, 'same'],
    ],
  )
})

test('exactly one of two installations that start at the same moment gets the data centre', async (t) => {
  const world = new World(t)
  const started = await Promise.allSettled(['east', 'west'].map((name) => world.guard(name).start()))
  assert.deepEqual(started.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const alone = { store: world.database(), coordinator: undefined }
  const shared = await Promise.allSettled(['east', 'west'].map((name) => world.guard(name, alone).start()))
  assert.deepEqual(shared.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

test('with etcd away the database decides, and etcd is asked as soon as it answers', async (t) => {
  const world = new World(t)
  world.etcd.away = 'cut off'
  const guard = world.guard('east')
  await guard.start()
  await settle()
  assert.match(guard.unconfirmed ?? '', /cut off/)
  assert.ok(world.log.lines.some(({ text }) => text === 'data centre claimed in the database only'))
  world.etcd.away = undefined
  await settle()
  assert.equal(guard.unconfirmed, undefined)
  assert.equal(guard.fault, undefined)
  assert.notEqual(await world.coordinator.get('/dcs/3'), undefined)
})

test('what etcd says about a claim made without it ends all granting', async (t) => {
  const world = new World(t)
  await world.guard('east').start()
  world.etcd.away = 'cut off'
  const guard = world.guard('west')
  await guard.start()
  assert.equal(guard.fault, undefined)
  world.etcd.away = undefined
  await settle()
  assert.match(guard.fault ?? '', /belongs to the installation "east"/)
})

test('an assumed data centre is taken without etcd only where the database saw it before', async (t) => {
  const world = new World(t)
  const store = world.database()
  world.etcd.away = 'cut off'
  const guess = (): DcClaimGuard => world.guard('east', { store, dcAssumed: true })
  const { message } = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', guess().start())
  assert.match(message, /cut off.*Set datacenter\.id/)
  assert.deepEqual(await store.list(), [])
  await store.claim(3, 'east', 'east/0')
  await guess().start()
})

test('a claim that is moved away is noticed at once, told once, and ends until it comes back', async (t) => {
  const world = new World(t)
  const store = world.database()
  const guard = world.guard('east', { store })
  await guard.start()
  await world.move('west', world.database()).claim(ACTOR, 3, true)
  await settle()
  assert.match(guard.fault ?? '', /"west"/)
  await guard.check()
  const [conflict, ...more] = await world.audited('dc.claim-conflict')
  assert.deepEqual([conflict?.subject, conflict?.result, more.length], ['dc 3', 'IDGEN_DC_CLAIMED', 0])
  assert.deepEqual([conflict?.detail['ours'], conflict?.detail['theirs']], ['east', 'west'])
  assert.equal(world.log.lines.filter(({ level }) => level === 'error').length, 1)
  await world.move('east', store).claim(ACTOR, 3, true)
  await settle()
  assert.equal(guard.fault, undefined)
  assert.equal((await world.audited('dc.claim-clear')).length, 1)
})

test('a claim that was moved in the database is noticed within the hour', async (t) => {
  const world = new World(t)
  const store = world.database()
  const guard = world.guard('east', { store })
  await guard.start()
  await settle()
  await store.move(3, 'east', 'west', 'cli/2')
  await settle()
  assert.equal(guard.fault, undefined)
  world.clock.advance(3_600_000)
  await settle()
  assert.match(guard.fault ?? '', /the database.*|"west"/)
})

test('a claim that etcd lost is made again, also when its whole store was restored', async (t) => {
  const world = new World(t)
  const empty = world.etcd.snapshot()
  const guard = world.guard('east')
  await guard.start()
  await world.coordinator.transact({ compare: [], change: [{ delete: '/dcs/3' }] })
  await settle()
  assert.notEqual(await world.coordinator.get('/dcs/3'), undefined)
  world.etcd.restore(empty)
  await settle()
  assert.notEqual(await world.coordinator.get('/dcs/3'), undefined)
  assert.equal(guard.fault, undefined)
})

test('a store that is away takes nothing away and gives nothing back', async (t) => {
  const world = new World(t)
  const store = world.database()
  const guard = world.guard('east', { store })
  await guard.start()
  world.etcd.away = 'cut off'
  store.away = 'cut off'
  await guard.check()
  assert.deepEqual([guard.fault, guard.unconfirmed], [undefined, undefined])
  store.away = undefined
  await store.move(3, 'east', 'west', 'cli/2')
  await guard.check()
  assert.match(guard.fault ?? '', /"west"/)
  store.away = 'cut off'
  await guard.check()
  assert.match(guard.fault ?? '', /"west"/)
})

test('a key of somebody else’s making counts as claimed', async (t) => {
  const world = new World(t)
  await world.coordinator.transact({ compare: [], change: [{ put: '/dcs/3', value: 'mine!' }] })
  const { message } = await rejectsWith('IDGEN_DC_CLAIMED', world.guard('east').start())
  assert.match(message, /"mine!"/)
})

test('after a stop nothing is asked any more', async (t) => {
  const world = new World(t)
  const guard = world.guard('east')
  await guard.start()
  await guard.stop()
  const value = printClaim({ installation: 'west', claimedBy: 'x', claimedAt: new Date(0) })
  await world.coordinator.transact({ compare: [], change: [{ put: '/dcs/3', value }] })
  await settle()
  assert.equal(guard.fault, undefined)
  assert.equal(world.clock.pending, 0)
})

test('an etcd that knows nothing of a data centre that ran before is named: it may be another one', async (t) => {
  const world = new World(t)
  const store = world.database()
  const warned = () =>
    world.log.lines.filter(({ text }) => text.startsWith('the database knew this data centre'))
  await world.guard('east', { store }).start()
  await world.guard('east', { store }).start()
  assert.equal(warned().length, 0)
  const elsewhere = new MemoryCoordinator(new MemoryCoordination(world.clock))
  await world.guard('east', { store, coordinator: elsewhere }).start()
  assert.equal(warned().length, 1)
})
