import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { timeGrantStoreContract } from '../../test/contracts/time-grant-store.contract.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { HOLDER, heldIn, TIME, TimeWorld } from '../../test/fixtures/time-world.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryTimeCopyStore } from '../adapters/memory/memory-time-copy-store.ts'
import { authorityKey, workerKey } from '../core/coordination-keys.ts'
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

describe('acquiring', () => {
  test('starts at the greater of etcd and its copy, and takes nothing that lies ahead of now', async () => {
    const world = new TimeWorld()
    const { process, hold, nowMs } = await heldIn(world)
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
      /PostgreSQL says.*granted by PostgreSQL.*configured for etcd.*coordination switch/,
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

  test('without PostgreSQL is refused, and where it goes away in the middle no worker id is left behind', async () => {
    const world = new TimeWorld()
    const process = world.process()
    process.database.away = 'cut off'
    await rejectsWith('IDGEN_STORE_UNAVAILABLE', process.grants.acquire(world.request()))
    process.database.away = undefined
    process.coordinator.before = (call) => {
      if (call === 'grantLease') process.database.away = 'cut off'
    }
    await rejectsWith('IDGEN_STORE_UNAVAILABLE', process.grants.acquire(world.request()))
    assert.equal(world.entry(HOLDER), undefined)
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
