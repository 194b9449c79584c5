import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coordinatorContract } from '../../../test/contracts/coordinator.contract.ts'
import { RecordedFollower } from '../../../test/contracts/recorded-follower.ts'
import { rejectsWith } from '../../../test/contracts/rejects-with.ts'
import { settle } from '../../../test/fixtures/settle.ts'
import { MemoryClock } from './memory-clock.ts'
import { MemoryCoordination } from './memory-coordination.ts'
import { MemoryCoordinator } from './memory-coordinator.ts'

coordinatorContract('MemoryCoordinator', async () => {
  const clock = new MemoryClock()
  const shared = new MemoryCoordination(clock)
  return {
    open: () => new MemoryCoordinator(shared),
    pass: async (ms) => {
      clock.advance(ms)
      await settle(2)
    },
    nowMs: () => clock.nowMs(),
    close: async () => {},
  }
})

function made(): { clock: MemoryClock; shared: MemoryCoordination; store: MemoryCoordinator } {
  const clock = new MemoryClock()
  const shared = new MemoryCoordination(clock)
  return { clock, shared, store: new MemoryCoordinator(shared) }
}

function put(store: MemoryCoordinator, key: string, value: string, leaseId?: string) {
  const lease = leaseId === undefined ? {} : { leaseId }
  return store.transact({ compare: [], change: [{ put: key, value, ...lease }] })
}

test('a store that is away rejects every call and tells its followers once, and shows them all when it is back', async () => {
  const { shared, store } = made()
  const seen = new RecordedFollower()
  using _ = store.follow('/a/', seen)
  await put(store, '/a/1', 'x')
  shared.away = 'the network is cut'
  shared.away = 'the network is still cut'
  const lease = '1'
  const calls = [
    () => store.nowMs(),
    () => store.get('/a/1'),
    () => store.list('/a/'),
    () => put(store, '/a/2', 'x'),
    () => store.grantLease(1000),
    () => store.keepAlive(lease),
    () => store.revokeLease(lease),
  ]
  for (const call of calls) {
    const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', call())
    assert.match(error.message, /still cut/)
  }
  assert.equal(await store.health(), 'the network is still cut')
  await settle()
  assert.deepEqual([seen.snapshots, seen.losses], [1, 1])
  shared.away = undefined
  await settle()
  assert.deepEqual([seen.snapshots, seen.losses, [...seen.state.keys()]], [2, 1, ['/a/1']])
  assert.equal(await store.health(), undefined)
})

test('a follower of a store that is away is told so, and gets its snapshot later', async () => {
  const { shared, store } = made()
  shared.away = 'off'
  const seen = new RecordedFollower()
  using _ = store.follow('/a/', seen)
  await settle()
  assert.deepEqual(seen.events, [{ kind: 'lost', why: 'off' }])
  shared.away = undefined
  await settle()
  assert.equal(seen.snapshots, 1)
})

test('a restored store repeats revisions, or goes on far above them, and shows itself to its followers', async () => {
  const { shared, store } = made()
  await put(store, '/a/old', 'x')
  const backup = shared.snapshot()
  const later = await put(store, '/a/new', 'x')
  const seen = new RecordedFollower()
  using _ = store.follow('/a/', seen)
  shared.restore(backup)
  assert.equal((await put(store, '/a/other', 'x')).revision, later.revision, 'a number used before')
  assert.equal(await store.get('/a/new'), undefined)
  await settle()
  assert.deepEqual(
    seen.events.map(({ kind }) => kind),
    ['snapshot', 'lost', 'snapshot', 'put'],
  )
  shared.restore(backup, { bumpRevision: true })
  assert.ok((await put(store, '/a/third', 'x')).revision > 1_000_000_000)
  assert.deepEqual(
    (await store.list('/a/')).entries.map(({ key }) => key),
    ['/a/old', '/a/third'],
    'the backup is not changed by what came after it',
  )
})

test('leases of a backup begin anew, and those granted after it are gone', async () => {
  const { clock, shared, store } = made()
  const old = await store.grantLease(10_000)
  await put(store, '/l/old', 'x', old)
  clock.advance(9000)
  const backup = shared.snapshot()
  const young = await store.grantLease(10_000)
  clock.advance(60_000)
  shared.restore(backup)
  clock.advance(9999)
  assert.equal((await store.get('/l/old'))?.value, 'x')
  assert.equal(await store.keepAlive(young), false)
  clock.advance(1)
  assert.equal(await store.get('/l/old'), undefined)
  assert.equal(clock.pending, 0, 'no alarm is left behind')
})

test('a lease can be ended at once, and runs by the monotonic clock', async () => {
  const { clock, shared, store } = made()
  const lease = await store.grantLease(1)
  await put(store, '/l/a', 'x', lease)
  clock.step(3_600_000)
  clock.advance(999)
  assert.equal((await store.get('/l/a'))?.value, 'x', 'rounded up to a whole second')
  shared.endLease(lease)
  assert.equal(await store.get('/l/a'), undefined)
  assert.equal(clock.pending, 0)
})
