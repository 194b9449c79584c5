import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { MemoryTimeCopyStore } from '../adapters/memory/memory-time-copy-store.ts'
import { MemoryWorkerTimes } from '../adapters/memory/memory-worker-times.ts'
import { CoordinatedTimeGrants } from './coordinated-time-grants.ts'

/** The traces that docs/proofs/time_grant.tla finds where a restored etcd meets a database that is away later. */

const LEASE_MS = 30_000
const AWAY = { code: 'IDGEN_STORE_UNAVAILABLE' }

function installation() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const times = new MemoryWorkerTimes()
  const database = new MemoryTimeCopyStore(clock, times)
  const grants = () =>
    new CoordinatedTimeGrants({
      coordinator: new MemoryCoordinator(etcd),
      copies: database,
      clock,
      log: new RecordedLog(),
      workers: 1,
    })
  return { clock, etcd, database, grants }
}

function request(digit: string) {
  return { dc: 0, nonce: digit.repeat(32), holder: digit, leaseMs: LEASE_MS, layoutHash: 'layout' }
}

test('nobody acquires without the copy, because etcd may have forgotten what was used', async () => {
  const { clock, etcd, database, grants } = installation()
  const empty = etcd.snapshot()
  const a = grants()
  const used = await a.extend(await a.acquire(request('a')), clock.nowMs() + 1000, LEASE_MS)
  assert.ok(used)
  etcd.restore(empty)
  database.away = 'cable cut'
  await assert.rejects(grants().acquire(request('b')), AWAY)

  database.away = undefined
  clock.advance(1000)
  const b = await grants().acquire(request('b'))
  assert.equal(b.untilMs, used.untilMs)
})

test('a hold silent for longer than its lease is not extended without the copy, even if etcd says that it is the holder', async () => {
  const { clock, etcd, database, grants } = installation()
  const a = grants()
  const held = await a.extend(await a.acquire(request('a')), clock.nowMs() + 1000, LEASE_MS)
  assert.ok(held)
  const backup = etcd.snapshot()
  clock.advance(LEASE_MS + 1000)
  const b = grants()
  const successor = await b.extend(await b.acquire(request('b')), clock.nowMs() + 1000, LEASE_MS)
  assert.ok(successor)

  etcd.restore(backup)
  database.away = 'cable cut'
  await assert.rejects(a.extend(held, clock.nowMs() + 1000, LEASE_MS), AWAY)
  database.away = undefined
  assert.equal(await a.extend(held, clock.nowMs() + 1000, LEASE_MS), undefined, 'refused by the copy')
})

test('a hold that was silent for longer than its lease goes on when the copy says that nobody took its worker id', async () => {
  const { clock, database, etcd, grants } = installation()
  const a = grants()
  const held = await a.extend(await a.acquire(request('a')), clock.nowMs() + 1000, LEASE_MS)
  assert.ok(held)
  const backup = etcd.snapshot()
  clock.advance(LEASE_MS + 1000)
  etcd.restore(backup)
  database.away = 'cable cut'
  const wantedMs = clock.nowMs() + 1000
  await assert.rejects(a.extend(held, wantedMs, LEASE_MS), AWAY)
  database.away = undefined
  const extended = await a.extend(held, wantedMs, LEASE_MS)
  assert.equal(extended?.untilMs, wantedMs)
})

test('a hold that speaks to etcd in time is extended without the copy, flagged, and catches up', async () => {
  const { clock, database, grants } = installation()
  const a = grants()
  let held = await a.acquire(request('a'))
  database.away = 'cable cut'
  for (let round = 0; round < 10; round += 1) {
    const extended = await a.extend(held, clock.nowMs() + 1000, LEASE_MS)
    assert.ok(extended)
    held = extended
    clock.advance(LEASE_MS / 3)
  }
  assert.match(a.flagged ?? '', /cable cut/)
  database.away = undefined
  assert.ok(await a.extend(held, clock.nowMs() + 1000, LEASE_MS))
  assert.equal(a.flagged, undefined)
  assert.equal((await database.read(0, held.worker)).nonce, held.nonce)
})
