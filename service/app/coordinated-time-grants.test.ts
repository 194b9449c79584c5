import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { timeGrantStoreContract } from '../../test/contracts/time-grant-store.contract.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { TimeWorld } from '../../test/fixtures/time-world.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryTimeCopyStore } from '../adapters/memory/memory-time-copy-store.ts'
import { authorityKey, workerKey, workerTimeKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { TimeHold } from '../ports/time-grant-store.ts'
import { CoordinatedTimeGrants } from './coordinated-time-grants.ts'

timeGrantStoreContract('CoordinatedTimeGrants in memory', async () => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const coordinator = new MemoryCoordinator(etcd)
  const copies = new MemoryTimeCopyStore(clock)
  return {
    open: (workers) => new CoordinatedTimeGrants({ coordinator, copies, clock, log: SILENT, workers }),
    endLease: async ({ dc, worker }) => {
      etcd.transact({ compare: [], change: [{ delete: workerKey(dc, worker) }] })
    },
    lapsedGoesOn: false,
    close: async () => {},
  }
})

const TIME = workerTimeKey(0, 0)
const HOLDER = workerKey(0, 0)

/** A hold with a window of a second that begins now. */
async function held(world: TimeWorld, process = world.process()) {
  const nowMs = world.clock.nowMs()
  const first = await process.grants.acquire(world.request())
  const hold = await process.grants.extend(first, nowMs + 1000, 30_000)
  assert.ok(hold)
  return { process, first, hold, nowMs }
}

function timeInEtcd(world: TimeWorld): unknown {
  return JSON.parse(world.entry(TIME)?.value ?? '{}').untilMs
}

