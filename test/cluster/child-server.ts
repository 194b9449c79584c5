import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { removeFolder } from '../fixtures/temporary-folder.ts'

export interface ChildServerOptions {
  readonly program: string
  readonly args: readonly string[]
  /** Its output goes to a file in there; its command line must name the folder (see removeLeftovers). */
  readonly folder: string
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
}

/** A process of a test, which ends with the test's own. */
export class ChildServer {
  readonly #child: ChildProcess
  readonly #log: string

  constructor({ program, args, folder, name, env = {} }: ChildServerOptions) {
    this.#log = join(folder, `${name}.log`)
    // A file and no pipe: when the test dies, a write to the pipe would end the server at some later time.
    const log = openSync(this.#log, 'a')
    this.#child = spawn(program, [...args], { stdio: ['ignore', log, log], env: { ...env } })
    closeSync(log)
    this.#child.on('error', () => {})
    this.#child.unref()
    if (this.#child.pid !== undefined) writeFileSync(join(folder, `${name}.pid`), String(this.#child.pid))
    endWithProcess(this.#child)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** null while it runs, and after a signal. */
  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** All that it has said so far. */
  output(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** Resolves with its exit code, null after a signal. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (!this.ended) {
      const exited = once(this.#child, 'exit')
      this.#child.ref()
      this.#child.kill(signal)
      await exited
    }
    return this.#child.exitCode
  }
}

let alive: Set<ChildProcess> | undefined

/** For a run that ends without closing: a crash, process.exit, Ctrl-C, the runner's time limit. */
function endWithProcess(child: ChildProcess): void {
  if (alive === undefined) {
    const all = new Set<ChildProcess>()
    process.once('exit', () => {
      for (const one of all) one.kill('SIGKILL')
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
    alive = all
  }
  const all = alive
  all.add(child)
  child.once('exit', () => all.delete(child))
}

/** The start of a folder's name; the id of its owner and a dash follow. */
export const FOLDER_PREFIX = 'idgen-test-kube-'

/** What test processes left behind that were killed outright. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = name.startsWith(FOLDER_PREFIX)
      ? Number(name.slice(FOLDER_PREFIX.length).split('-')[0])
      : Number.NaN
    if (!Number.isInteger(owner) || processAlive(owner)) continue
    const folder = join(tmpdir(), name)
    for (const file of await readdir(folder).catch(() => []))
      if (file.endsWith('.pid')) await endLeftover(folder, join(folder, file))
    await removeFolder(folder)
  }
}

/** Only a process that still is what it was: its number may belong to another one by now. */
async function endLeftover(folder: string, pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid <= 1) return
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (!commandLine.includes(folder)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
