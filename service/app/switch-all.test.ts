import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { JoinedDatabase, newTag } from '../../test/fixtures/joined-databases.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { TimeWorld } from '../../test/fixtures/time-world.ts'
import { UnreliableTimes } from '../../test/fixtures/unreliable-times.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { IdgenError } from '../core/errors.ts'
import { AuditTrail } from './audit-trail.ts'
import { LeaveWitness } from './leave-witness.ts'
import { SegmentAllocator } from './segment-allocator.ts'
import { switchAll } from './switch-all.ts'
import { SwitchCoordination } from './switch-coordination.ts'

const CLI = { actor: 'cli', traceId: undefined }
const TO_POSTGRES = { dc: 0, to: 'postgres' } as const

/** A data centre that etcd grants time and numbers; its database was restored to before the first witnessed grant. */
async function restoredDatabase() {
  const world = new TimeWorld()
  const { clock, etcd } = world
  const times = world.process(4).grants
  const hold = await times.acquire(world.request())
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const tag = await one.catalog.createTag(newTag('t'))
  const used: number[] = []
  for (let round = 0; round < 5; round += 1) used.push(...(await one.grant('t')))
  one.memory.segments.clear()
  one.memory.history = 'restored'
  const ledger = new MemorySegmentLedger(one.memory)
  await ledger.initialise(tag.id, 0)
  const { coordinator, sync } = one
  const database = new UnreliableTimes(world.database)
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  const time = new SwitchCoordination({ coordinator, database, audit, random: new MemoryRandom(1) })
  const leave = new LeaveWitness({ ledger, coordinator, audit, sync })
  const parts = {
    time,
    leaveWitness: (...who: Parameters<LeaveWitness['run']>) => leave.run(...who),
    joinWitness: async () => {},
  }
  const alone = new SegmentAllocator({ ledger })
  return { times, hold, one, tag, used, time, parts, database, alone }
}

type World = Awaited<ReturnType<typeof restoredDatabase>>

/** Numbers that a process without etcd grants, where the database lets it. */
async function grantsAlone({ time, alone, tag }: World): Promise<number[]> {
  if ((await time.status(0)).database?.store !== 'postgres') return []
  const { lo, hi } = await alone.allocate(tag.id, 0, 10)
  return Array.from({ length: hi - lo }, (_, i) => lo + i)
}

test('stopped before any call it lets nobody grant again what a restored database lost, and is ended by another run', async () => {
  let stops = 0
  for (let isDone = false; !isDone; stops += 1) {
    const world = await restoredDatabase()
    const { times, hold, one, used, parts, database } = world
    assert.ok(await times.release(hold, hold.untilMs))
    let left = stops
    const call = (): void => {
      if (left === 0) throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'killed')
      left -= 1
    }
    one.coordinator.before = async () => call()
    database.around = async (_name, work) => {
      call()
      return await work()
    }
    isDone = await switchAll(parts, CLI, TO_POSTGRES).then(
      () => true,
      () => false,
    )
    left = Number.POSITIVE_INFINITY
    const all = [...used, ...(await grantsAlone(world))]
    await switchAll(parts, CLI, TO_POSTGRES)
    all.push(...(await grantsAlone(world)))
    assert.ok(all.length > used.length)
    assert.equal(new Set(all).size, all.length, `stopped before call ${stops}`)
    await one.stop()
  }
  assert.ok(stops > 10, `${stops}`)
})

test('a switch that is refused, or only planned, touches no row', async () => {
  const { one, tag, parts } = await restoredDatabase()
  const rows = () => structuredClone(one.memory.segments.get(tag.id))
  const before = rows()
  await rejectsWith('IDGEN_NOT_EMPTY', switchAll(parts, CLI, TO_POSTGRES))
  const planned = await switchAll(parts, CLI, { ...TO_POSTGRES, force: true, dryRun: true })
  assert.deepEqual([planned.outcome, planned.tagsUnwitnessed], ['planned', 0])
  assert.deepEqual(rows(), before)
  const done = await switchAll(parts, CLI, { ...TO_POSTGRES, force: true })
  assert.deepEqual([done.outcome, done.tagsUnwitnessed], ['switched', 1])
  await one.stop()
})
