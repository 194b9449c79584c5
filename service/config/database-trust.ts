import type { FieldFault } from '../core/errors.ts'
import type { ConfigValues, KeyPath } from './keys.ts'

/** Where the authorities of database.tls.ca would not count, and nobody would see it. A URL may hold a password: it is not repeated. */
export function databaseFaults(values: ConfigValues): FieldFault[] {
  if (values.get(DATABASE_CA) === '') return []
  return DATABASE_URLS.flatMap((path) => {
    const url = String(values.get(path))
    const fault = URL.canParse(url) ? trustFault(new URL(url), path) : undefined
    return fault === undefined ? [] : [{ path: DATABASE_CA, message: fault }]
  })
}

function trustFault({ hash, searchParams }: URL, path: KeyPath): string | undefined {
  // The driver leaves out what stands behind it.
  if (hash !== '') return `needs ${path} without #: in a name or a password write it as %23`
  const mode = lastOf(searchParams, 'sslmode')
  if (mode === 'verify-full' || mode === '') return undefined
  if (!HELD_AGAINST_HOST.has(mode)) return `needs ${path} with sslmode=verify-full or without sslmode`
  return lastOf(searchParams, 'uselibpqcompat') === 'true'
    ? `needs ${path} with sslmode=verify-full or without uselibpqcompat: the name in the certificate is not held against the host`
    : undefined
}

/** As the driver takes it where a name stands there several times. */
function lastOf(params: URLSearchParams, name: string): string {
  return params.getAll(name).at(-1) ?? ''
}

const DATABASE_CA: KeyPath = 'database.tls.ca'
const DATABASE_URLS: readonly KeyPath[] = ['database.url', 'database.listenUrl']
/** To the driver the same as verify-full, unless it is told to take them as libpq does. */
const HELD_AGAINST_HOST: ReadonlySet<string> = new Set(['require', 'verify-ca'])
