import { basename } from 'node:path'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import { crossFaults } from './cross-checks.ts'
import { type Environment, readEnvironmentLayer } from './environment-layer.ts'
import type { KeyRow } from './key-row.ts'
import { type Config, type ConfigValue, configOf, type KeyPath, ROWS } from './keys.ts'
import { type Layer, readSmallFile, type Setting, shown } from './layer.ts'
import { parseValue } from './parse-value.ts'
import { readSettingsLayers, type Settings } from './settings-layer.ts'
import { readYamlLayer } from './yaml-layer.ts'

const NOTHING: Layer = { settings: new Map(), faults: [] }
const NO_SETTINGS: Settings = new Map()

/** All that makes a configuration, as texts: the same texts give the same configuration. */
export interface ConfigSources {
  /** undefined: no file. `name` stands for it in faults. */
  readonly file?: { readonly name: string; readonly text: string } | undefined
  /** undefined: no etcd, or it could not be read. */
  readonly settings?: Settings | undefined
  readonly environment: Environment
}

export interface ResolvedConfig {
  readonly config: Config
  /** Keys that are not on their default because a source gives them. */
  readonly given: ReadonlySet<string>
  /** Settings in etcd that no key has; told, not refused. */
  readonly unknown: readonly FieldFault[]
  /** Files that hold secrets of it. */
  readonly secretFiles: readonly string[]
}

/**
 * The configuration without etcd: defaults, above them the YAML file, above it the environment.
 * @throws IDGEN_CONFIG_INVALID with every fault at once in `faults`; no secret stands in any of them
 */
export function loadConfig(file: string | undefined, environment: Environment): Config {
  return resolveConfig({ file: readConfigFile(file), environment }).config
}

/** The same over a text that was read before; `file` names it in faults. */
export function loadConfigText(text: string, file: string, environment: Environment): Config {
  return resolveConfig({ file: { name: basename(file), text }, environment }).config
}

/** @throws IDGEN_CONFIG_INVALID when it cannot be read */
export function readConfigFile(file: string | undefined): ConfigSources['file'] {
  if (file === undefined) return undefined
  const content = readSmallFile(file)
  if ('fault' in content) throw unreadable(file, content.fault)
  return { name: basename(file), text: content.text }
}

export function unreadable(file: string, reason: string): IdgenError {
  return new IdgenError('IDGEN_CONFIG_INVALID', `The configuration file ${shown(file)} ${reason}.`, {
    faults: [{ path: file, message: reason }],
  })
}

/**
 * Defaults, above them the file, above it the settings in etcd for all and for this installation, above them the
 * environment.
 * @throws IDGEN_CONFIG_INVALID with every fault of every source at once
 */
export function resolveConfig({ file, settings = NO_SETTINGS, environment }: ConfigSources): ResolvedConfig {
  const fromFile = file === undefined ? NOTHING : readYamlLayer(file.text, file.name)
  const fromEnvironment = readEnvironmentLayer(environment)
  const installation = localText('datacenter.installation', fromEnvironment, fromFile)
  const { all, own, unknown } = readSettingsLayers(settings, installation)
  const layers = [fromFile, all, own, fromEnvironment]
  const { values, given, faults } = checkedValues(layers)
  // The values of a file that is no YAML would be missing from the comparisons.
  if (!fromFile.broken) faults.push(...crossFaults(values, new Set(faults.map(({ path }) => path))))
  if (faults.length > 0) throw invalid(faults)
  const secretFiles = layers.flatMap((layer) => layer.secretFiles ?? [])
  return { config: configOf(values), given, unknown, secretFiles }
}

interface CheckedValues {
  readonly values: Map<string, ConfigValue>
  readonly given: ReadonlySet<string>
  readonly faults: FieldFault[]
}

function checkedValues(layers: readonly Layer[]): CheckedValues {
  const values = new Map<string, ConfigValue>()
  const given = new Set<string>()
  const faults = layers.flatMap((layer) => layer.faults)
  for (const [path, row] of ROWS) {
    values.set(path, row.default)
    // Every layer is checked: a fault that is covered now would come out when the layer above it is removed.
    for (const { settings } of layers) {
      const setting = settings.get(path)
      if (setting === undefined) continue
      given.add(path)
      const result = checked(path, row, setting)
      if ('value' in result) values.set(path, result.value)
      else faults.push(result)
    }
  }
  return { values, given, faults }
}

/** A key that must be known before etcd's settings can be read; '' where no layer gives it as text. */
function localText(path: KeyPath, ...layers: readonly Layer[]): string {
  for (const { settings } of layers) {
    const raw = settings.get(path)?.raw
    const value = raw === undefined ? undefined : 'text' in raw ? raw.text : raw.scalar
    if (typeof value === 'string') return value
  }
  return ''
}

function checked(path: string, row: KeyRow, { raw, source }: Setting): { value: ConfigValue } | FieldFault {
  const parsed = parseValue(row, raw)
  if ('value' in parsed) return parsed
  const given = shown('text' in raw ? raw.text : raw.scalar)
  // A password may stand before the @ of a URL.
  const isShown = row.secret !== true && !(row.kind === 'url' && given.includes('@'))
  const offending = isShown ? `, not ${given}` : ''
  return { path, message: `${parsed.fault}${offending} (${source})` }
}

function invalid(faults: readonly FieldFault[]): IdgenError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  return new IdgenError(
    'IDGEN_CONFIG_INVALID',
    `The configuration has ${count}; docs/configuration.md lists every key.`,
    {
      faults,
    },
  )
}