describe('acquiring', () => {
  test('starts at the greater of etcd and its copy, and takes nothing that lies ahead of now', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    await process.grants.release(hold, nowMs + 1000)
    world.put(TIME, JSON.stringify({ untilMs: nowMs - 9000, nonce: 'x' }))
    const error = await rejectsWith('IDGEN_WORKER_UNAVAILABLE', process.grants.acquire(world.request()))
    assert.match(error.message, /0 of 1 are held and the time of the others lies ahead of the stores' clock/)
    assert.equal(error.retryAfterMs, 1000)
    world.clock.advance(1000)
    assert.equal((await process.grants.acquire(world.request())).untilMs, nowMs + 1000, 'the copy is greater')
  })

  test('a worker id whose time only the copy has ahead is let go again at once', async () => {
    const world = new TimeWorld()
    const process = world.process()
    await process.database.authority(0, { store: 'etcd', layoutHash: 'layout-a' })
    const read = process.database.readAll.bind(process.database)
    process.database.readAll = async (dc) => {
      const seen = await read(dc)
      await process.database.replace(
        0,
        0,
        { untilMs: 0, nonce: '' },
        { untilMs: world.clock.nowMs() + 500, nonce: 'z' },
      )
      return seen
    }
    await rejectsWith('IDGEN_WORKER_UNAVAILABLE', process.grants.acquire(world.request()))
    assert.equal(world.entry(HOLDER), undefined)
  })

  test('a time that nobody can read is never taken for never used', async () => {
    const world = new TimeWorld()
    for (const text of [
      '',
      '{}',
      'null',
      '{"untilMs":-1,"nonce":""}',
      '{"untilMs":1.5,"nonce":""}',
      '{"untilMs":1}',
    ]) {
      world.put(TIME, text)
      await rejectsWith('IDGEN_WORKER_UNAVAILABLE', world.process().grants.acquire(world.request()))
      assert.equal(world.entry(HOLDER), undefined)
    }
  })

  test('tries the next worker id where another process was faster, and says so when all were taken', async () => {
    const world = new TimeWorld()
    const slow = world.process(2)
    slow.coordinator.before = async (call) => {
      if (call !== 'grantLease') return
      slow.coordinator.before = () => {}
      await world.process(2).grants.acquire(world.request())
    }
    assert.ok(await slow.grants.acquire(world.request()))
    const late = world.process(3)
    late.coordinator.before = async (call) => {
      if (call !== 'grantLease') return
      late.coordinator.before = () => {}
      await world.process(3).grants.acquire(world.request())
    }
    const error = await rejectsWith('IDGEN_WORKER_UNAVAILABLE', late.grants.acquire(world.request()))
    assert.match(error.message, /other processes took them first/)
    assert.equal(error.retryAfterMs, 100)
  })

  test('whose answer is lost leaves no worker id behind, whether it was done, is done later or never', async () => {
    for (const fate of ['reply lost', 'late', 'lost'] as const) {
      const world = new TimeWorld()
      const process = world.process()
      process.coordinator.fate = ({ change }) =>
        change.some((one) => 'put' in one && one.put === HOLDER) ? fate : 'done'
      await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.acquire(world.request()))
      await process.coordinator.arrive()
      assert.equal(world.entry(HOLDER), undefined, fate)
    }
  })

  test('is refused where another store grants, and where the layout differs, whichever store says so', async () => {
    const world = new TimeWorld()
    await world.database.authority(0, { store: 'postgres', layoutHash: 'layout-a' })
    const first = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      world.process().grants.acquire(world.request()),
    )
    assert.match(
      first.message,
      /PostgreSQL says.*granted by postgres.*configured for etcd.*coordination switch/,
    )
    world.put(authorityKey(1), JSON.stringify({ store: 'moving', layoutHash: 'layout-a' }))
    const second = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      world.process().grants.acquire(world.request(1)),
    )
    assert.match(second.message, /etcd says.*moving/)
    world.put(authorityKey(2), JSON.stringify({ store: 'etcd', layoutHash: 'layout-b' }))
    const third = await rejectsWith('IDGEN_LAYOUT_MISMATCH', world.process().grants.acquire(world.request(2)))
    assert.match(third.message, /layout-b.*layout-a/)
    world.put(authorityKey(3), 'etcd, please')
    const fourth = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      world.process().grants.acquire(world.request(3)),
    )
    assert.match(fourth.message, /no record of idgen but etcd, please/)
  })

  test('is refused when the authority moves between looking and taking', async () => {
    const world = new TimeWorld()
    const process = world.process()
    process.coordinator.before = (call) => {
      if (call === 'grantLease')
        world.put(authorityKey(0), JSON.stringify({ store: 'moving', layoutHash: 'layout-a' }))
    }
    const error = await rejectsWith('IDGEN_COORDINATION_MISMATCH', process.grants.acquire(world.request()))
    assert.match(error.message, /just changed/)
    assert.equal(world.entry(HOLDER), undefined)
  })

  test('without PostgreSQL works only where etcd has the record of who grants already', async () => {
    const world = new TimeWorld()
    const process = world.process()
    process.database.away = 'cut off'
    const error = await rejectsWith('IDGEN_STORE_UNAVAILABLE', process.grants.acquire(world.request()))
    assert.match(error.message, /no record of who grants the time of data centre 0/)
    await world.process().grants.acquire(world.request())
    world.clock.advance(31_000)
    const hold = await process.grants.acquire(world.request())
    assert.ok(await process.grants.extend(hold, world.clock.nowMs() + 1000))
    assert.ok(process.flags.includes('copy-behind'))
  })

  test('a time of etcd and of PostgreSQL far apart: the smaller one counts, so a clock ahead of either is refused', async () => {
    const world = new TimeWorld()
    const { grants, coordinator, database } = world.process()
    const nowMs = world.clock.nowMs()
    coordinator.nowMs = async () => nowMs - 60_000
    assert.equal(await grants.nowMs(), nowMs - 60_000)
    coordinator.nowMs = async () => nowMs + 60_000
    assert.equal(await grants.nowMs(), nowMs)
    database.away = 'cut off'
    assert.equal(await grants.nowMs(), nowMs + 60_000)
  })
})

