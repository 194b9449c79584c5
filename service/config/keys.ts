import { COORDINATION_KEYS } from './coordination-keys.ts'
import { ISSUING_KEYS } from './issuing-keys.ts'
import type { KeyRow, KeyValue } from './key-row.ts'
import { LIMIT_KEYS } from './limit-keys.ts'
import { SERVER_KEYS } from './server-keys.ts'
import { STORE_KEYS } from './store-keys.ts'
import { TRACING_KEYS } from './tracing-keys.ts'

/** THE registry of configuration keys, in the order of docs/configuration.md. */
export const KEYS = {
  ...SERVER_KEYS,
  ...LIMIT_KEYS,
  ...STORE_KEYS,
  ...COORDINATION_KEYS,
  ...ISSUING_KEYS,
  ...TRACING_KEYS,
} as const satisfies Record<string, KeyRow>

type Keys = typeof KEYS
export type KeyPath = keyof Keys

/** Every key's row by its path. A Map, because `__proto__` and `constructor` are not keys of it. */
export const ROWS: ReadonlyMap<string, KeyRow> = new Map<string, KeyRow>(Object.entries(KEYS))

/** A valid configuration: `server.http.port` of the registry is `config.server.http.port`. */
export type Config = Tree<KeyPath, ''>

/** The paths of a subtree by their first names; `Before` is what stands in front of them in the whole path. */
type Tree<Path extends string, Before extends string> = {
  readonly [Head in HeadOf<Path>]: `${Before}${Head}` extends KeyPath
    ? KeyValue<Keys[`${Before}${Head}`]>
    : Tree<TailOf<Path, Head>, `${Before}${Head}.`>
}
type HeadOf<Path extends string> = Path extends `${infer Head}.${string}` ? Head : Path
type TailOf<Path extends string, Head extends string> = Path extends `${Head}.${infer Tail}` ? Tail : never

export type ConfigValue = string | number | boolean

/** A flat configuration: every path of the registry with its value. */
export type ConfigValues = ReadonlyMap<string, ConfigValue>

/** The tree over flat values. Only paths of the registry arrive here, so no name can be `__proto__`. */
export function configOf(values: ConfigValues): Config {
  const tree: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const names = path.split('.')
    const last = names.pop() ?? path
    let node = tree
    for (const name of names) node = (node[name] ??= {}) as Record<string, unknown>
    node[last] = value
  }
  return tree as unknown as Config
}

/** The value at a path of the registry. */
export function valueAt(config: Config, path: string): ConfigValue {
  let node: unknown = config
  for (const name of path.split('.')) node = (node as Record<string, unknown>)[name]
  return node as ConfigValue
}
