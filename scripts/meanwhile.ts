import { type ChildProcess, spawn } from 'node:child_process'

/**
 * A command that runs beside suites that mostly wait, at the lowest priority: it takes what they leave of the processors, and
 * gives it back within a millisecond. What it prints is kept until it has ended, so that it stands together.
 */
export class Meanwhile {
  readonly #child: ChildProcess
  readonly #said: Buffer[] = []
  readonly #ended: Promise<MeanwhileEnd>

  /** `command`: for a shell. After `limitMs` it is ended with all that it has started. */
  constructor(command: string, limitMs = LIMIT_MS) {
    // `detached`: a session of its own. Linux shares the processors between sessions first, where it is built with
    // CONFIG_SCHED_AUTOGROUP, and then it is the session that must be nice. Elsewhere there is no such file.
    const child = spawn('nice', ['-n', '19', 'sh', '-c', `${NICE_SESSION}\n${command}`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => void this.#said.push(part))
    const limit = setTimeout(() => this.end(), limitMs)
    this.#ended = new Promise((resolve) => {
      const done = (how: string, isGood: boolean): void => {
        clearTimeout(limit)
        process.off('exit', this.#endWithUs)
        resolve({ isGood, how, said: Buffer.concat(this.#said).toString() })
      }
      child.once('error', (error) => done(error.message, false))
      child.once('close', (code, signal) => done(`exit ${code ?? signal}`, code === 0))
    })
    process.once('exit', this.#endWithUs)
  }

  /** Resolves when it has ended, in whatever way. */
  ended(): Promise<MeanwhileEnd> {
    return this.#ended
  }

  /** With all that it has started. */
  end(): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }

  readonly #endWithUs = (): void => this.end()
}

export interface MeanwhileEnd {
  readonly isGood: boolean
  /** For people: `exit 0`, `exit SIGKILL`, or why it did not start. */
  readonly how: string
  readonly said: string
}

const NICE_SESSION = '{ echo 19 > /proc/self/autogroup; } 2> /dev/null || :'
/** What a computer does in minutes may have to wait for suites of half an hour. */
const LIMIT_MS = 5_400_000
