import type { KeyRow } from './key-row.ts'
import { type Config, type ConfigValue, ROWS, valueAt } from './keys.ts'

const HIDDEN = '[hidden]'

/** Every key with its value in force, fit for a log or a screen: secrets hidden, of a URL its password, what it is asked with, and keys in a path. */
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
  const pathname = WEB.test(url.protocol) ? visiblePath(url.pathname) : url.pathname
  if (url.password + url.search + url.hash === '' && pathname === url.pathname) return text
  // libpq takes a password as a parameter too, and further secrets (sslpassword); collectors take a token. None is shown.
  for (const name of url.searchParams.keys()) url.searchParams.set(name, 'hidden')
  if (url.password !== '') url.password = 'hidden'
  if (url.hash !== '') url.hash = 'hidden'
  url.pathname = pathname
  return url.href
}

/** Some receivers of traces and logs take their key as a part of the path. */
function visiblePath(path: string): string {
  const isKey = (part: string): boolean => part.length >= KEY_MIN && !WORDS.test(part)
  return path
    .split('/')
    .map((part) => (isKey(part) ? 'hidden' : part))
    .join('/')
}

/** The path of another address is the name of a database, or nothing. */
const WEB = /^https?:$/
/** Characters. Keys have more, and names of places in an address hardly ever as many. */
const KEY_MIN = 20
const WORDS = /^[a-z-]*$/
