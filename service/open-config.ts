import type { EtcdCoordinator } from './adapters/etcd/etcd-coordinator.ts'
import type { Environment } from './config/environment-layer.ts'
import type { Config } from './config/keys.ts'
import { type ConfigSources, readConfigFile, resolveConfig } from './config/load.ts'
import type { Settings } from './config/settings-layer.ts'
import { readWholeConfig } from './config/whole-config.ts'
import type { FieldFault, IdgenError } from './core/errors.ts'
import { openCoordinator } from './open-coordinator.ts'
import type { Log } from './ports/log.ts'

/** The configuration of this process, settings in etcd included, as it is at the start. */
export interface OpenConfig {
  readonly config: Config
  readonly settings: Settings | undefined
  readonly dcAssumed: boolean
  /** As WholeConfig has it. */
  readonly without: IdgenError | undefined
  /** Settings in etcd that no key has. */
  readonly unknown: readonly FieldFault[]
  /** Through which the settings were read; the caller closes it. undefined: no etcd is configured. */
  readonly coordinator: EtcdCoordinator | undefined
}

/** @throws IDGEN_CONFIG_INVALID with all faults of file and environment; what is wrong in etcd is logged */
export async function openConfig(
  file: string | undefined,
  environment: Environment,
  log: Log,
): Promise<OpenConfig> {
  const sources: ConfigSources = { file: readConfigFile(file), environment }
  const local = resolveConfig(sources)
  const coordinator = await openCoordinator(local.config, log)
  if (coordinator === undefined) return { ...WITHOUT_ETCD, config: local.config, coordinator }
  const { config, settings, dcAssumed, without, unknown } = await readWholeConfig(sources, coordinator)
  if (without !== undefined) tellWithout(log, without)
  tellUnknown(log, unknown)
  return { config, settings, dcAssumed, without, unknown, coordinator }
}

const WITHOUT_ETCD = { settings: undefined, dcAssumed: false, without: undefined, unknown: [] }

/** The same for one command, without anything left open. */
export async function commandConfig(
  file: string | undefined,
  environment: Environment,
  log: Log,
): Promise<Config> {
  const { config, coordinator } = await openConfig(file, environment, log)
  await coordinator?.close()
  return config
}

export function tellUnknown(log: Log, unknown: readonly FieldFault[]): void {
  if (unknown.length > 0) log.warn({ unknown }, 'settings in etcd that this version does not know')
}

function tellWithout(log: Log, error: IdgenError): void {
  const fields = { err: error, faults: error.faults }
  if (error.code === 'IDGEN_CONFIG_INVALID')
    log.error(fields, 'settings in etcd refused, going on with file and environment')
  else log.warn(fields, 'settings in etcd could not be read, going on with file and environment')
}
