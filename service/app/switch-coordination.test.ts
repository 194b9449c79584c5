import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { TimeWorld } from '../../test/fixtures/time-world.ts'
import { UnreliableCoordinator } from '../../test/fixtures/unreliable-coordinator.ts'
import { UnreliableTimes } from '../../test/fixtures/unreliable-times.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { authorityKey, workerKey, workerTimeKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { AuditTrail } from './audit-trail.ts'
import { SwitchCoordination, type SwitchStep } from './switch-coordination.ts'
import type { GrantingStore } from './switch-plan.ts'
import { parseTime } from './worker-record.ts'

const CLI = { actor: 'cli', traceId: undefined }

function switching(world: TimeWorld, seed = 1) {
  const coordinator = new UnreliableCoordinator(new MemoryCoordinator(world.etcd))
  const database = new UnreliableTimes(world.database)
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock: world.clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  const steps: SwitchStep[] = []
  const random = new MemoryRandom(seed)
  const tool = new SwitchCoordination({
    coordinator,
    database,
    audit,
    random,
    onStep: (step) => steps.push(step),
  })
  return { coordinator, database, sink, audit, steps, tool }
}

function granter(world: TimeWorld, store: GrantingStore) {
  return store === 'etcd'
    ? world.process(4).grants
    : new MemoryTimeGrantStore(world.clock, { workers: 4 }, world.tables)
}

const other = (store: GrantingStore): GrantingStore => (store === 'etcd' ? 'postgres' : 'etcd')

/** Two holders in `from`, with windows of one and of two seconds that begin now. */
async function twoHolders(world: TimeWorld, from: GrantingStore) {
  const nowMs = world.clock.nowMs()
  const store = granter(world, from)
  const first = await store.acquire(world.request())
  const second = await store.acquire(world.request())
  const holds = [
    await store.extend(first, nowMs + 1000, 30_000),
    await store.extend(second, nowMs + 2000, 30_000),
  ]
  return { store, holds: holds.filter((hold) => hold !== undefined), nowMs }
}

