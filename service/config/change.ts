import { describeConfig } from './describe-config.ts'
import { type Config, type ConfigValue, ROWS, valueAt } from './keys.ts'

/** `secrets`: files that the configuration names for its secrets. */
export type ConfigSource = 'file' | 'secrets' | 'etcd'

/** A new valid configuration of the file. Values of restart keys in it are not in force yet. */
export interface ConfigChange {
  readonly config: Config
  /** Where it came from. */
  readonly source: ConfigSource
  /** What `changedLiveKeys` were and are; of secrets only that they changed. */
  readonly values: Readonly<Record<string, { readonly before: ConfigValue; readonly after: ConfigValue }>>
  /** Paths of live keys that differ from what was in force. */
  readonly changedLiveKeys: readonly string[]
  /** Paths of restart keys that differ from what the process was started with. */
  readonly needsRestart: readonly string[]
}

/**
 * What `next` changes. Live keys are compared with the configuration before it, restart keys with the one of the
 * start, because that one stays in force whatever the file said in between.
 */
export function configChange(
  source: ConfigSource,
  { started, before, next }: { readonly started: Config; readonly before: Config; readonly next: Config },
): ConfigChange {
  const differing = (base: Config, reload: 'live' | 'restart'): string[] =>
    [...ROWS]
      .filter(([path, row]) => row.reload === reload && valueAt(base, path) !== valueAt(next, path))
      .map(([path]) => path)
  const changedLiveKeys = differing(before, 'live')
  const [was, is] = [describeConfig(before), describeConfig(next)]
  return {
    config: next,
    source,
    values: Object.fromEntries(
      changedLiveKeys.map((path) => [path, { before: was[path] ?? '', after: is[path] ?? '' }]),
    ),
    changedLiveKeys,
    needsRestart: differing(started, 'restart'),
  }
}

/** Whether any key has another value. */
export function sameConfig(a: Config, b: Config): boolean {
  return [...ROWS.keys()].every((path) => valueAt(a, path) === valueAt(b, path))
}
