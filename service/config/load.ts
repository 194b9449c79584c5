import { basename } from 'node:path'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import { crossFaults } from './cross-checks.ts'
import { type Environment, readEnvironmentLayer } from './environment-layer.ts'
import type { KeyRow } from './key-row.ts'
import { type Config, type ConfigValue, configOf, ROWS } from './keys.ts'
import { type Layer, readSmallFile, type Setting, shown } from './layer.ts'
import { parseValue } from './parse-value.ts'
import { readYamlLayer } from './yaml-layer.ts'

const NOTHING: Layer = { settings: new Map(), faults: [] }

/**
 * The configuration: defaults, above them the YAML file, above it the environment.
 * @throws IDGEN_CONFIG_INVALID with every fault at once in `faults`; no secret stands in any of them
 */
export function loadConfig(file: string | undefined, environment: Environment): Config {
  if (file === undefined) return resolveConfig(NOTHING, environment)
  const content = readSmallFile(file)
  if ('fault' in content) throw unreadable(file, content.fault)
  return loadConfigText(content.text, file, environment)
}

/** The same over a text that was read before; `file` names it in faults. */
export function loadConfigText(text: string, file: string, environment: Environment): Config {
  return resolveConfig(readYamlLayer(text, basename(file)), environment)
}

export function unreadable(file: string, reason: string): IdgenError {
  return new IdgenError('IDGEN_CONFIG_INVALID', `The configuration file ${shown(file)} ${reason}.`, {
    faults: [{ path: file, message: reason }],
  })
}

function resolveConfig(fromFile: Layer, environment: Environment): Config {
  const fromEnvironment = readEnvironmentLayer(environment)
  const faults = [...fromFile.faults, ...fromEnvironment.faults]
  const faulty = new Set(faults.map(({ path }) => path))
  const values = new Map<string, ConfigValue>()
  for (const [path, row] of ROWS) {
    values.set(path, row.default)
    // Both layers are checked: a fault that is covered now would come out when the variable is removed.
    for (const { settings } of [fromFile, fromEnvironment]) {
      const setting = settings.get(path)
      if (setting === undefined) continue
      const result = checked(path, row, setting)
      if ('value' in result) values.set(path, result.value)
      else {
        faults.push(result)
        faulty.add(path)
      }
    }
  }
  // The values of a file that is no YAML would be missing from the comparisons.
  if (!fromFile.broken) faults.push(...crossFaults(values, faulty))
  if (faults.length > 0) throw invalid(faults)
  return configOf(values)
}

function checked(path: string, row: KeyRow, { raw, source }: Setting): { value: ConfigValue } | FieldFault {
  const parsed = parseValue(row, raw)
  if ('value' in parsed) return parsed
  const offending = row.secret ? '' : `, not ${shown('text' in raw ? raw.text : raw.scalar)}`
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
