import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { FOLDER } from './layout.ts'
import { waitUntil } from './wait-until.ts'

/** A process that goes on when `make cluster` ends, known by a file with its number and its time of start. */
export class Daemon {
  readonly name: string
  readonly #folder: string

  /** `folder` for tests: they must not touch the cluster of this machine. */
  constructor(name: string, folder: string = FOLDER) {
    this.name = name
    this.#folder = folder
  }

  get running(): boolean {
    const recorded = this.#recorded()
    return recorded !== undefined && startTime(recorded.pid) === recorded.startTime
  }

  /** Does nothing when it runs already. Its output goes to a log file, appended. */
  start(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    if (this.running) return
    mkdirSync(pidsBelow(this.#folder), { recursive: true })
    mkdirSync(join(this.#folder, 'logs'), { recursive: true })
    const log = openSync(this.#logFile(), 'a')
    // In a session of its own: Ctrl-C on `make cluster` must not end it.
    const child = spawn(program, [...args], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: SYSTEM_PATH, HOME: this.#folder, ...env },
    })
    closeSync(log)
    child.on('error', () => {})
    child.unref()
    if (child.pid === undefined) throw new Error(`${this.name}: ${program} cannot be started`)
    const record = { pid: child.pid, startTime: startTime(child.pid) ?? '' }
    writeFileSync(this.#file(), JSON.stringify(record))
  }

  /** SIGTERM, after the limit SIGKILL. A number that belongs to another process by now is left alone. */
  async stop(limitMs = 10_000): Promise<void> {
    if (this.running) {
      this.#signal('SIGTERM')
      const wait = { what: `the end of ${this.name}`, limitMs, see: this.#logFile() }
      await waitUntil(() => !this.running, wait).catch(() => this.#signal('SIGKILL'))
      await waitUntil(() => !this.running, { ...wait, limitMs: KILLED_MS })
    }
    rmSync(this.#file(), { force: true })
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const recorded = this.#recorded()
    if (recorded === undefined || !this.running) return
    try {
      process.kill(recorded.pid, signal)
    } catch {
      // It ended between the look and the signal.
    }
  }

  #file(): string {
    return join(pidsBelow(this.#folder), `${this.name}.json`)
  }

  #logFile(): string {
    return join(this.#folder, 'logs', `${this.name}.log`)
  }

  #recorded(): { pid: number; startTime: string } | undefined {
    if (!existsSync(this.#file())) return undefined
    const read: unknown = JSON.parse(readFileSync(this.#file(), 'utf8'))
    if (typeof read !== 'object' || read === null || !('pid' in read) || !('startTime' in read))
      return undefined
    return { pid: Number(read.pid), startTime: String(read.startTime) }
  }
}

/** Those that were started and not stopped, also by an earlier run. */
export function recordedDaemons(folder: string = FOLDER): Daemon[] {
  const pids = pidsBelow(folder)
  if (!existsSync(pids)) return []
  return readdirSync(pids).map((file) => new Daemon(file.replace(/\.json$/, ''), folder))
}

function pidsBelow(folder: string): string {
  return join(folder, 'pids')
}

/** In ticks since the machine's start; undefined: no such process, or only what its parent has not fetched yet. */
function startTime(pid: number): string | undefined {
  try {
    return startTimeOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** The name of the program stands in brackets and may hold blanks and brackets itself. */
export function startTimeOf(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : fields[19]
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** The kernel ends a killed process as soon as it leaves a system call. */
const KILLED_MS = 10_000
