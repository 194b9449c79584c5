// Runs alone: calls are held to deadlines of 300 to 1000 ms.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, afterEach, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import type { EtcdCoordinatorOptions } from '../../service/adapters/etcd/etcd-options.ts'
import type { CoordinatorOutcome } from '../../service/ports/coordinator.ts'
import { RecordedFollower } from '../contracts/recorded-follower.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { settle } from '../fixtures/settle.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { until } from '../fixtures/until.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'

const opened: EtcdCoordinator[] = []
const warnings: string[] = []
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`))

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})
after(() => assert.deepEqual(warnings, [], 'no listener was left behind'))

function open(endpoints: readonly string[], options: Partial<EtcdCoordinatorOptions> = {}): EtcdCoordinator {
  const one = new EtcdCoordinator({ endpoints, prefix: '/idgen', timeoutMs: 2000, log: SILENT, ...options })
  opened.push(one)
  return one
}

function put(store: EtcdCoordinator, key: string, value: string): Promise<CoordinatorOutcome> {
  return store.transact({ compare: [], change: [{ put: key, value }] })
}

/** Writes until it worked: the last one is in the store for certain. */
async function putUntilDone(store: EtcdCoordinator, key: string, value: string): Promise<void> {
  await until(`a write of ${key}`, () =>
    put(store, key, value).then(
      () => true,
      () => false,
    ),
  )
}

describe('three members of etcd', () => {
  let etcd: EtcdCluster
  before(async () => {
    etcd = await testEtcd({ members: 3 })
  })
  after(() => etcd?.close())
  afterEach(async () => {
    for (const member of etcd.members) {
      member.resume()
      member.start()
    }
    await etcd.ready()
  })

  it('answer every call while one of them is down, whichever a client asks first', async () => {
    await etcd.members[1]?.kill()
    await etcd.ready()
    for (let i = 0; i < 12; i += 1) {
      const store = open(etcd.endpoints)
      const lease = await store.grantLease(5000)
      assert.equal((await put(store, '/down/a', String(i))).succeeded, true)
      assert.equal((await store.get('/down/a'))?.value, String(i))
      assert.equal(await store.keepAlive(lease), true)
      assert.ok(Math.abs((await store.nowMs()) - Date.now()) < 1500)
      await store.revokeLease(lease)
      assert.equal(await store.health(), undefined)
    }
  })

  it('are followed through kill -9 and restart of each member, and of all of them', async () => {
    const follower = new RecordedFollower()
    using _ = open(etcd.endpoints).follow('/kill/', follower)
    for (const [round, killed] of [...etcd.members.map((one) => [one]), etcd.members].entries()) {
      const writer = open(etcd.endpoints)
      await Promise.all(killed.map((member) => member.kill()))
      for (const member of killed) member.start()
      await etcd.ready()
      await putUntilDone(writer, `/kill/${round}`, 'x')
      await until('the change is told', () => follower.state.has(`/kill/${round}`))
    }
    assert.ok(follower.losses >= 1, 'the follower was told of a loss')
    assert.equal(follower.outOfOrder, 0)
    const { entries } = await open(etcd.endpoints).list('/kill/')
    assert.deepEqual(
      [...follower.state.keys()].sort(),
      entries.map(({ key }) => key),
    )
  })

  it('are followed through a change of the leader, also where it was the one that was followed', async () => {
    const leader = await etcd.leader()
    const followers = etcd.members.map(({ endpoint }) => {
      const follower = new RecordedFollower()
      const others = etcd.endpoints.filter((one) => one !== endpoint)
      // The first is asked first by one of the three at least; all of them have a way out.
      open([endpoint, ...others]).follow('/leader/', follower)
      return follower
    })
    await until('all have a snapshot', () => followers.every(({ snapshots }) => snapshots === 1))
    leader.pause()
    const living = etcd.endpoints.filter((endpoint) => endpoint !== leader.endpoint)
    await putUntilDone(open(living), '/leader/a', 'x')
    await until('all are told', () => followers.every(({ state }) => state.has('/leader/a')))
    leader.resume()
    await etcd.ready()
    await putUntilDone(open(etcd.endpoints), '/leader/b', 'x')
    await until('all are told', () => followers.every(({ state }) => state.has('/leader/b')))
    for (const { losses, snapshots } of followers) assert.ok(losses === 0 || snapshots > losses)
  })

  it('tell a follower of a member that is cut off from the others that it is lost', async () => {
    const [alone, ...others] = etcd.members
    assert.ok(alone)
    const follower = new RecordedFollower()
    using _ = open([alone.endpoint]).follow('/alone/', follower)
    await until('the snapshot', () => follower.snapshots === 1)
    for (const member of others) member.pause()
    await until('the loss', () => follower.losses === 1)
    const error = await rejectsWith(
      'IDGEN_COORDINATION_UNAVAILABLE',
      open([alone.endpoint]).get('/alone/a', 500),
    )
    assert.match(error.message, /unknown/)
    for (const member of others) member.resume()
    await until('it is found again', () => follower.snapshots === 2)
    assert.equal(follower.losses, 1, 'told once')
  })
})

describe('one etcd', () => {
  let etcd: EtcdCluster
  before(async () => {
    etcd = await testEtcd()
  })
  after(() => etcd?.close())
  // So that one failure is one failure.
  afterEach(async () => {
    etcd.members[0]?.resume()
    etcd.members[0]?.start()
    await etcd.ready()
  })

  function port(): number {
    return Number(new URL(etcd.endpoints[0] ?? '').port)
  }

  it('that is frozen makes every call reject within its deadline, and says that the outcome is unknown', async () => {
    const store = open(etcd.endpoints, { timeoutMs: 300 })
    const lease = await store.grantLease(60_000)
    const follower = new RecordedFollower()
    using _ = store.follow('/frozen/', follower)
    await until('the snapshot', () => follower.snapshots === 1)
    etcd.members[0]?.pause()
    const calls: (() => Promise<unknown>)[] = [
      () => store.nowMs(),
      () => store.get('/frozen/a'),
      () => store.list('/frozen/'),
      () => put(store, '/frozen/a', 'x'),
      () => store.grantLease(1000),
      () => store.keepAlive(lease),
      () => store.revokeLease(lease),
    ]
    for (const call of calls) {
      const startMs = performance.now()
      const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', call())
      assert.match(error.message, /unknown/)
      assert.ok(error.cause instanceof Error)
      assert.ok(performance.now() - startMs < 1000)
    }
    const startMs = performance.now()
    assert.match((await store.health(100)) ?? '', /no answer|DEADLINE|deadline/i)
    assert.ok(performance.now() - startMs < 300)
    await until('a dead stream is noticed', () => follower.losses === 1)
    etcd.members[0]?.resume()
    await until('and followed again', () => follower.snapshots === 2)
    assert.equal(await store.health(), undefined)
  })

  it('that is down delays no construction, refuses calls at once, and is followed when it comes', async () => {
    await etcd.members[0]?.kill()
    const store = open(etcd.endpoints)
    const follower = new RecordedFollower()
    using _ = store.follow('/late/', follower)
    const startMs = performance.now()
    const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', put(store, '/late/a', 'x'))
    assert.match(error.message, /no member could be reached/)
    assert.ok(performance.now() - startMs < 1000)
    // What else gRPC says depends on whether it tries to connect at this very moment.
    assert.match((await store.health()) ?? '', /UNAVAILABLE.*no member could be reached/)
    await until('the loss is told', () => follower.losses === 1)
    etcd.members[0]?.start()
    await etcd.ready()
    await until('the snapshot comes', () => follower.snapshots === 1)
    assert.equal(follower.losses, 1, 'told once')
    await put(store, '/late/a', 'x')
    await until('the change is told', () => follower.state.has('/late/a'))
  })

  it('keeps leases through its restart, for holders that keep them alive', async () => {
    const store = open(etcd.endpoints)
    const lease = await store.grantLease(3000)
    await store.transact({ compare: [], change: [{ put: '/kept/a', value: 'x', leaseId: lease }] })
    await etcd.members[0]?.kill()
    etcd.members[0]?.start()
    await etcd.ready()
    await until('the lease is kept', () => store.keepAlive(lease).catch(() => false))
    assert.equal((await store.get('/kept/a'))?.value, 'x')
  })

  it('that compacted what a follower missed shows it everything anew', async () => {
    const writer = open(etcd.endpoints)
    await put(writer, '/compact/gone', 'x')
    const proxy = await cuttingProxy(port())
    try {
      const follower = new RecordedFollower()
      using _ = open([`http://127.0.0.1:${proxy.port}`]).follow('/compact/', follower)
      await until('the snapshot', () => follower.state.has('/compact/gone'))
      proxy.refuse(true)
      await until('the loss', () => follower.losses === 1)
      await writer.transact({ compare: [], change: [{ delete: '/compact/gone' }] })
      await put(writer, '/compact/new', 'x')
      await etcd.compact()
      proxy.refuse(false)
      await until('the snapshot', () => follower.state.has('/compact/new'))
      assert.deepEqual([...follower.state.keys()], ['/compact/new'])
      assert.equal(follower.snapshots, 2)
    } finally {
      await proxy.close()
    }
  })

  it('loses nothing in the watch gap of etcd3: cut off at any point of the conversation', async () => {
    const writer = open(etcd.endpoints)
    const proxy = await cuttingProxy(port())
    try {
      const follower = new RecordedFollower()
      proxy.cutAfter = 1
      using _ = open([`http://127.0.0.1:${proxy.port}`]).follow('/gap/', follower)
      let written = 0
      const endMs = performance.now() + 25_000
      for (let cutAfter = 1; cutAfter <= 12; cutAfter += 1) {
        proxy.cutAfter = cutAfter
        const before = proxy.cuts
        while (proxy.cuts === before) {
          // Deleted by the next one, so that a lost deletion shows as well.
          const change = [{ put: `/gap/${written}`, value: 'x' }, { delete: `/gap/${written - 5}` }]
          await writer.transact({ compare: [], change })
          written += 1
          assert.ok(performance.now() < endMs, 'the conversation gets to the cut')
          // The follower waits up to a second before it comes back; nobody needs thousands of changes meanwhile.
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      proxy.cutAfter = undefined
      await until('the last change', () => follower.state.has(`/gap/${written - 1}`))
      const { entries } = await writer.list('/gap/')
      await until('the last deletion', () => follower.state.size === entries.length)
      assert.deepEqual([...follower.state.keys()].sort(), entries.map(({ key }) => key).sort())
      assert.ok(follower.snapshots > 1 && follower.losses >= 1)
      assert.equal(follower.outOfOrder, 0)
    } finally {
      await proxy.close()
    }
  })

  it('does not care for steps of the client’s wall clock', async (t) => {
    const store = open(etcd.endpoints, { timeoutMs: 500 })
    const follower = new RecordedFollower()
    using _ = store.follow('/clock/', follower)
    const lease = await store.grantLease(20_000)
    const nowMs = Date.now()
    t.mock.timers.enable({ apis: ['Date'], now: nowMs })
    for (const [i, stepMs] of [3_600_000, -3_600_000, 0].entries()) {
      const pending = put(store, '/clock/a', String(i))
      // On its way: gRPC takes a deadline by the wall clock, so a step before that would be in it.
      await settle()
      t.mock.timers.setTime(nowMs + stepMs)
      assert.equal((await pending).succeeded, true)
      assert.equal((await store.get('/clock/a'))?.value, String(i))
      assert.equal(await store.keepAlive(lease), true)
      await until('the change is told', () => follower.state.get('/clock/a') === String(i))
      etcd.members[0]?.pause()
      // A busy machine stops the process a little later.
      await new Promise((resolve) => setTimeout(resolve, 50))
      const startMs = performance.now()
      const late = store.get('/clock/a')
      await settle()
      t.mock.timers.setTime(nowMs - stepMs)
      await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', late)
      const tookMs = performance.now() - startMs
      // By the wall clock it would be an hour, or none.
      assert.ok(tookMs > 400 && tookMs < 10_000, `the deadline held: ${tookMs} ms`)
      etcd.members[0]?.resume()
    }
    t.mock.timers.reset()
    assert.equal(follower.losses, 0)
  })

  it('leaves nothing open behind followers that come and go', async () => {
    const store = open(etcd.endpoints)
    const kept = new RecordedFollower()
    using _ = store.follow('/many/', kept)
    await until('the snapshot', () => kept.snapshots === 1)
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    for (let i = 0; i < 60; i += 1) {
      const follower = new RecordedFollower()
      const following = store.follow('/many/', follower)
      if (i % 3 > 0) await until('the snapshot', () => follower.snapshots === 1)
      following[Symbol.dispose]()
    }
    await put(store, '/many/a', 'x')
    await until('the change is told', () => kept.state.has('/many/a'))
    assert.equal(kept.losses, 0, 'others going does not disturb one that stays')
    await until('connections are closed', () => sockets() <= before + 2)
  })

  it('lets a process end that closed its client', async () => {
    const program = `
      import { EtcdCoordinator } from ${JSON.stringify(import.meta.resolve('../../service/adapters/etcd/etcd-coordinator.ts'))}
      const nothing = () => {}
      const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
      const store = new EtcdCoordinator({ endpoints: ['${etcd.endpoints[0]}', 'http://127.0.0.1:1'], prefix: '/idgen', timeoutMs: 1000, log })
      store.follow('/end/', { onSnapshot: nothing, onPut: nothing, onDelete: nothing, onLost: nothing })
      await store.keepAlive(await store.grantLease(10_000))
      await store.nowMs()
      await store.close()
      console.log(performance.now())`
    const startMs = performance.now()
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 60_000,
    })
    const lingeredMs = performance.now() - startMs - Number(stdout)
    assert.ok(lingeredMs < 2500, `the process ended ${lingeredMs} ms after close`)
  })

  it('rejects calls after close without sending them', async () => {
    const store = open(etcd.endpoints)
    await store.close()
    const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', store.get('/closed/a'))
    assert.match(error.message, /closed/)
    assert.match((await store.health()) ?? '', /closed/)
  })
})

