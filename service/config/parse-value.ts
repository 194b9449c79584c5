import { unreachable } from '../core/invariant.ts'
import type { KeyRow, NumberRow, TextRow, UrlRow } from './key-row.ts'
import type { ConfigValue } from './keys.ts'

/** How a value was given: text of the environment or a file, where a number is text too, or a YAML scalar. */
export type Raw = { readonly text: string } | { readonly scalar: unknown }

/** The value, or what is allowed: "must be …". The offending value is added by the caller, unless it is a secret. */
export type Parsed = { readonly value: ConfigValue } | { readonly fault: string }

export function parseValue(row: KeyRow, raw: Raw): Parsed {
  switch (row.kind) {
    case 'string':
    case 'path':
      return parseText(row.kind, raw, row)
    case 'url':
      return parseUrl(row, raw)
    case 'boolean':
      return parseBoolean(raw)
    case 'enum':
      return parseChoice(row.values, raw)
    case 'instant':
      return parseInstant(row.min, row.max, raw)
    case 'duration_ms':
      return parseDuration(row, raw)
    case 'integer':
    case 'number':
      return parseNumber(row, raw)
    default:
      return unreachable(row)
  }
}

/** Long enough for every host name, path and URL; a larger one is a file given by mistake. */
const TEXT_MAX = 4096

function parseText(
  kind: 'string' | 'path',
  raw: Raw,
  { minLength = 0, maxLength = TEXT_MAX }: Pick<TextRow, 'minLength' | 'maxLength'> = {},
): Parsed {
  const text = textOf(raw)
  if (text === undefined) return { fault: 'must be text (in quotes if it looks like a number)' }
  if (text.length > maxLength) return { fault: `must be at most ${maxLength} characters` }
  if (CONTROL.test(text)) return { fault: 'must not hold control characters' }
  if (kind === 'path' && text === '') return { fault: 'must name a folder' }
  if (text !== '' && text.length < minLength)
    return { fault: `must be ${minLength} characters or more, and has ${text.length}` }
  return { value: text }
}

/** Line breaks, NUL and the like: never meant in a name or a path, and they would forge lines of the log. */
const CONTROL = /\p{Cc}/u

function parseUrl({ schemes, secret }: UrlRow, raw: Raw): Parsed {
  const parsed = parseText('string', raw)
  if ('fault' in parsed || parsed.value === '') return parsed
  const text = String(parsed.value)
  const wanted = schemes.map((scheme) => `${scheme}://`).join(' or ')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !schemes.includes(url.protocol.slice(0, -1)))
    return { fault: `must be a URL that begins with ${wanted}` }
  // What is no secret is shown to people, and given to other processes and clients.
  if (secret !== true && url.username + url.password !== '')
    return { fault: 'must be a URL without user name and password' }
  return parsed
}

function parseBoolean(raw: Raw): Parsed {
  if ('scalar' in raw && typeof raw.scalar === 'boolean') return { value: raw.scalar }
  if ('text' in raw && (raw.text === 'true' || raw.text === 'false')) return { value: raw.text === 'true' }
  return { fault: 'must be true or false' }
}

function parseChoice(values: readonly string[], raw: Raw): Parsed {
  const text = textOf(raw)
  return text !== undefined && values.includes(text)
    ? { value: text }
    : { fault: `must be one of ${values.join(', ')}` }
}

const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/

function parseInstant(min: number, max: number, raw: Raw): Parsed {
  const text = textOf(raw)
  const ms = text !== undefined && ISO_MOMENT.test(text) ? Date.parse(text) : numberOf(raw)
  if (ms !== undefined && Number.isSafeInteger(ms) && ms >= min && ms <= max) return { value: ms }
  const from = new Date(min).toISOString()
  const to = new Date(max).toISOString()
  return {
    fault: `must be Unix milliseconds or a UTC moment like 2024-01-01T00:00:00Z, from ${from} to ${to}`,
  }
}

const DURATION = /^(\d{1,15})(ms|s|m|h|d)$/
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function parseDuration(row: NumberRow, raw: Raw): Parsed {
  const [, count, unit] = DURATION.exec(textOf(raw) ?? '') ?? []
  const ms = count === undefined ? numberOf(raw) : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
  return ms !== undefined && Number.isSafeInteger(ms) && ms >= row.min && ms <= row.max
    ? { value: ms }
    : {
        fault: `must be a duration ${rangeText(row)}, in milliseconds or with a unit like 500ms, 30s, 5m, 1h`,
      }
}

function parseNumber(row: NumberRow, raw: Raw): Parsed {
  const value = numberOf(raw)
  const whole = row.kind === 'integer'
  const fits = value !== undefined && value >= row.min && value <= row.max
  return fits && (!whole || Number.isSafeInteger(value))
    ? { value }
    : { fault: `must be ${whole ? 'an integer' : 'a number'} ${rangeText(row)}` }
}

/** "from 1 to 100 IDs". */
export function rangeText({ kind, min, max, unit }: NumberRow): string {
  return `from ${min} to ${max}${kind === 'duration_ms' ? ' ms' : unit === undefined ? '' : ` ${unit}`}`
}

function textOf(raw: Raw): string | undefined {
  if ('text' in raw) return raw.text
  return typeof raw.scalar === 'string' ? raw.scalar : undefined
}

/** Decimal only: 0x10 or 1e3 in a variable is more likely a mistake than meant. */
const DECIMAL = /^-?\d{1,20}(?:\.\d{1,20})?$/

function numberOf(raw: Raw): number | undefined {
  if ('scalar' in raw) return typeof raw.scalar === 'number' ? raw.scalar : undefined
  return DECIMAL.test(raw.text) ? Number(raw.text) : undefined
}
