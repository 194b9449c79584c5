import { createHmac } from 'node:crypto'
import type { KeptSetting, KeptSettings } from '../ports/settings-store.ts'
import { describeConfig } from './describe-config.ts'
import { type Config, type ConfigValue, configOf, ROWS, valueAt } from './keys.ts'

/** A configuration as it may be kept in the database, to be compared with that of the next start. */
export function keptSettings(config: Config): KeptSettings {
  const shown = describeConfig(config)
  const kept: Record<string, KeptSetting> = {}
  for (const [path, row] of ROWS) {
    if (OF_ONE_PROCESS.has(path)) continue
    const value = valueAt(config, path)
    const isHidden = value !== '' && (row.secret || shown[path] !== value)
    const mark = isHidden ? digestOf(path, value, config.audit.key) : undefined
    kept[path] = { shown: shown[path] ?? '', ...(mark !== undefined && { mark }) }
  }
  return kept
}

/** What holds where nothing is given. */
export function keptDefaults(): KeptSettings {
  return keptSettings(configOf(new Map([...ROWS].map(([path, row]) => [path, row.default]))))
}

/**
 * Differ between the processes of one installation by their nature, or where several run on a machine: each start would look like a change of the one
 * before. The data centre is the place where the rest is kept.
 */
const OF_ONE_PROCESS: ReadonlySet<string> = new Set([
  'server.nodeName',
  'server.workerIds',
  'server.http.port',
  'server.https.port',
  'server.grpc.port',
  'server.resp.port',
  'server.metrics.port',
  'server.advertise.http',
  'server.advertise.grpc',
  'server.advertise.resp',
  'audit.file',
  'data.dir',
  'datacenter.id',
])

/**
 * A secret may be a word that can be guessed: a digest that can be made without a key that is not in the database
 * would let its readers try words. Without `audit.key` there is none, and that a secret was replaced is not seen.
 */
function digestOf(path: string, value: ConfigValue, key: string): string | undefined {
  if (key === '') return undefined
  return createHmac('sha256', key)
    .update(JSON.stringify(['setting', path, value]))
    .digest('hex')
}