describe('extending', () => {
  test('raises etcd, then the copy, and only then gives the window', async () => {
    const world = new TimeWorld()
    const order: string[] = []
    const { process, hold, nowMs } = await held(world)
    process.coordinator.before = (call) => void (call === 'transact' && order.push('etcd'))
    const replace = process.database.replace.bind(process.database)
    process.database.replace = async (...args) => {
      order.push('PostgreSQL')
      return await replace(...args)
    }
    assert.deepEqual(await process.grants.extend(hold, nowMs + 2000), { ...hold, untilMs: nowMs + 2000 })
    assert.deepEqual(order, ['etcd', 'PostgreSQL'])
    assert.deepEqual(JSON.parse(world.entry(TIME)?.value ?? ''), {
      untilMs: nowMs + 2000,
      nonce: hold.nonce,
    })
    assert.deepEqual(await world.database.read(0, 0), { untilMs: nowMs + 2000, nonce: hold.nonce })
  })

  test('whose answer was lost is taken again, also further, and what arrives late changes nothing', async () => {
    for (const fate of ['lost', 'reply lost', 'late'] as const) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await held(world)
      process.coordinator.fate = () => fate
      await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.extend(hold, nowMs + 2000))
      process.coordinator.fate = () => 'done'
      const further = await process.grants.extend(hold, nowMs + 3000)
      assert.equal(further?.untilMs, nowMs + 3000, fate)
      await process.coordinator.arrive()
      assert.equal(timeInEtcd(world), nowMs + 3000)
      assert.ok(further && (await process.grants.extend(further, nowMs + 4000)))
    }
  })

  test('trap 6: a process paused past its lease is refused for good, before and after somebody took its worker id', async () => {
    for (const takenOver of [false, true]) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await held(world)
      world.clock.advance(40_000)
      const other = takenOver ? await world.process().grants.acquire(world.request()) : undefined
      assert.equal(await process.grants.extend(hold, nowMs + 50_000), undefined)
      assert.deepEqual(process.flags, ['hold-refused'])
      assert.match(
        process.events[0]?.reason ?? '',
        takenOver ? /another process holds it/ : /its lease ran out/,
      )
      assert.equal(await process.grants.extend(hold, nowMs + 50_000), undefined, 'it ended for good')
      assert.equal(await process.grants.release(hold, nowMs), false)
      assert.equal(timeInEtcd(world), nowMs + 1000, 'what it tried left no trace')
      if (other !== undefined) assert.equal(other.untilMs, nowMs + 1000)
      assert.ok(
        other === undefined || world.entry(HOLDER)?.createRevision === other.revision,
        'nor on the other',
      )
    }
  })

  test('is refused when the record of its time was edited, lowered or removed', async () => {
    for (const edit of [
      (nowMs: number) => JSON.stringify({ untilMs: nowMs - 5000, nonce: 'x' }),
      (nowMs: number) => JSON.stringify({ untilMs: nowMs + 900_000, nonce: 'x' }),
      () => 'nonsense',
    ]) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await held(world)
      world.put(TIME, edit(nowMs))
      assert.equal(await process.grants.extend(hold, nowMs + 2000), undefined)
      assert.match(process.events[0]?.reason ?? '', /restored, or somebody edited it/)
      assert.equal(world.entry(HOLDER), undefined, 'it lets the worker id go')
    }
  })

  test('never takes a time that another hold wrote for its own earlier try', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.database.away = 'cut off'
    world.put(TIME, JSON.stringify({ untilMs: nowMs + 1500, nonce: '' }))
    assert.equal(await process.grants.extend(hold, nowMs + 2000), undefined)
  })

  test('is refused when the authority moved, and says what the record says now', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    world.put(authorityKey(0), JSON.stringify({ store: 'moving', layoutHash: 'layout-a' }))
    assert.equal(await process.grants.extend(hold, nowMs + 2000), undefined)
    assert.match(process.events[0]?.reason ?? '', /authority record says .*moving/)
  })

  test('trap 21: two processes that present the same hold do not both extend it', async () => {
    const world = new TimeWorld()
    const { hold, nowMs } = await held(world)
    assert.equal(await world.process().grants.extend(hold, nowMs + 2000), undefined)
    assert.equal(await world.process().grants.release(hold, nowMs), false)
  })

  test('a window is never lowered by it', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    await assert.rejects(process.grants.extend(hold, nowMs), /never lowers/)
  })

  test('a keep-alive that fails or hangs does not end the hold', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.coordinator.keepAlive = async () => {
      throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'no answer')
    }
    assert.ok(await process.grants.extend(hold, nowMs + 2000))
  })
})

