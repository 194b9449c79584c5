import { execFileSync } from 'node:child_process'

/**
 * Which code was measured: "d93c2ee0b1" of git, with "and changes" where what is measured or measures was changed since.
 * undefined: there is no git, or no repository.
 */
export function measuredCommit(): string | undefined {
  try {
    const commit = git('rev-parse', '--short=10', 'HEAD')
    const changes = git('status', '--porcelain', '--', ...MEASURED)
    return changes === '' ? commit : `${commit} and changes`
  } catch {
    return undefined
  }
}

/** Without what the benches write, which the bench before has written. */
const MEASURED = [
  'service',
  'sdk',
  'bench',
  // They start the servers of most benches.
  'test/fixtures',
  'proto',
  'migrations',
  'package-lock.json',
  ':!bench/results',
]

function git(...words: readonly string[]): string {
  return execFileSync('git', words, {
    cwd: `${import.meta.dirname}/..`,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: LIMIT_MS,
  }).trim()
}

/** It takes some milliseconds. */
const LIMIT_MS = 10_000
