import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresTimeGrantStore } from '../../service/adapters/postgres/postgres-time-grant-store.ts'
import type { TimeHold } from '../../service/ports/time-grant-store.ts'
import { endAtExit } from '../fixtures/bound-child.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import type { FromProcess } from './sub-block-process.ts'

const PATHS = ['w/g/segment', 'w/g/snowflake', 'w/g/uuid-v7'] as const
const PROCESSES = 3
const THREADS = 2
/** IDs of every tag before the kill, and as many after it. */
const LOAD = 1000

for (const { workerIds, etcd } of [
  { workerIds: 1, etcd: false },
  { workerIds: 2, etcd: true },
])
  test(
    `${PROCESSES} processes of one host, ${THREADS} threads and ${workerIds} worker ids each${etcd ? ', with etcd' : ''}, one killed meanwhile: no ID twice`,
    {
      timeout: 90_000,
    },
    (t) => killOneOf(t, workerIds, etcd),
  )

async function killOneOf(t: TestContext, workerIds: number, withEtcd: boolean): Promise<void> {
  const { url } = await database(t)
  const environment = { IDGEN_DATABASE_URL: url, IDGEN_SERVER_WORKER_IDS: String(workerIds) }
  const etcd = withEtcd ? await testEtcd({ members: 1 }) : undefined
  if (etcd !== undefined) {
    t.after(() => etcd.close())
    Object.assign(environment, { IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(',') })
  }
  const ids = new IssuedIds()
  const start = (): Promise<RunningProcess> => startProcess(environment, ids)
  const started = await Promise.all(Array.from({ length: PROCESSES }, start))
  t.after(() => started.map(({ child }) => child.kill('SIGKILL')))
  const held = new Set(started.flatMap(({ workers }) => workers))
  assert.equal(held.size, PROCESSES * workerIds, 'a worker id is held twice')
  for (const { child } of started) child.send('go')
  await given(ids, LOAD)
  const [victim, ...others] = started
  victim?.child.kill('SIGKILL')
  const replacement = await start()
  started.push(replacement)
  replacement.child.send('go')
  for (const worker of replacement.workers) assert.ok(!others.some(({ workers }) => workers.includes(worker)))
  await given(ids, least(ids) + LOAD)
  const ends = await Promise.all([...others, replacement].map((running) => running.stop()))
  ids.verify()
  assert.deepEqual(ends, [false, false, false], 'no thread told of IDs after it had said that it stopped')
  t.diagnostic(`${ids.total} IDs of ${started.length} processes`)
}

test('traps 11 and 21: processes of one host that call themselves the same never hold the same worker id or window (PostgreSQL)', async (t) => {
  const { pool } = await database(t)
  // In a container every process has the id 1, and copies of an image have one host name.
  const stores = [pool, pool, pool, pool].map((shared) => new PostgresTimeGrantStore(shared, { workers: 4 }))
  const holds: TimeHold[] = []
  for (let round = 0; round < 3; round += 1) {
    const held = await Promise.all(
      stores.map(async (store, i) => {
        const nonce = String(round * 10 + i).padStart(32, '0')
        const hold = await store.acquire({ dc: 0, nonce, holder: 'host/1', leaseMs: 30_000, layoutHash: 'l' })
        return await store.extend(hold, (await store.nowMs()) + 5, 30_000).then((extended) => {
          assert.ok(extended !== undefined)
          return { began: hold, extended }
        })
      }),
    )
    assert.deepEqual(held.map(({ extended }) => extended.worker).sort(), [0, 1, 2, 3])
    for (const { began, extended } of held) {
      for (const other of holds)
        assert.ok(other.worker !== began.worker || other.untilMs <= began.untilMs, 'windows are disjoint')
      holds.push(extended)
    }
    await pause(10)
    // The window counts as used.
    for (const { extended } of held) await stores[0]?.release(extended, extended.untilMs)
  }
})

/** The test's time limit ends it when nothing comes. */
async function given(ids: IssuedIds, count: number): Promise<void> {
  while (least(ids) < count) await pause(10)
}

function least(ids: IssuedIds): number {
  return Math.min(...PATHS.map((path) => ids.perTag.get(path) ?? 0))
}

interface RunningProcess {
  readonly child: ChildProcess
  readonly workers: readonly (number | undefined)[]
  /** Resolves with whether a thread spoke of IDs after it had stopped. */
  stop(): Promise<boolean>
}

async function startProcess(environment: Record<string, string>, ids: IssuedIds): Promise<RunningProcess> {
  const program = fileURLToPath(new URL('./sub-block-process.ts', import.meta.url))
  const child = fork(program, [String(THREADS), ...PATHS], {
    serialization: 'advanced',
    env: {
      ...process.env,
      ...environment,
      IDGEN_DATABASE_POOL_MAX: '4',
      IDGEN_DATABASE_POOL_MIN: '1',
    },
  })
  const { pid = -1 } = child
  endAtExit.remember(pid)
  const exited = once(child, 'exit').then(() => endAtExit.forget(pid))
  const started = Promise.withResolvers<RunningProcess['workers']>()
  let spokeAfterStop: boolean | undefined
  child.on('message', (message: FromProcess) => {
    if (message.kind === 'started') started.resolve(message.workers)
    else if (message.kind === 'ended') spokeAfterStop = message.spokeAfterStop
    else noteAll(ids, `process ${pid}`, message)
  })
  void exited.then(() => started.reject(new Error('the process ended before it had started')))
  return {
    child,
    workers: await started.promise,
    async stop() {
      child.send('stop')
      await exited
      assert.ok(spokeAfterStop !== undefined, 'it stopped in order')
      return spokeAfterStop
    },
  }
}

function noteAll(
  ids: IssuedIds,
  by: string,
  { runs, uuids }: Extract<FromProcess, { kind: 'issued' }>,
): void {
  for (const [path, hi, lo, count] of runs)
    ids.run(path, String((BigInt(hi) << 32n) | BigInt(lo)), count, 'thread', by)
  for (const [path, uuid] of uuids) ids.text(path, uuid, 'thread', by)
}

async function database(t: { after(end: () => Promise<void>): void }) {
  const server = await testDatabase()
  const { url } = server
  const pool = new PostgresDatabase({ url, log: new RecordedLog(), poolMin: 0 })
  t.after(async () => {
    await pool.close()
    await server.drop()
  })
  await migrate(pool.kysely)
  const catalog = new PostgresCatalogStore(pool)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  for (const name of ['segment', 'snowflake', 'uuid-v7'] as const)
    await catalog.createTag({
      workspace: 'w',
      group: 'g',
      name,
      displayName: '',
      chain: [name],
      step: { base: 500, min: 100, max: 5000 },
      space: { startAt: 1, cellSize: 2 ** 32, dcCount: 8 },
    })
  return { url, pool }
}
