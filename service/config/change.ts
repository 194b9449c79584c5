import { type Config, ROWS, valueAt } from './keys.ts'

/** A new valid configuration of the file. Values of restart keys in it are not in force yet. */
export interface ConfigChange {
  readonly config: Config
  /** Paths of live keys that differ from what was in force. */
  readonly changedLiveKeys: readonly string[]
  /** Paths of restart keys that differ from what the process was started with. */
  readonly needsRestart: readonly string[]
}

/**
 * What `next` changes. Live keys are compared with the configuration before it, restart keys with the one of the
 * start, because that one stays in force whatever the file said in between.
 */
export function configChange(started: Config, before: Config, next: Config): ConfigChange {
  const differing = (base: Config, reload: 'live' | 'restart'): string[] =>
    [...ROWS]
      .filter(([path, row]) => row.reload === reload && valueAt(base, path) !== valueAt(next, path))
      .map(([path]) => path)
  return {
    config: next,
    changedLiveKeys: differing(before, 'live'),
    needsRestart: differing(started, 'restart'),
  }
}

/** Whether any key has another value. */
export function sameConfig(a: Config, b: Config): boolean {
  return [...ROWS.keys()].every((path) => valueAt(a, path) === valueAt(b, path))
}
