import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import pg from 'pg'
import { ClusterFolder } from '../../service/adapters/embedded/cluster-folder.ts'
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../service/adapters/embedded/embedded-postgres.ts'
import { findPostmaster, stopPostmaster } from '../../service/adapters/embedded/postmaster.ts'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { removeFolder, removeFolderAtOnce } from '../fixtures/temporary-folder.ts'
import { initialiseCluster } from './initialised-cluster.ts'

export interface TestDatabase {
  /** An empty database of its own on a real server. */
  readonly url: string
  /** Ends all sessions of the database and removes it. */
  drop(): Promise<void>
}

/**
 * A fresh database on the server of IDGEN_TEST_DATABASE_URL (a superuser: it makes databases and users), else on one embedded
 * server per test process, which is stopped after its tests, whatever became of them.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = process.env['IDGEN_TEST_DATABASE_URL'] ?? (await embeddedUrl())
  const name = `idgen_test_${randomBytes(6).toString('hex')}`
  await run(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => drop(server, name) }
}

/** The server waits five seconds for the sessions that it has ended, which on a busy machine may not be enough. */
async function drop(server: string, name: string): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      return await run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    } catch (thrown) {
      if ((thrown as pg.DatabaseError).code !== IN_USE || tries === DROPS_MAX) throw thrown
    }
}

let starting: Promise<{ folder: string; server: EmbeddedPostgres }> | undefined

async function embeddedUrl(): Promise<string> {
  starting ??= start()
  return (await starting).server.url
}

async function start(): Promise<{ folder: string; server: EmbeddedPostgres }> {
  const parent = await realpath(tmpdir())
  await removeLeftovers(parent)
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
  // mkdtemp makes it 0700; as root the server runs as another user, who must pass through.
  await chmod(folder, 0o711)
  await initialiseCluster(folder)
  const server = await startEmbeddedPostgres({ folder, log: new RecordedLog() })
  // Both for a run that ends without its `after` hooks: a crash, process.exit, Ctrl-C, the runner's time limit.
  process.once('exit', () => {
    if (starting !== undefined) endAtOnce(folder, server.pid)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return { folder, server }
}

after(async () => {
  const started = await starting?.catch(() => undefined)
  if (started === undefined) return
  await started.server.stop()
  await removeFolder(started.folder)
  starting = undefined
})

/** In an exit handler nothing may be awaited. SIGQUIT: the server ends without writing; its data is not wanted. */
function endAtOnce(folder: string, pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch {
    // It is gone already.
  }
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < 100 && processAlive(pid); i += 1) Atomics.wait(pause, 0, 0, 20)
  removeFolderAtOnce(folder)
}

/** What test processes left behind that were killed outright. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN
    if (!Number.isInteger(pid) || processAlive(pid)) continue
    const postmaster = await findPostmaster(new ClusterFolder(join(parent, name)))
    if (postmaster !== undefined) await stopPostmaster(postmaster, 10_000)
    await removeFolder(join(parent, name))
  }
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

const PREFIX = 'idgen-test-postgres-'
/** object_in_use */
const IN_USE = '55006'
/** Half a minute. */
const DROPS_MAX = 6
