import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LoadReport } from '../../service/load/load-report.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
/** Every load of a test is a second or two; the rest is the start of the program on a busy machine. */
const LIMIT_MS = 60_000

export interface BenchOutcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `idgen bench …`, as a user would type it. */
export function bench(
  args: readonly string[],
  environment: Record<string, string> = {},
  folder = process.cwd(),
): Promise<BenchOutcome> {
  const env = { ...process.env, ...environment }
  return new Promise((resolve) => {
    execFile(LAUNCHER, ['bench', ...args], { env, timeout: LIMIT_MS, cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
    })
  })
}

/** The same with the report as JSON. */
export async function benchJson(
  args: readonly string[],
): Promise<BenchOutcome & { readonly report: LoadReport }> {
  const outcome = await bench([...args, '--json', '-'])
  if (!outcome.out.startsWith('{')) throw new Error(`no report: ${outcome.out}\n${outcome.err}`)
  return { ...outcome, report: JSON.parse(outcome.out) as LoadReport }
}

/** The key that `--quickstart` writes, a moment after the service listens. */
export async function quickstartKey(file: string): Promise<string> {
  for (let tries = 0; tries < KEY_TRIES_MAX; tries += 1) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text !== '') return text
    await pause(50)
  }
  throw new Error(`${file} was not written`)
}

/** 20 s, as a start has. */
const KEY_TRIES_MAX = 400
