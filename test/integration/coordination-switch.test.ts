// Runs beside others: its limit only ends a wait for what must come.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { MemoryAuditSink } from '../../service/adapters/memory/memory-audit-sink.ts'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresTimeCopyStore } from '../../service/adapters/postgres/postgres-time-copy-store.ts'
import { PostgresTimeGrantStore } from '../../service/adapters/postgres/postgres-time-grant-store.ts'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { SystemRandom } from '../../service/adapters/system/system-random.ts'
import { AuditTrail } from '../../service/app/audit-trail.ts'
import { CoordinatedTimeGrants } from '../../service/app/coordinated-time-grants.ts'
import { SwitchCoordination, type SwitchStep } from '../../service/app/switch-coordination.ts'
import { IdgenError } from '../../service/core/errors.ts'
import type { HoldRequest, TimeGrantStore } from '../../service/ports/time-grant-store.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const CLI = { actor: 'cli', traceId: undefined }
const WORKERS = 3
const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))

describe('idgen coordination switch on a real etcd and a real PostgreSQL', () => {
  let etcd: EtcdCluster
  let database: TestDatabase
  let pool: PostgresDatabase
  let coordinator: EtcdCoordinator

  before(async () => {
    const servers = await Promise.all([testEtcd(), testDatabase()])
    etcd = servers[0]
    database = servers[1]
    pool = new PostgresDatabase({ url: database.url, log: SILENT, poolMax: 10, poolMin: 0 })
    await migrate(pool.kysely)
    coordinator = new EtcdCoordinator({
      endpoints: etcd.endpoints,
      prefix: '/idgen',
      timeoutMs: 2000,
      log: SILENT,
    })
  })
  after(async () => {
    await coordinator?.close()
    await pool?.close()
    await Promise.all([etcd?.close(), database?.drop()])
  })

  function granter(store: 'etcd' | 'postgres'): TimeGrantStore {
    if (store === 'postgres') return new PostgresTimeGrantStore(pool, { workers: WORKERS })
    const copies = new PostgresTimeCopyStore(pool)
    return new CoordinatedTimeGrants({
      coordinator,
      copies,
      clock: new SystemClock(),
      log: SILENT,
      workers: WORKERS,
    })
  }

  function tool(onStep: (step: SwitchStep) => void = () => {}): SwitchCoordination {
    const audit = new AuditTrail({
      sink: new MemoryAuditSink(),
      clock: new SystemClock(),
      log: SILENT,
      queueMax: 10,
      flushEveryMs: 1000,
    })
    const copies = new PostgresTimeCopyStore(pool)
    return new SwitchCoordination({
      coordinator,
      database: copies,
      audit,
      random: new SystemRandom(),
      onStep,
    })
  }

  function request(dc: number): HoldRequest {
    const nonce = randomBytes(16).toString('hex')
    return { dc, nonce, holder: 'test', leaseMs: 30_000, layoutHash: 'layout-a' }
  }

  it('carries every until there and back, ends the holds, and refuses who is configured otherwise', async () => {
    const used = new Map<number, number>()
    for (const [from, to] of [
      ['etcd', 'postgres'],
      ['postgres', 'etcd'],
      ['etcd', 'postgres'],
    ] as const) {
      const store = granter(from)
      const hold = await store.acquire(request(0))
      assert.ok(hold.untilMs >= (used.get(hold.worker) ?? 0))
      // In the past, so that it may be taken again at once: etcd tells its time to half a second.
      const extended = await store.extend(hold, Date.now() - 2000, 30_000)
      assert.ok(extended)
      used.set(hold.worker, extended.untilMs)
      await rejectsWith('IDGEN_NOT_EMPTY', tool().run(CLI, { dc: 0, to }))
      assert.equal((await tool().run(CLI, { dc: 0, to, force: true })).outcome, 'switched')
      assert.equal(await store.extend(extended, Date.now() + 5000, 30_000), undefined)
      await rejectsWith('IDGEN_COORDINATION_MISMATCH', store.acquire(request(0)))
      const { database: standing, etcd: record, untilMs } = await tool().status(0)
      assert.deepEqual([standing?.store, record?.authority?.store], [to, to])
      for (const [worker, ms] of used) assert.ok((untilMs.get(worker) ?? 0) >= ms)
    }
  })

  it('interrupted after any step is finished by running it again', async () => {
    const at: SwitchStep[] = []
    await tool((step) => at.push(step)).run(CLI, { dc: 0, to: 'etcd', force: true })
    assert.equal(at.length, 6)
    for (const [i, last] of at.entries()) {
      const to = i % 2 === 0 ? 'postgres' : 'etcd'
      const broken = tool((step) => {
        if (step === last) throw new IdgenError('IDGEN_INTERNAL', 'killed')
      })
      await rejectsWith('IDGEN_INTERNAL', broken.run(CLI, { dc: 0, to, force: true }))
      const { outcome } = await tool().run(CLI, { dc: 0, to, force: true })
      assert.ok(['switched', 'finished', 'already'].includes(outcome), `${last}: ${outcome}`)
      const store = granter(to)
      const hold = await store.acquire(request(0))
      assert.ok(await store.release(hold, hold.untilMs))
    }
  })

  it('while holders extend as fast as they can: each millisecond of a worker id belongs to one of them', async () => {
    const windows: { readonly worker: number; readonly fromMs: number; readonly untilMs: number }[] = []
    let going = true
    const holder = async (store: TimeGrantStore): Promise<void> => {
      while (going)
        try {
          let hold = await store.acquire(request(1))
          for (let i = 0; i < 20; i += 1) {
            const next = await store.extend(hold, Math.max(hold.untilMs, Date.now()), 30_000)
            if (next === undefined) break
            windows.push({ worker: hold.worker, fromMs: hold.untilMs, untilMs: next.untilMs })
            hold = next
          }
          await store.release(hold, hold.untilMs)
        } catch (thrown) {
          if (!(thrown instanceof IdgenError)) throw thrown
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
    }
    await granter('etcd').acquire(request(1))
    const holders = [granter('etcd'), granter('etcd'), granter('postgres'), granter('postgres')].map(holder)
    for (let i = 0; i < 6; i += 1) {
      await tool().run(CLI, { dc: 1, to: i % 2 === 0 ? 'postgres' : 'etcd', force: true })
      const before = windows.length
      const endMs = performance.now() + 2000
      while (windows.length < before + 10 && performance.now() < endMs)
        await new Promise((resolve) => setTimeout(resolve, 10))
      assert.ok(windows.length > before, 'the new store grants')
    }
    going = false
    await Promise.all(holders)
    const used = windows.filter(({ fromMs, untilMs }) => fromMs < untilMs)
    used.sort((a, b) => a.worker - b.worker || a.fromMs - b.fromMs)
    for (const [i, { worker, fromMs }] of used.entries()) {
      const before = used[i - 1]
      assert.ok(before?.worker !== worker || before.untilMs <= fromMs, `worker ${worker} at ${fromMs}`)
    }
  })

  it('takes the numbers out of etcd before PostgreSQL grants, and looks once more after', async () => {
    const environment = {
      IDGEN_DATABASE_URL: database.url,
      IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(),
      IDGEN_DATACENTER_ID: '2',
    }
    await granter('etcd').acquire(request(2))
    await idgen(['tag', 'import', 'shop/orders/invoice', '--max', '5'], environment)
    await idgen(['tag', 'advance', 'shop/orders/invoice', '--to', '1000000'], environment)
    const { stdout, stderr } = await idgen(
      ['coordination', 'switch', '--to', 'postgres', '--force', '--json'],
      environment,
    )
    const report: unknown = JSON.parse(stdout)
    assert.ok(typeof report === 'object' && report !== null && 'outcome' in report)
    assert.ok('tagsUnwitnessed' in report)
    assert.deepEqual([report.outcome, report.tagsUnwitnessed], ['switched', 1])
    const told = stderr.split('\n').map((line) => line.trim())
    const order = [
      'numbers of 1 tags need etcd no more',
      'database set',
      'numbers of 0 tags need etcd no more',
    ]
    assert.deepEqual(
      told.filter((line) => order.includes(line)),
      order,
    )
  })
})

/** Runs one command as a user would. */
async function idgen(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...environment }
  return await promisify(execFile)(LAUNCHER, [...args], { env, timeout: 60_000 })
}
