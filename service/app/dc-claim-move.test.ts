import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryDcClaimStore } from '../adapters/memory/memory-dc-claim-store.ts'
import type { CoordinatorOutcome, CoordinatorTransaction } from '../ports/coordinator.ts'
import { AuditTrail } from './audit-trail.ts'
import { DcClaimMove } from './dc-claim-move.ts'

const ACTOR = { actor: 'cli', traceId: undefined }

function world() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const coordinator = new MemoryCoordinator(etcd)
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log: new RecordedLog(), queueMax: 100, flushEveryMs: 1000 })
  const store = new MemoryDcClaimStore(clock)
  const move = (installation: string): DcClaimMove =>
    new DcClaimMove({ store, coordinator, audit, clock, installation, instance: 'host/1' })
  const audited = async () => {
    await audit.flush()
    return sink.records
  }
  return { clock, etcd, coordinator, audit, store, move, audited }
}

test('a free data centre is claimed without force, and claiming it again changes nothing', async () => {
  const { move, audited } = world()
  assert.equal((await move('east').claim(ACTOR, 5, false)).changed, true)
  assert.equal((await move('east').claim(ACTOR, 5, false)).changed, false)
  const { database, etcd } = await move('east').look(5)
  assert.deepEqual([database?.installation, etcd?.installation], ['east', 'east'])
  assert.equal((await audited()).length, 1)
})

test('another installation’s data centre is moved only by force, audited with before and after', async () => {
  const { move, audited } = world()
  await move('east').claim(ACTOR, 5, false)
  await rejectsWith('IDGEN_DC_CLAIMED', move('west').claim(ACTOR, 5, false))
  const moved = await move('west').claim(ACTOR, 5, true)
  assert.equal(moved.before.etcd?.installation, 'east')
  const { database, etcd } = await move('west').look(5)
  assert.deepEqual([database?.installation, etcd?.installation], ['west', 'west'])
  const record = (await audited()).at(-1)
  assert.deepEqual(
    [record?.actor, record?.action, record?.subject, record?.detail],
    ['cli', 'dc.claim', 'dc 5', { force: true, before: { database: 'east', etcd: 'east' }, after: 'west' }],
  )
})

test('a move that the database did not get is finished by the same command', async () => {
  const { move, store, coordinator } = world()
  await move('east').claim(ACTOR, 5, false)
  const failing = new Proxy(store, {
    get: (target, name) =>
      name === 'move'
        ? () => Promise.reject(new Error('cut off'))
        : (Reflect.get(target, name) as () => unknown).bind(target),
  })
  const { audit, clock } = world()
  const west = { coordinator, audit, clock, installation: 'west', instance: 'host/2' }
  await assert.rejects(new DcClaimMove({ ...west, store: failing }).claim(ACTOR, 5, true), /cut off/)
  assert.equal((await store.find(5))?.installation, 'east')
  assert.equal((await move('west').claim(ACTOR, 5, true)).changed, true)
  assert.equal((await store.find(5))?.installation, 'west')
})

test('nothing is moved while etcd is away', async () => {
  const { move, store, etcd } = world()
  await move('east').claim(ACTOR, 5, false)
  etcd.away = 'cut off'
  await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', move('west').claim(ACTOR, 5, true))
  assert.equal((await store.find(5))?.installation, 'east')
})

test('a claim that changes during the move is not overwritten', async () => {
  const { move, store, coordinator, audit, clock } = world()
  await move('east').claim(ACTOR, 5, false)
  class Racing extends MemoryCoordinator {
    override async transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
      await coordinator.transact({ compare: [], change: [{ put: '/dcs/5', value: 'north' }] })
      return await coordinator.transact(transaction)
    }
    override async get(key: string) {
      return await coordinator.get(key)
    }
  }
  const racing = new DcClaimMove({
    store,
    coordinator: new Racing(new MemoryCoordination(clock)),
    audit,
    clock,
    installation: 'west',
    instance: 'host/2',
  })
  const { message } = await rejectsWith('IDGEN_VERSION_MISMATCH', racing.claim(ACTOR, 5, true))
  assert.match(message, /idgen dc list/)
  assert.equal((await coordinator.get('/dcs/5'))?.value, 'north')
  assert.equal((await store.find(5))?.installation, 'east')
})
