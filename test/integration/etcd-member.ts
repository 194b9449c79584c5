import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freezeProcess } from '../fixtures/freeze-process.ts'

export interface EtcdMemberOptions {
  readonly program: string
  readonly name: string
  /** Holds `data`, `log` and `pid`. */
  readonly folder: string
  readonly clientPort: number
  readonly peerPort: number
  /** "m0=http://127.0.0.1:1,m1=…" */
  readonly cluster: string
  /** false: every write is flushed to the disk, as in production, and much slower. */
  readonly unsafeNoFsync: boolean
}

/** One etcd process, which a test may end, freeze and start again; its data stays. */
export class EtcdMember {
  readonly endpoint: string
  readonly #options: EtcdMemberOptions
  #process: ChildProcess | undefined

  constructor(options: EtcdMemberOptions) {
    this.#options = options
    this.endpoint = `http://127.0.0.1:${options.clientPort}`
    mkdirSync(options.folder, { recursive: true })
  }

  get name(): string {
    return this.#options.name
  }

  get dataFolder(): string {
    return join(this.#options.folder, 'data')
  }

  get peerUrl(): string {
    return `http://127.0.0.1:${this.#options.peerPort}`
  }

  get running(): boolean {
    return this.#process !== undefined
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts the process and does not wait until it serves: without a majority that may never be (EtcdCluster.ready). */
  start(): void {
    if (this.#process !== undefined) return
    const { program, folder } = this.#options
    // A file and no pipe: when the test dies, a write to the pipe would be the end of etcd at some later time.
    const log = openSync(join(folder, 'log'), 'a')
    const child = spawn(program, this.#arguments(), { stdio: ['ignore', log, log], env: {} })
    closeSync(log)
    child.on('error', () => {})
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined
    })
    child.unref()
    this.#process = child
    if (child.pid !== undefined) writeFileSync(join(folder, 'pid'), String(child.pid))
  }

  /** SIGKILL, as a crash. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: it hands its leadership over and writes everything down. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Freezes it: connections stay open, and nothing answers from now on. */
  pause(): void {
    if (this.#process?.pid !== undefined) freezeProcess(this.#process.pid)
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** The end of what it said, for an error. */
  lastWords(): string {
    try {
      return readFileSync(join(this.#options.folder, 'log'), 'utf8').slice(-1500)
    } catch {
      return ''
    }
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.ref()
    // A frozen process takes only SIGKILL.
    child.kill('SIGCONT')
    child.kill(signal)
    // It may wait for peers that are gone; a test must not.
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS)
    await exited
    clearTimeout(timer)
  }

  #arguments(): string[] {
    const { name, cluster, unsafeNoFsync } = this.#options
    const flags: Readonly<Record<string, string>> = {
      name,
      'data-dir': this.dataFolder,
      'listen-client-urls': this.endpoint,
      'advertise-client-urls': this.endpoint,
      'listen-peer-urls': this.peerUrl,
      'initial-advertise-peer-urls': this.peerUrl,
      'initial-cluster': cluster,
      'initial-cluster-token': CLUSTER_TOKEN,
      // A new leader within a second; the shortest lease is 1.5 election timeouts.
      'heartbeat-interval': '50',
      'election-timeout': '500',
      'log-level': 'error',
    }
    const given = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    return unsafeNoFsync ? [...given, '--unsafe-no-fsync'] : given
  }
}

export const CLUSTER_TOKEN = 'idgen-test'
const STOP_MAX_MS = 5000