describe('an etcd that asks for a password', () => {
  let etcd: EtcdCluster
  before(async () => {
    etcd = await testEtcd()
    await etcd.requirePassword('root', 'secret word')
  })
  after(() => etcd?.close())

  it('serves who knows it, also after a restart in which it forgot who had logged in', async () => {
    const store = open(etcd.endpoints, { username: 'root', password: 'secret word' })
    const follower = new RecordedFollower()
    using _ = store.follow('/auth/', follower)
    await put(store, '/auth/a', 'x')
    await until('the change is told', () => follower.state.has('/auth/a'))
    await etcd.members[0]?.kill()
    etcd.members[0]?.start()
    await etcd.ready()
    await putUntilDone(store, '/auth/b', 'x')
    await until('the change is told', () => follower.state.has('/auth/b'))
    assert.equal(await store.keepAlive(await store.grantLease(5000)), true)
  })

  it('refuses everybody else, and says so', async () => {
    for (const auth of [{}, { username: 'root', password: 'wrong' }]) {
      const error = await rejectsWith(
        'IDGEN_COORDINATION_UNAVAILABLE',
        put(open(etcd.endpoints, auth), '/auth/c', 'x'),
      )
      assert.match(error.message, /user name is empty|authentication failed/)
      assert.match(error.message, /etcd refused it/)
    }
  })
})