for (const from of ['etcd', 'postgres'] as const) {
  const to = other(from)
  describe(`a switch from ${from} to ${to}`, () => {
    test('ends every hold, carries every until over, and lets the new store go on above', async () => {
      const world = new TimeWorld()
      const { store, holds, nowMs } = await twoHolders(world, from)
      const { tool, steps, audit, sink } = switching(world)
      const report = await tool.run(CLI, { dc: 0, to, force: true })
      assert.equal(report.outcome, 'switched')
      assert.deepEqual(steps, [
        'database frozen',
        'etcd frozen',
        'holds ended',
        'times carried over',
        'database set',
        'etcd set',
      ])
      for (const hold of holds) {
        assert.equal(await store.extend(hold, nowMs + 5000, 30_000), undefined)
        assert.equal(await store.release(hold, nowMs), false)
      }
      await rejectsWith('IDGEN_COORDINATION_MISMATCH', store.acquire(world.request()))
      world.clock.advance(10_000)
      const fresh = granter(world, to)
      const untils: number[] = []
      for (let i = 0; i < 4; i += 1) untils.push((await fresh.acquire(world.request())).untilMs)
      assert.deepEqual(
        untils.sort((a, b) => a - b),
        [0, 0, nowMs + 1000, nowMs + 2000],
      )
      await audit.flush()
      const [record] = sink.records
      assert.equal(record?.action, 'coordination.switch')
      assert.equal(record?.subject, 'dc 0')
      assert.deepEqual(
        [record?.detail['to'], record?.detail['outcome'], record?.detail['holdsEnded']],
        [to, 'switched', 2],
      )
    })

    test('is refused while processes hold worker ids, names them, and changes nothing', async () => {
      const world = new TimeWorld()
      const { store, holds, nowMs } = await twoHolders(world, from)
      const { tool, sink } = switching(world)
      const error = await rejectsWith('IDGEN_NOT_EMPTY', tool.run(CLI, { dc: 0, to }))
      assert.match(error.message, /host 1.*host 2.*--force/)
      for (const hold of holds) assert.ok(await store.extend(hold, nowMs + 5000, 30_000))
      assert.equal(sink.records.length, 0)
    })

    test('needs no force once the holders are gone', async () => {
      const world = new TimeWorld()
      const { store, holds, nowMs } = await twoHolders(world, from)
      for (const hold of holds) assert.ok(await store.release(hold, nowMs))
      assert.equal((await switching(world).tool.run(CLI, { dc: 0, to })).outcome, 'switched')
      assert.equal((await switching(world).tool.run(CLI, { dc: 0, to })).outcome, 'already')
    })

    test('only looks when it is dry', async () => {
      const world = new TimeWorld()
      const { store, holds, nowMs } = await twoHolders(world, from)
      const { tool, steps, audit } = switching(world)
      const report = await tool.run(CLI, { dc: 0, to, force: true, dryRun: true })
      assert.equal(report.outcome, 'planned')
      assert.equal(report.before.untilMs.size, 2)
      assert.deepEqual([steps.length, audit.queued], [0, 0])
      for (const hold of holds) assert.ok(await store.extend(hold, nowMs + 5000, 30_000))
    })

    test('interrupted at any point, before or after any call, is finished by running it again', async () => {
      let calls = 1
      for (let failAt = 0; failAt < calls; failAt += 1)
        for (const done of [false, true]) {
          const world = new TimeWorld()
          const { store, holds, nowMs } = await twoHolders(world, from)
          const broken = switching(world)
          // One more as long as a run is interrupted: then it would have made further calls.
          calls = Math.max(calls, (await interrupted(broken, to, failAt, done)) + 2)
          if (calls > CALLS_MAX) assert.fail('a switch makes calls without end')
          // Whatever is left, nobody is granted anything twice: no store grants, or one alone does.
          assert.ok(granting(world).length <= 1, `${granting(world).join()} grant after call ${failAt}`)
          const report = await switching(world, 2).tool.run(CLI, { dc: 0, to, force: true })
          assert.ok(['switched', 'finished', 'already'].includes(report.outcome))
          for (const hold of holds)
            assert.equal(await store.extend(hold, nowMs + 5000, 30_000), undefined, `call ${failAt}`)
          assert.deepEqual(granting(world), [to])
          world.clock.advance(10_000)
          const fresh = granter(world, to)
          const untils: number[] = []
          for (let i = 0; i < 4; i += 1) untils.push((await fresh.acquire(world.request())).untilMs)
          assert.deepEqual(
            untils.sort((a, b) => a - b),
            [0, 0, nowMs + 1000, nowMs + 2000],
          )
        }
      assert.ok(calls > 15, `${calls} calls were interrupted`)
    })

    test('interrupted at any point can also be taken back', async () => {
      for (let failAt = 0; failAt < 20; failAt += 1) {
        const world = new TimeWorld()
        const { nowMs } = await twoHolders(world, from)
        await interrupted(switching(world), to, failAt, true)
        await switching(world, 2).tool.run(CLI, { dc: 0, to: from, force: true })
        assert.deepEqual(granting(world), [from])
        world.clock.advance(40_000)
        const again = granter(world, from)
        const untils: number[] = []
        for (let i = 0; i < 4; i += 1) untils.push((await again.acquire(world.request())).untilMs)
        assert.deepEqual(
          untils.sort((a, b) => a - b),
          [0, 0, nowMs + 1000, nowMs + 2000],
        )
      }
    })
  })
}