describe('a restored etcd (trap 7)', () => {
  /** A held and extended; the backup is from before; then etcd is put back to it. */
  async function restored(bumpRevision: boolean) {
    const world = new TimeWorld()
    const early = world.process()
    await early.grants.release(await early.grants.acquire(world.request()), 0)
    const before = world.etcd.snapshot()
    const { process, hold, nowMs } = await held(world)
    const during = world.etcd.snapshot()
    const restore = (which: typeof before) => world.etcd.restore(which, { bumpRevision })
    return { world, process, hold, nowMs, before, during, restore }
  }

  for (const bumpRevision of [false, true]) {
    const how = bumpRevision ? 'with its revisions raised' : 'with its revisions repeating'

    test(`trap 7: etcd restored ${how} to before a hold lets no second hold share a millisecond`, async () => {
      const { world, process, hold, nowMs, before, restore } = await restored(bumpRevision)
      restore(before)
      const other = world.process()
      await rejectsWith('IDGEN_WORKER_UNAVAILABLE', other.grants.acquire(world.request()))
      world.clock.advance(1000)
      const second = await other.grants.acquire(world.request())
      assert.equal(second.untilMs, nowMs + 1000, 'the copy remembers')
      assert.equal(await process.grants.extend(hold, nowMs + 3000), undefined)
      assert.ok(await other.grants.extend(second, nowMs + 4000))
    })

    test(`trap 7: etcd restored ${how} to when an old hold lived meets the copy`, async () => {
      const { world, process, hold, nowMs, during, restore } = await restored(bumpRevision)
      world.clock.advance(40_000)
      const other = world.process()
      const second = await other.grants.acquire(world.request())
      assert.ok(await other.grants.extend(second, nowMs + 50_000))
      restore(during)
      assert.equal(await process.grants.extend(hold, nowMs + 60_000), undefined, 'the zombie')
      assert.match(process.events.at(-1)?.reason ?? '', /copy in PostgreSQL is not as this hold left it/)
    })
  }

  test('the same create-revision comes again, and the nonce tells the two holds apart', async () => {
    const world = new TimeWorld()
    const early = world.process()
    await early.grants.release(await early.grants.acquire(world.request()), 0)
    const backup = world.etcd.snapshot()
    const a = world.process()
    const first = await a.grants.acquire(world.request())
    world.etcd.restore(backup)
    const b = world.process()
    const second = await b.grants.acquire(world.request())
    assert.equal(second.revision, first.revision)
    assert.equal(await a.grants.extend(first, world.clock.nowMs() + 1000), undefined)
    assert.ok(await b.grants.extend(second, world.clock.nowMs() + 1000))
  })

  test('where two holds pass etcd only one passes the copy', async () => {
    const world = new TimeWorld()
    const empty = world.process()
    await empty.grants.release(await empty.grants.acquire(world.request()), 0)
    const backup = world.etcd.snapshot()
    const nowMs = world.clock.nowMs()
    const a = world.process()
    const first = await a.grants.acquire(world.request())
    const replace = a.database.replace.bind(a.database)
    let second: TimeHold | undefined
    const b = world.process()
    // Between etcd's yes and the copy of A: etcd is restored, and B takes the worker id.
    a.database.replace = async (...args) => {
      world.etcd.restore(backup)
      second = await b.grants.acquire(world.request())
      assert.ok(await b.grants.extend(second, nowMs + 2000))
      return await replace(...args)
    }
    assert.equal(await a.grants.extend(first, nowMs + 1000), undefined)
  })
})

describe('PostgreSQL away', () => {
  test('lets the hold go on, flagged once, and is told when the copy caught up', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.database.away = 'cut off'
    const one = await process.grants.extend(hold, nowMs + 2000)
    assert.ok(one)
    const two = await process.grants.extend(one, nowMs + 3000)
    assert.ok(two)
    assert.deepEqual(process.flags, ['copy-behind'])
    assert.match(process.grants.flagged ?? '', /cut off/)
    assert.equal(process.grants.copiesMissed, 2)
    process.database.away = undefined
    assert.ok(await process.grants.extend(two, nowMs + 4000))
    assert.deepEqual(process.flags, ['copy-behind', 'copy-caught-up'])
    assert.equal(process.grants.flagged, undefined)
    assert.equal((await world.database.read(0, 0)).untilMs, nowMs + 4000)
  })

  test('that hangs holds an extension up for two seconds and no longer', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.database.replace = () => new Promise(() => {})
    const extending = process.grants.extend(hold, nowMs + 2000)
    for (let i = 0; i < 20; i += 1) await Promise.resolve()
    world.clock.advance(2000)
    assert.ok(await extending)
    assert.match(process.grants.flagged ?? '', /did not answer within 2000 ms/)
    assert.equal(world.clock.pending, 1, 'the alarm of the lease alone is left')
  })

  test('since before the hold began: the copy is taken up when it is back, unless others used that time', async () => {
    for (const usedByOthers of [false, true]) {
      const world = new TimeWorld()
      await world.process().grants.acquire(world.request())
      world.clock.advance(31_000)
      const process = world.process()
      process.database.away = 'cut off'
      const nowMs = world.clock.nowMs()
      const hold = await process.grants.acquire(world.request())
      const extended = await process.grants.extend(hold, nowMs + 1000)
      assert.ok(extended)
      process.database.away = undefined
      const before = await world.database.read(0, 0)
      if (usedByOthers) await world.database.replace(0, 0, before, { untilMs: nowMs + 500, nonce: 'other' })
      const further = await process.grants.extend(extended, nowMs + 2000)
      assert.equal(further === undefined, usedByOthers)
      if (usedByOthers) assert.match(process.events.at(-1)?.reason ?? '', /another process used that time/)
      else assert.deepEqual(await world.database.read(0, 0), { untilMs: nowMs + 2000, nonce: hold.nonce })
    }
  })

  test('that refuses for another reason than being away ends the try, not the hold', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    const replace = process.database.replace
    process.database.replace = async () => {
      throw new Error('a fault of ours')
    }
    await assert.rejects(process.grants.extend(hold, nowMs + 2000), /a fault of ours/)
    process.database.replace = replace
    assert.ok(await process.grants.extend(hold, nowMs + 2000))
  })
})

