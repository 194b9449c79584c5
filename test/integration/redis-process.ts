import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after } from 'node:test'
import { Redis } from 'ioredis'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { freePorts } from '../fixtures/free-ports.ts'
import { freezeProcess } from '../fixtures/freeze-process.ts'
import type { SelfSigned } from '../fixtures/self-signed.ts'
import { removeFolder, removeFolderAtOnce } from '../fixtures/temporary-folder.ts'

interface RedisProcessOptions {
  /** Left out: not of a cluster. */
  readonly busPort?: number
  readonly certificate: SelfSigned | undefined
}

/**
 * A redis-server in a temporary folder on a loopback port, which tests kill, stop and feed with old dumps. It ends with
 * the test process, whatever became of it; what an outright killed test process left is ended by the next one.
 */
export class RedisProcess {
  readonly port: number
  readonly #folder: string
  readonly #arguments: readonly string[]
  readonly #certificate: SelfSigned | undefined
  #child: ChildProcess | undefined

  private constructor(folder: string, port: number, { busPort, certificate }: RedisProcessOptions) {
    this.port = port
    this.#folder = folder
    this.#certificate = certificate
    this.#arguments = [
      ...argumentsFor(folder, port),
      ...(busPort === undefined ? [] : clusterArguments(busPort)),
      ...(certificate === undefined ? [] : tlsArguments(folder, port)),
    ]
  }

  /** `certificate`: it speaks nothing but TLS, also to the others of its cluster, which know it by the name localhost. */
  static async start(cluster: boolean, certificate?: SelfSigned): Promise<RedisProcess> {
    const folder = await mkdtemp(join(await rootFolder(), 'node-'))
    const [port = 0, busPort = 0] = await freePorts(2)
    if (certificate !== undefined)
      for (const part of ['cert', 'key'] as const) await writeFile(join(folder, part), certificate[part])
    const process = new RedisProcess(folder, port, { ...(cluster && { busPort }), certificate })
    await process.start()
    return process
  }

  get url(): string {
    return this.#certificate === undefined
      ? `redis://127.0.0.1:${this.port}`
      : `rediss://localhost:${this.port}`
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`the Redis server on port ${this.port} is not running`)
    return pid
  }

  /** On the folder as it is: nodes.conf and dump.rdb of before count. */
  async start(): Promise<void> {
    const child = spawn(redisServerProgram(), this.#arguments, { stdio: 'ignore' })
    this.#child = child
    running.add(this)
    if (child.pid !== undefined) await writeFile(join(this.#folder, PID_FILE), String(child.pid))
    for (let i = 0; i < START_TRIES_MAX; i += 1) {
      if (child.exitCode !== null || child.signalCode !== null) break
      if ((await this.command('PING').catch(() => undefined)) === 'PONG') return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`redis-server did not start: ${await this.#log()}`)
  }

  /** As a power cut would: nothing is saved. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    running.delete(this)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
  }

  /** The server stops answering and keeps its connections. */
  pause(): void {
    freezeProcess(this.pid)
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** One command on a connection of its own. */
  async command(name: string, ...words: (string | number)[]): Promise<unknown> {
    const redis = new Redis({
      port: this.port,
      lazyConnect: true,
      retryStrategy: () => null,
      ...(this.#certificate && { tls: { ca: this.#certificate.cert } }),
    })
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return await redis.call(name, ...words)
    } finally {
      redis.disconnect()
    }
  }

  /** Writes a dump and keeps a copy of it under `name`. */
  async saveDump(name: string): Promise<void> {
    await this.command('SAVE')
    await copyFile(join(this.#folder, DUMP_FILE), join(this.#folder, name))
  }

  /** Puts the copy in the place of the dump; it counts at the next start, or at DEBUG RELOAD NOSAVE. */
  async putDumpBack(name: string): Promise<void> {
    await copyFile(join(this.#folder, name), join(this.#folder, DUMP_FILE))
  }

  async #log(): Promise<string> {
    return await readFile(join(this.#folder, LOG_FILE), 'utf8').catch(() => 'it left no log')
  }
}

function argumentsFor(folder: string, port: number): string[] {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    dbfilename: DUMP_FILE,
    logfile: LOG_FILE,
    save: '',
    appendonly: 'no',
    // For DEBUG RELOAD.
    'enable-debug-command': 'local',
    'repl-diskless-sync-delay': 0,
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
}

function clusterArguments(busPort: number): string[] {
  const settings = { enabled: 'yes', port: busPort, 'config-file': 'nodes.conf', 'node-timeout': 1500 }
  return Object.entries(settings).flatMap(([name, value]) => [`--cluster-${name}`, String(value)])
}

function tlsArguments(folder: string, port: number): string[] {
  const settings = {
    port: 0,
    'tls-port': port,
    'tls-cert-file': join(folder, 'cert'),
    'tls-key-file': join(folder, 'key'),
    'tls-ca-cert-file': join(folder, 'cert'),
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
    'tls-cluster': 'yes',
    // Certificates are made for names, and clients are told of nodes by them.
    'cluster-announce-hostname': 'localhost',
    'cluster-preferred-endpoint-type': 'hostname',
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** @throws an Error that says what to install */
export function redisServerProgram(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path))
  if (found === undefined)
    throw new Error('there is no redis-server in PATH: install it, for example apt-get install redis-server')
  return found
}

/** Half a minute and more: it takes a tenth of a second where the machine is free. */
const START_TRIES_MAX = 1500

const running = new Set<RedisProcess>()
let root: Promise<string> | undefined

function rootFolder(): Promise<string> {
  root ??= makeRoot()
  return root
}

async function makeRoot(): Promise<string> {
  const parent = await realpath(tmpdir())
  await removeLeftovers(parent)
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
  // Both for a run that ends without its `after` hooks: a crash, process.exit, Ctrl-C, the runner's time limit.
  process.once('exit', () => {
    for (const { pid } of running) endAtOnce(pid)
    removeFolderAtOnce(folder)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return folder
}

after(async () => {
  for (const server of running) await server.kill()
  if (root !== undefined) await removeFolder(await root)
  root = undefined
})

/** What test processes left behind that were killed outright. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN
    if (!Number.isInteger(owner) || processAlive(owner)) continue
    const folder = join(parent, name)
    // Another test file may be taking it away at this moment.
    for (const node of await readdir(folder).catch(() => [])) {
      const pid = Number(await readFile(join(folder, node, PID_FILE), 'utf8').catch(() => Number.NaN))
      if (Number.isInteger(pid) && isRedisIn(pid, join(folder, node))) endAtOnce(pid)
    }
    await removeFolder(folder)
  }
}

/** A process id may have gone to somebody else since. Redis works in its folder, and so finds its own id there. */
function isRedisIn(pid: number, folder: string): boolean {
  try {
    return realpathSync(`/proc/${pid}/cwd`) === folder
  } catch {
    return false
  }
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

const PREFIX = 'idgen-test-redis-'
const PID_FILE = 'redis.pid'
const DUMP_FILE = 'dump.rdb'
const LOG_FILE = 'redis.log'