/** Runs a switch whose `failAt`-th call fails, after it was done or before. @returns the number of the last call it made, from 0 on */
async function interrupted(
  { coordinator, database, tool }: ReturnType<typeof switching>,
  to: GrantingStore,
  failAt: number,
  done: boolean,
): Promise<number> {
  let calls = -1
  const due = () => {
    calls += 1
    return calls === failAt
  }
  coordinator.before = (call) => {
    if (call !== 'transact' && due())
      throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'the line was cut')
  }
  coordinator.fate = () => (due() ? (done ? 'reply lost' : 'lost') : 'done')
  database.around = async (_name, call) => {
    const fails = due()
    if (fails && !done) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'the line was cut')
    const answer = await call()
    if (fails) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'the line was cut')
    return answer
  }
  await tool.run(CLI, { dc: 0, to, force: true }).catch(() => {})
  return calls
}

/** A switch makes some 20. */
const CALLS_MAX = 100

/** Which stores would grant time now. */
function granting(world: TimeWorld): GrantingStore[] {
  const stores: GrantingStore[] = []
  if (world.tables.find(0)?.authority.store === 'postgres') stores.push('postgres')
  if ((world.entry(authorityKey(0))?.value ?? '').includes('"store":"etcd"')) stores.push('etcd')
  return stores
}

