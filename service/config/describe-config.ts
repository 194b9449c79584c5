import type { KeyRow } from './key-row.ts'
import { type Config, type ConfigValue, ROWS, valueAt } from './keys.ts'

const HIDDEN = '[hidden]'

/** Every key with its value in force, fit for a log or a screen: secrets hidden, of a URL its password and what it is asked with. */
export function describeConfig(config: Config): Record<string, ConfigValue> {
  const shown: Record<string, ConfigValue> = {}
  for (const [path, row] of ROWS) shown[path] = visible(row, valueAt(config, path))
  return shown
}

function visible(row: KeyRow, value: ConfigValue): ConfigValue {
  // That none is set is no secret, and what a person who looks for a fault wants to see.
  if (value === '') return ''
  if (row.kind === 'url') return visibleUrl(String(value))
  return row.secret ? HIDDEN : value
}

function visibleUrl(text: string): string {
  if (!URL.canParse(text)) return HIDDEN
  const url = new URL(text)
  // A password with a / ? or # in it ends the address for a parser: what follows, up to its @, is the rest of it.
  if (/@|%40/i.test(url.pathname + url.search + url.hash)) return HIDDEN
  // As it was written: a parser's way to write it would look like another value.
  if (url.password + url.search + url.hash === '') return text
  // libpq takes a password as a parameter too, and further secrets (sslpassword); collectors take a token. None is shown.
  for (const name of url.searchParams.keys()) url.searchParams.set(name, 'hidden')
  if (url.password !== '') url.password = 'hidden'
  if (url.hash !== '') url.hash = 'hidden'
  return url.href
}
