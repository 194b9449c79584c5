import { settingKey } from '../core/coordination-keys.ts'
import type { FieldFault } from '../core/errors.ts'
import type { KeyRow } from './key-row.ts'
import { ROWS } from './keys.ts'
import type { Layer, Setting } from './layer.ts'
import { nearestName } from './nearest-name.ts'

/** The texts below /settings/ in etcd, by what stands behind it: `log.level`, or `datacenter.id@west` for one installation. */
export type Settings = ReadonlyMap<string, string>

export interface SettingsLayers {
  /** For every process. */
  readonly all: Layer
  /** For the processes of this installation, above it. */
  readonly own: Layer
  /** Names that no key has. No faults: two revisions of idgen run side by side on one etcd, and the older one must start. */
  readonly unknown: readonly FieldFault[]
}

/** `installation`: datacenter.installation of this process. What is meant for other installations is not looked at. */
export function readSettingsLayers(settings: Settings, installation: string): SettingsLayers {
  const all = { settings: new Map<string, Setting>(), faults: [] as FieldFault[] }
  const own = { settings: new Map<string, Setting>(), faults: [] as FieldFault[] }
  const unknown: FieldFault[] = []
  for (const name of [...settings.keys()].sort()) {
    const at = name.indexOf('@')
    const path = at < 0 ? name : name.slice(0, at)
    const layer = at < 0 ? all : own
    const row = ROWS.get(path)
    const source = `etcd ${settingKey(name)}`
    // `@` with nothing behind it is nobody, also where no installation is configured.
    if (at >= 0 && (at === name.length - 1 || name.slice(at + 1) !== installation)) continue
    if (row === undefined) {
      if (unknown.length < UNKNOWN_TOLD_MAX) unknown.push(unknownName(path, source))
    } else if (isLocal(row)) layer.faults.push({ path, message: `${LOCAL} (${source})` })
    else layer.settings.set(path, { raw: { text: withoutLineBreak(settings.get(name) ?? '') }, source })
  }
  return { all, own, unknown }
}

/** Whether only file and environment may give it. */
export function isLocal(row: KeyRow): boolean {
  return row.local === true || row.secret === true
}

function unknownName(path: string, source: string): FieldFault {
  const shown = path.slice(0, SHOWN_MAX)
  const nearest = nearestName(shown, ROWS.keys())
  const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`
  return { path: shown, message: `is unknown${hint} (${source.slice(0, SHOWN_MAX * 2)})` }
}

/** `etcdctl put` of a file or of what echo prints has one at the end. */
function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}

const LOCAL = 'cannot be set in etcd: give it by file or environment'
/** Enough to see what is wrong; somebody may have put a whole tree there by mistake. */
const UNKNOWN_TOLD_MAX = 20
const SHOWN_MAX = 100