describe('a switch', () => {
  test('of a data centre that was never used does nothing', async () => {
    const world = new TimeWorld()
    const report = await switching(world).tool.run(CLI, { dc: 5, to: 'etcd' })
    assert.equal(report.outcome, 'unused')
    assert.equal(world.tables.find(5), undefined)
    assert.equal(world.entry(authorityKey(5)), undefined)
  })

  test('to where it is already does nothing, with or without a record in etcd', async () => {
    const world = new TimeWorld()
    await granter(world, 'postgres').acquire(world.request())
    assert.equal(
      (await switching(world).tool.run(CLI, { dc: 0, to: 'postgres', force: true })).outcome,
      'already',
    )
    world.put(authorityKey(0), '{"store":"postgres","layoutHash":"layout-a"}')
    assert.equal(
      (await switching(world).tool.run(CLI, { dc: 0, to: 'postgres', force: true })).outcome,
      'already',
    )
  })

  test('into a database that knows nothing of the data centre needs force, and takes its record out of etcd', async () => {
    const world = new TimeWorld()
    const { nowMs } = await twoHolders(world, 'etcd')
    world.tables.restore(new Map())
    const other = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      switching(world).tool.run(CLI, { dc: 0, to: 'postgres' }),
    )
    assert.match(other.message, /is it the right database, and the right number/)
    assert.deepEqual(granting(world), ['etcd'])
    const report = await switching(world).tool.run(CLI, { dc: 0, to: 'postgres', force: true })
    assert.equal(report.outcome, 'switched')
    assert.equal((await world.database.standing(0))?.layoutHash, 'layout-a')
    assert.equal(Math.max(...(await world.database.readAll(0)).values()), nowMs + 2000)
  })

  test('puts an authority record right that was edited in etcd', async () => {
    const world = new TimeWorld()
    await twoHolders(world, 'etcd')
    world.put(authorityKey(0), 'nonsense')
    const report = await switching(world).tool.run(CLI, { dc: 0, to: 'etcd', force: true })
    assert.equal(report.outcome, 'switched')
    assert.equal(world.entry(authorityKey(0))?.value, '{"store":"etcd","layoutHash":"layout-a"}')
  })

  test('is refused where both stores would grant but name two layouts, or no layout is known', async () => {
    const world = new TimeWorld()
    await world.database.authority(0, { store: 'postgres', layoutHash: 'layout-a' })
    world.put(authorityKey(0), '{"store":"etcd","layoutHash":"layout-b"}')
    const error = await rejectsWith(
      'IDGEN_LAYOUT_MISMATCH',
      switching(world).tool.run(CLI, { dc: 0, to: 'etcd' }),
    )
    assert.match(error.message, /layout-a.*layout-b/)
    world.put(authorityKey(1), 'nonsense')
    const unknown = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      switching(world).tool.run(CLI, { dc: 1, to: 'etcd' }),
    )
    assert.match(unknown.message, /nonsense/)
  })

  test('is refused while a time in etcd cannot be read, and says which', async () => {
    const world = new TimeWorld()
    await twoHolders(world, 'etcd')
    world.put(workerTimeKey(0, 3), 'nonsense')
    const error = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      switching(world).tool.run(CLI, { dc: 0, to: 'postgres', force: true }),
    )
    assert.match(error.message, /\/worker-time\/0\/3/)
    assert.deepEqual(granting(world), ['etcd'])
  })

  test('carries 256 times and ends 256 holds in transactions that etcd takes', async () => {
    const world = new TimeWorld()
    await world.database.authority(0, { store: 'etcd', layoutHash: 'layout-a' })
    world.put(authorityKey(0), '{"store":"etcd","layoutHash":"layout-a"}')
    for (let worker = 0; worker < 256; worker += 1) {
      world.put(workerKey(0, worker), JSON.stringify({ nonce: 'x', holder: `host ${worker}`, sinceMs: 1 }))
      world.put(workerTimeKey(0, worker), JSON.stringify({ untilMs: 1000 + worker, nonce: 'x' }))
    }
    const { tool } = switching(world)
    assert.equal((await tool.status(0)).etcdHolders.length, 256)
    await tool.run(CLI, { dc: 0, to: 'postgres', force: true })
    assert.equal((await tool.status(0)).etcdHolders.length, 0)
    assert.equal((await world.database.readAll(0)).get(255), 1255)
    await world.database.moveAuthority(
      0,
      2,
      'postgres',
      new Map(Array.from({ length: 256 }, (_, i) => [i, 5000 + i])),
    )
    await tool.run(CLI, { dc: 0, to: 'etcd' })
    assert.equal(parseTime(world.entry(workerTimeKey(0, 255))?.value ?? '')?.untilMs, 5255)
  })

  test('whose last message arrives late, after another one began, sets nothing', async () => {
    const world = new TimeWorld()
    await twoHolders(world, 'etcd')
    const first = switching(world)
    first.coordinator.fate = ({ change }) =>
      change.some((one) => 'put' in one && one.value.includes('"store":"etcd"')) ? 'late' : 'done'
    await rejectsWith(
      'IDGEN_COORDINATION_UNAVAILABLE',
      first.tool.run(CLI, { dc: 0, to: 'etcd' }).then(async () => {
        await switching(world, 3).tool.run(CLI, { dc: 0, to: 'postgres', force: true })
        return await first.tool.run(CLI, { dc: 0, to: 'etcd', force: true })
      }),
    )
    const second = switching(world, 2)
    second.coordinator.fate = ({ change }) =>
      change.some((one) => 'put' in one && one.value.includes('"store":"postgres"')) ? 'lost' : 'done'
    await rejectsWith(
      'IDGEN_COORDINATION_UNAVAILABLE',
      second.tool.run(CLI, { dc: 0, to: 'postgres', force: true }),
    )
    assert.deepEqual(granting(world), ['postgres'])
    await first.coordinator.arrive()
    assert.deepEqual(granting(world), ['postgres'])
  })

  test('that meets another one in the middle ends with an error and sets nothing', async () => {
    const world = new TimeWorld()
    await twoHolders(world, 'etcd')
    const slow = switching(world)
    slow.coordinator.fate = ({ change }) => {
      // Before it freezes etcd, another one comes and goes.
      slow.coordinator.fate = () => 'done'
      assert.equal(change.length, 1)
      return 'done'
    }
    let met = false
    slow.database.around = async (name, call) => {
      if (name === 'moveAuthority' && !met) {
        met = true
        await switching(world, 2).tool.run(CLI, { dc: 0, to: 'postgres', force: true })
      }
      return await call()
    }
    const error = await rejectsWith(
      'IDGEN_COORDINATION_MISMATCH',
      slow.tool.run(CLI, { dc: 0, to: 'etcd', force: true }).then(async (report) => {
        assert.equal(report.outcome, 'already')
        return await slow.tool.run(CLI, { dc: 0, to: 'postgres', force: true })
      }),
    )
    assert.match(error.message, /at the same time/)
    assert.deepEqual(granting(world), ['postgres'])
  })
})
