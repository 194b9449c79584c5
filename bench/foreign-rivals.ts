import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RepeatAnswer } from './rival-process.ts'

/** What a program of another language prints of each library that it measured, as JSON. */
export interface ForeignLine extends RepeatAnswer {
  readonly name: string
  readonly form: string
  readonly promise: string
  readonly nanos: number
}

export interface ForeignRivals {
  /** Where rivals/ is. */
  readonly sources: string
  /** Where to build. */
  readonly folder: string
  readonly bursts: number
  readonly ids: number
}

/** Libraries in Go and Java, as far as there are the tools for them. */
export function foreignRivals(asked: ForeignRivals): ForeignLine[] {
  return [...goRivals(asked), ...javaRivals(asked)]
}

function goRivals({ sources, folder, bursts, ids }: ForeignRivals): ForeignLine[] {
  if (!starts('go', ['version'])) return leftOut('the Go libraries, because there is no Go')
  const program = join(folder, 'go-rivals')
  execFileSync('go', ['build', '-mod=readonly', '-o', program, '.'], { cwd: sources, timeout: LIMIT_MS })
  return linesOf(program, [String(bursts), String(ids)])
}

function javaRivals({ sources, folder, bursts, ids }: ForeignRivals): ForeignLine[] {
  if (!starts('java', ['-version']) || !starts('mvn', ['-version']))
    return leftOut('CosId and yitter of Java, because there is no Java or no Maven')
  for (const file of ['pom.xml', 'rivals.java']) cpSync(join(sources, 'cosid', file), join(folder, file))
  const file = join(folder, 'class-path')
  execFileSync('mvn', ['-q', '-B', 'dependency:build-classpath', `-Dmdep.outputFile=${file}`], {
    cwd: folder,
    timeout: LIMIT_MS,
  })
  const classPath = readFileSync(file, 'utf8').trim()
  return linesOf('java', ['-cp', classPath, join(folder, 'rivals.java'), String(bursts), String(ids)])
}

function linesOf(program: string, words: readonly string[]): ForeignLine[] {
  const lines = execFileSync(program, words, {
    encoding: 'utf8',
    timeout: LIMIT_MS,
    // Java's logging library says on standard error that it has nothing to write to.
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ForeignLine)
}

function starts(program: string, words: readonly string[]): boolean {
  try {
    execFileSync(program, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function leftOut(what: string): [] {
  console.log(`left out: ${what}`)
  return []
}

/** A build or a run that takes longer hangs. */
const LIMIT_MS = 300_000
