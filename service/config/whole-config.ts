import { SETTINGS } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import { type ConfigSources, type ResolvedConfig, resolveConfig } from './load.ts'
import type { Settings } from './settings-layer.ts'

export interface WholeConfig extends ResolvedConfig {
  /** What etcd has; undefined where it has no part in this configuration. */
  readonly settings: Settings | undefined
  /** Why etcd has no part in it: it is away, or what it has is not valid. undefined: all is as it should be. */
  readonly without: IdgenError | undefined
  /** Nobody gave datacenter.id, and etcd, which may have it, was not heard. */
  readonly dcAssumed: boolean
}

/**
 * The configuration with the settings in etcd, read once. Where they cannot be had, or make it invalid, it is the
 * configuration without them: one bad key in etcd must not keep every process of every data centre from starting.
 * @throws IDGEN_CONFIG_INVALID when file and environment alone are not valid
 */
export async function readWholeConfig(
  sources: Omit<ConfigSources, 'settings'>,
  coordinator: Pick<Coordinator, 'list'>,
): Promise<WholeConfig> {
  try {
    const settings = settingsOf((await coordinator.list(SETTINGS)).entries)
    return {
      ...resolveConfig({ ...sources, settings }),
      settings,
      without: undefined,
      dcAssumed: false,
    }
  } catch (thrown) {
    const resolved = resolveConfig(sources)
    const dcAssumed = !resolved.given.has('datacenter.id')
    return { ...resolved, settings: undefined, without: IdgenError.from(thrown), dcAssumed }
  }
}

/** By what stands behind /settings/. */
export function settingsOf(entries: readonly { readonly key: string; readonly value: string }[]): Settings {
  return new Map(entries.map(({ key, value }) => [settingName(key), value]))
}

export function settingName(key: string): string {
  return key.slice(SETTINGS.length)
}
