// Runs alone: leases of one and two seconds must not run out between two calls.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresTimeCopyStore } from '../../service/adapters/postgres/postgres-time-copy-store.ts'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { CoordinatedTimeGrants } from '../../service/app/coordinated-time-grants.ts'
import { workerKey } from '../../service/core/coordination-keys.ts'
import { IdgenError } from '../../service/core/errors.ts'
import type { HoldRequest, TimeHold } from '../../service/ports/time-grant-store.ts'
import { timeGrantStoreContract } from '../contracts/time-grant-store.contract.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'

/** A real etcd of three members and a real PostgreSQL. */
async function stores() {
  const [etcd, database] = await Promise.all([testEtcd({ members: 3 }), testDatabase()])
  const pool = new PostgresDatabase({ url: database.url, log: SILENT, poolMax: 10, poolMin: 0 })
  await migrate(pool.kysely)
  const opened: EtcdCoordinator[] = []
  const coordinator = () => {
    const one = new EtcdCoordinator({
      endpoints: etcd.endpoints,
      prefix: '/idgen',
      timeoutMs: 2000,
      log: SILENT,
    })
    opened.push(one)
    return one
  }
  const copies = new PostgresTimeCopyStore(pool)
  return {
    etcd,
    coordinator,
    copies,
    open: (workers: number) =>
      new CoordinatedTimeGrants({
        coordinator: coordinator(),
        copies,
        clock: new SystemClock(),
        log: SILENT,
        workers,
      }),
    async close() {
      await Promise.all(opened.map((one) => one.close()))
      await pool.close()
      await Promise.all([etcd.close(), database.drop()])
    },
  }
}

timeGrantStoreContract('CoordinatedTimeGrants on etcd and PostgreSQL', async () => {
  const opened = await stores()
  const hand = opened.coordinator()
  return {
    open: (workers) => opened.open(workers),
    endLease: async ({ dc, worker }) => {
      await hand.transact({ compare: [], change: [{ delete: workerKey(dc, worker) }] })
    },
    lapsedGoesOn: false,
    close: () => opened.close(),
  }
})

function request(dc: number, leaseMs = 2000): HoldRequest {
  return { dc, nonce: randomBytes(16).toString('hex'), holder: 'test', leaseMs, layoutHash: 'layout-a' }
}

/** As the keeper does: the same call again until the store answers. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + 10_000
  for (;;)
    try {
      return await call()
    } catch (thrown) {
      if (!(thrown instanceof IdgenError) || performance.now() > endMs) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
}

describe('time grants on a real etcd and a real PostgreSQL', () => {
  let all: Awaited<ReturnType<typeof stores>>
  let etcd: EtcdCluster
  before(async () => {
    all = await stores()
    etcd = all.etcd
  })
  after(() => all?.close())
  afterEach(async () => {
    for (const member of etcd.members) {
      member.resume()
      member.start()
    }
    await etcd.ready()
  })

  /** A hold of the one worker id of `dc`, with a window that ends just now. */
  async function heldIn(dc: number, leaseMs?: number) {
    const grants = all.open(1)
    // etcd tells its time to half a second, so what was just used may lie ahead for so long.
    const first = await answered(() => grants.acquire(request(dc, leaseMs)))
    const hold = await grants.extend(first, Date.now())
    assert.ok(hold)
    return { grants, hold }
  }

  it('trap 6: a holder paused past its lease cannot extend, and its successor starts above its window', async () => {
    const zombie = await heldIn(0, 1000)
    // Nobody calls keepAlive: to etcd a paused process looks exactly like this.
    const other = all.open(1)
    const hold = await answered(() => other.acquire(request(0)))
    assert.equal(hold.untilMs, zombie.hold.untilMs)
    assert.equal(await zombie.grants.extend(zombie.hold, Date.now() + 1000), undefined)
    assert.equal(await zombie.grants.release(zombie.hold, 0), false)
    assert.ok(await other.extend(hold, Date.now() + 1000))
  })

  it('go on while a member is killed, the leader changes, and all members are started again', async () => {
    const { grants, hold } = await heldIn(1, 30_000)
    let last: TimeHold = hold
    const extend = async () => {
      const untilMs = Math.max(last.untilMs, Date.now() + 1000)
      const next = await answered(() => grants.extend(last, untilMs))
      assert.ok(next, 'it is not refused')
      last = next
    }
    await etcd.members[0]?.kill()
    await extend()
    etcd.members[0]?.start()
    await etcd.ready()
    const leader = await etcd.leader()
    leader.pause()
    await extend()
    leader.resume()
    await etcd.ready()
    await extend()
    for (const member of etcd.members) await member.kill()
    for (const member of etcd.members) member.start()
    await etcd.ready()
    await extend()
    assert.equal(await grants.release(last, last.untilMs), true)
  })

  for (const [dc, bumpRevision] of [
    [2, false],
    [4, true],
  ] as const) {
    const how = bumpRevision ? 'with --bump-revision' : 'without --bump-revision'

    it(`trap 7: etcd restored ${how} lets no old and no new hold share a millisecond`, async () => {
      const early = await heldIn(dc)
      assert.ok(await early.grants.release(early.hold, early.hold.untilMs))
      const zombie = await heldIn(dc + 1, 1000)
      const file = join(etcd.members[0]?.dataFolder ?? '', '..', 'backup')
      await etcd.snapshot(file)
      // Forgotten by the restore: this hold, and that the zombie's worker id was taken over.
      const forgotten = await heldIn(dc, 60_000)
      const successors = all.open(1)
      const next = await answered(() => successors.acquire(request(dc + 1, 60_000)))
      const taken = await successors.extend(next, Date.now())
      assert.ok(taken)
      await etcd.restore(file, { bumpRevision })

      // The backup says that the zombie holds its worker id; the copy says who used the time since.
      assert.equal(await answered(() => zombie.grants.extend(zombie.hold, Date.now() + 1000)), undefined)
      // The backup says that nobody holds the other one, and that its time ended earlier than it did.
      const fresh = all.open(1)
      const hold = await answered(() => fresh.acquire(request(dc)))
      assert.equal(hold.untilMs, forgotten.hold.untilMs, 'it starts where the copy says')
      assert.equal(
        await answered(() => forgotten.grants.extend(forgotten.hold, Date.now() + 1000)),
        undefined,
      )
      assert.ok(await fresh.extend(hold, Date.now() + 1000))
      assert.equal(await answered(() => successors.extend(taken, Date.now() + 1000)), undefined)
    })
  }
})
