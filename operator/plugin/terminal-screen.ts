import { createInterface } from 'node:readline/promises'
import type { Screen } from './plugin-world.ts'
import type { Look } from './styled-line.ts'

type Environment = Readonly<Record<string, string | undefined>>

interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** The terminal of the process, or the pipe in its place. */
export function terminalScreen(
  { stdin, stdout, stderr }: Terminal,
  env: Environment,
  colour: boolean,
): Screen {
  return {
    // A window may have been made wider since.
    get look() {
      return lookFor(stdout, env, colour)
    },
    get rows() {
      return stdout.isTTY ? stdout.rows : undefined
    },
    write: (text) => void stdout.write(text),
    tell: (text) => void stderr.write(text),
    progress: (text) => {
      if (stderr.isTTY) stderr.write(`\r${text}\u001b[K`)
    },
    ask: stdin.isTTY && stderr.isTTY ? (question) => askYesNo(stdin, stderr, question) : undefined,
  }
}

export function lookFor(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  env: Environment,
  colour: boolean,
): Look {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return {
    colour: colour && isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    unicode: /utf-?8/i.test(locale),
    width: isTTY === true ? Math.max(MIN_WIDTH, columns ?? 80) : Number.POSITIVE_INFINITY,
  }
}

async function askYesNo(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  question: string,
): Promise<boolean> {
  const reader = createInterface({ input, output })
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim())
  } finally {
    reader.close()
  }
}

/** Narrower ones wrap; nothing can be drawn in them. */
const MIN_WIDTH = 40
