import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly input?: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: five minutes, more than any command of a start takes on a busy machine. */
  readonly limitMs?: number
}

/** Runs a command to its end and resolves with what it printed; rejects with what it said when it fails. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text))
  // A command that ends without reading its input is judged by its exit code alone.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  // spawn's own `timeout` would keep the process for as long when the program does not exist.
  const timer = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? LIMIT_MS)
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'))
  }).finally(() => clearTimeout(timer))
  if (code === 0) return output.out
  const said = (output.err === '' ? output.out : output.err).trim().slice(-2000)
  throw new Error(`${program} ${args.slice(0, 4).join(' ')} failed (${code}): ${said}`)
}

const LIMIT_MS = 300_000