describe('releasing', () => {
  test('lowers PostgreSQL first, then etcd, and lets go', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.coordinator.fate = () => {
      assert.equal(timeInEtcd(world), nowMs + 1000)
      return 'done'
    }
    let lowered = false
    process.coordinator.before = async (call) => {
      if (call === 'transact') lowered ||= (await world.database.read(0, 0)).untilMs === nowMs + 10
    }
    assert.equal(await process.grants.release(hold, nowMs + 10), true)
    assert.ok(lowered, 'PostgreSQL was lowered before etcd was asked')
    assert.equal(timeInEtcd(world), nowMs + 10)
    assert.equal(world.entry(HOLDER), undefined)
  })

  test('lowers nothing where PostgreSQL is away, was missed or belongs to another hold, and lets go all the same', async () => {
    for (const spoil of ['away', 'missed', 'other'] as const) {
      const world = new TimeWorld()
      const { process, hold, nowMs } = await held(world)
      let last = hold
      if (spoil === 'missed') {
        process.database.away = 'cut off'
        last = (await process.grants.extend(hold, nowMs + 2000)) ?? hold
        process.database.away = undefined
      }
      if (spoil === 'away') process.database.away = 'cut off'
      const copy = await world.database.read(0, 0)
      if (spoil === 'other') await world.database.replace(0, 0, copy, { ...copy, nonce: 'other' })
      assert.equal(await process.grants.release(last, nowMs + 10), true, spoil)
      assert.equal(timeInEtcd(world), last.untilMs, spoil)
      assert.equal(world.entry(HOLDER), undefined)
    }
  })

  test('trap 5: a hold that lost its worker id lowers nothing on its way out', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    world.clock.advance(40_000)
    const other = world.process()
    const second = await other.grants.acquire(world.request())
    const extended = await other.grants.extend(second, nowMs + 60_000)
    assert.ok(extended)
    assert.equal(await process.grants.release(hold, nowMs + 10), false)
    assert.equal(timeInEtcd(world), nowMs + 60_000)
    assert.equal((await world.database.read(0, 0)).untilMs, nowMs + 60_000)
    assert.equal(world.entry(HOLDER)?.createRevision, second.revision)
    assert.ok(await other.grants.extend(extended, nowMs + 70_000))
  })

  test('trap 5: a lowering that arrives late, after a successor extended, changes nothing', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.coordinator.fate = () => 'late'
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.release(hold, nowMs + 10))
    world.clock.advance(31_000)
    const other = world.process()
    const second = await other.grants.acquire(world.request())
    assert.equal(second.untilMs, nowMs + 1000, 'etcd was not lowered')
    assert.ok(await other.grants.extend(second, nowMs + 60_000))
    await process.coordinator.arrive()
    assert.equal(timeInEtcd(world), nowMs + 60_000)
  })

  test('never goes below what the hold began with, and a hold ends once', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    assert.equal(await process.grants.release(hold, nowMs + 500), true)
    world.clock.advance(600)
    const second = await process.grants.acquire(world.request())
    const extended = await process.grants.extend(second, nowMs + 5000)
    assert.ok(extended && (await process.grants.release(extended, 5)))
    assert.equal(timeInEtcd(world), nowMs + 500)
    assert.equal(await process.grants.release(extended, 5), false)
  })

  test('gives the lease back also when etcd does not answer the rest', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await held(world)
    process.coordinator.fate = () => 'lost'
    await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', process.grants.release(hold, nowMs + 10))
    assert.equal(world.entry(HOLDER), undefined)
  })
})

test('a process that acquires without end keeps its last 1024 holds, and the older ones are refused', async () => {
  const world = new TimeWorld()
  const { grants } = world.process()
  const first = await grants.acquire(world.request())
  for (let i = 0; i < 1024; i += 1) {
    world.etcd.transact({ compare: [], change: [{ delete: HOLDER }] })
    await grants.acquire(world.request())
  }
  assert.equal(await grants.extend(first, world.clock.nowMs()), undefined)
})

test('a worker id has 8 bits: more or less than 1 to 256 of them are refused', () => {
  const world = new TimeWorld()
  for (const workers of [0, 257]) assert.throws(() => world.process(workers), /8 bits/)
})
