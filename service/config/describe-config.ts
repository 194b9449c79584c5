import type { KeyRow } from './key-row.ts'
import { type Config, type ConfigValue, ROWS, valueAt } from './keys.ts'

const HIDDEN = '[hidden]'

/** Every key with its value in force, fit for a log or a screen: secrets hidden, of a URL only its password. */
export function describeConfig(config: Config): Record<string, ConfigValue> {
  const shown: Record<string, ConfigValue> = {}
  for (const [path, row] of ROWS)
    shown[path] = row.secret ? hide(row, valueAt(config, path)) : valueAt(config, path)
  return shown
}

function hide(row: KeyRow, value: ConfigValue): ConfigValue {
  // That none is set is no secret, and what a person who looks for a fault wants to see.
  if (value === '') return ''
  return row.kind === 'url' ? hidePassword(String(value)) : HIDDEN
}

function hidePassword(text: string): string {
  if (!URL.canParse(text)) return HIDDEN
  const url = new URL(text)
  // libpq takes a password as a parameter too, and further secrets (sslpassword): no parameter is shown.
  for (const name of url.searchParams.keys()) url.searchParams.set(name, 'hidden')
  if (url.password !== '') url.password = 'hidden'
  return url.href
}
