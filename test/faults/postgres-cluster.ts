import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { runProgram, SERVER_ENVIRONMENT } from '../../service/adapters/embedded/run-program.ts'
import { chooseAccount, type ServerAccount } from '../../service/adapters/embedded/server-account.ts'
import { findServerBinaries } from '../../service/adapters/embedded/server-binaries.ts'
import { boundToUs, endAtExit } from '../fixtures/bound-child.ts'
import { freePort } from '../fixtures/free-ports.ts'

/**
 * One PostgreSQL data folder and the server that runs on it, to be killed, frozen, copied and restored by tests.
 * Loopback only, without passwords.
 */
export class PostgresCluster {
  readonly data: string
  readonly port: number
  readonly #logFile: string
  readonly #account: ServerAccount
  #pid: number | undefined

  private constructor(data: string, port: number, account: ServerAccount) {
    this.data = data
    this.port = port
    this.#logFile = `${data}.log`
    this.#account = account
  }

  /** A new cluster in `folder`/`name`; not started. */
  static async create(folder: string, name: string): Promise<PostgresCluster> {
    const cluster = await PostgresCluster.#at(folder, name)
    await cluster.#run(findServerBinaries().initdb, [
      `--pgdata=${cluster.data}`,
      '--username=idgen',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      // Small WAL files: copies are made in tenths of a second, and a small disk fills soon.
      '--wal-segsize=1',
      '--no-sync',
    ])
    return cluster
  }

  /** A cluster out of a copy of another one's files (`copyTo`); not started. */
  static async fromCopy(copy: string, folder: string, name: string): Promise<PostgresCluster> {
    const cluster = await PostgresCluster.#at(folder, name)
    await cluster.#run('/bin/cp', ['-a', `${copy}/.`, cluster.data])
    return cluster
  }

  static async #at(folder: string, name: string): Promise<PostgresCluster> {
    const data = join(folder, name)
    const account = await chooseAccount(findServerBinaries(), folder, data)
    await makeFolder(data, account)
    return new PostgresCluster(data, await freePort(), account)
  }

  get url(): string {
    return `postgres://idgen@127.0.0.1:${this.port}/postgres`
  }

  get running(): boolean {
    return this.#pid !== undefined && processAlive(this.#pid)
  }

  /** What the server printed since its last start, for the report of a failure. */
  async log(): Promise<string> {
    return await readFile(this.#logFile, 'utf8').catch(() => '')
  }

  /** Starts the server and waits until it answers. @throws with its log when it does not within START_LIMIT_MS */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const merged = { ...SETTINGS, port: String(this.port), ...settings }
    const options = Object.entries(merged).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const args = ['-D', this.data, ...options]
    const { file, args: all, uid, gid } = boundToUs(this.#account.launch(findServerBinaries().postgres, args))
    const log = openSync(this.#logFile, 'w', 0o600)
    const child = spawn(file, [...all], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: SERVER_ENVIRONMENT,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    closeSync(log)
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    this.#pid = pid
    endAtExit.remember(pid)
    child.once('exit', () => endAtExit.forget(pid))
    await this.#untilReady()
  }

  /** Fast shutdown; a server that is frozen or hangs is killed after STOP_LIMIT_MS. */
  async stop(): Promise<void> {
    if (!this.running) return
    this.#signal([this.#pid ?? 0], 'SIGINT')
    await this.#untilGone(STOP_LIMIT_MS)
    if (this.running) await this.kill()
  }

  /** SIGKILL for the server and all its processes: what the kernel had not been given is lost. */
  async kill(): Promise<void> {
    if (this.#pid === undefined) return
    this.#signal(processTree(this.#pid), 'SIGKILL')
    await this.#untilGone(STOP_LIMIT_MS)
  }

  /** SIGSTOP for the server and all its processes: connections stay open and nothing answers. */
  freeze(): void {
    if (this.#pid !== undefined) this.#signal(processTree(this.#pid), 'SIGSTOP')
  }

  thaw(): void {
    if (this.#pid !== undefined) this.#signal(processTree(this.#pid), 'SIGCONT')
  }

  /** Runs `work` on one connection of the server itself, past every proxy. */
  async ask<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5000 })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  /**
   * A base backup while the server runs, as pg_basebackup makes it: its files, a backup label, and the WAL until now.
   * (The embedded server comes without pg_basebackup.) `to` must not exist.
   */
  async copyTo(to: string): Promise<void> {
    await this.ask(async (client) => {
      await client.query("SELECT pg_backup_start('idgen faults', true)")
      await makeFolder(to, this.#account)
      // Files of dropped tables may vanish meanwhile; the WAL knows what became of them.
      await this.#run('/bin/cp', ['-a', `${this.data}/.`, to], /cannot (?:stat|open|access)/)
      const { rows } = await client.query<{ label: string }>(
        'SELECT labelfile AS label FROM pg_backup_stop(false)',
      )
      for (const path of ['pg_wal', 'postmaster.pid', 'postmaster.opts'])
        await rm(join(to, path), { recursive: true, force: true })
      await this.#run('/bin/cp', ['-a', join(this.data, 'pg_wal'), join(to, 'pg_wal')], /cannot stat/)
      await this.addFile(to, 'backup_label', rows[0]?.label ?? '')
    })
  }

  /** A file inside a data folder, readable by the server. */
  async addFile(data: string, name: string, text: string): Promise<void> {
    const path = join(data, name)
    await writeFile(path, text, { mode: 0o600 })
    await giveTo(path, this.#account)
  }

  async #run(file: string, args: readonly string[], harmless?: RegExp): Promise<void> {
    const { code, output } = await runProgram(this.#account.launch(file, args), PROGRAM_LIMIT_MS)
    if (code !== 0 && harmless?.test(output) !== true) throw new Error(`${file}: ${output}`)
  }

  async #untilReady(): Promise<void> {
    const endsMs = performance.now() + START_LIMIT_MS
    for (;;) {
      try {
        await this.ask((client) => client.query('SELECT 1'))
        return
      } catch (thrown) {
        if (!this.running || performance.now() > endsMs)
          throw new Error(`PostgreSQL did not start: ${(await this.log()).slice(-2000)}`, { cause: thrown })
        await pause(POLL_MS)
      }
    }
  }

  async #untilGone(limitMs: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < limitMs && this.running; waitedMs += POLL_MS) await pause(POLL_MS)
  }

  #signal(pids: readonly number[], signal: NodeJS.Signals): void {
    for (const pid of pids) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended by itself meanwhile.
      }
    }
  }
}

async function makeFolder(path: string, account: ServerAccount): Promise<void> {
  await mkdir(path, { mode: 0o700 })
  await giveTo(path, account)
}

async function giveTo(path: string, { uid, gid }: ServerAccount): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}

/** The process and its children. The server's processes have no children of their own. */
function processTree(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
  return [pid, ...children.map(Number)]
}

/** proc(5): `pid (name) state ppid …`. */
function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return -1
  }
}

/** As durable as a production server, but small, and ready to be copied by a standby. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '16MB',
  jit: 'off',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_level: 'replica',
  max_wal_senders: '4',
  wal_keep_size: '64MB',
  min_wal_size: '2MB',
  max_wal_size: '32MB',
  hot_standby: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
} as const

const POLL_MS = 20
const PROGRAM_LIMIT_MS = 120_000
/** A server that was killed replays its WAL before it answers. */
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 10_000
