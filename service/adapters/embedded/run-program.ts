import { spawn } from 'node:child_process'

/** How to start a program of the server: as which user, and through which other program. */
export interface Launch {
  readonly file: string
  readonly args: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

export interface ProgramResult {
  /** undefined when it could not be started or was killed at the deadline. */
  readonly code: number | undefined
  /** The last of what it printed, both streams: enough to say why it failed. */
  readonly output: string
}

/** Runs a program to its end, or kills it after `deadlineMs`. Never rejects. */
export function runProgram(launch: Launch, deadlineMs: number): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(launch.file, [...launch.args], {
      // The working directory of this process may be closed to the server's user.
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(launch.uid === undefined ? {} : { uid: launch.uid }),
      ...(launch.gid === undefined ? {} : { gid: launch.gid }),
      env: SERVER_ENVIRONMENT,
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_MAX)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
    child.once('error', (error) => done(undefined, error.message))
    child.once('close', (code) => done(code ?? undefined, ''))
    function done(code: number | undefined, more: string): void {
      clearTimeout(timer)
      resolve({ code, output: (output + more).trim() })
    }
  })
}

/** Nothing of ours: PG* variables would change the server, LC_* its messages, and secrets have no business there. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

const OUTPUT_MAX = 4000
