import { createHash } from 'node:crypto'

/** JSON with the keys of every object in order and without fields that are undefined: equal values, equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

/** SHA-256 of it, hexadecimal. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  // A null prototype, or a key __proto__ would vanish.
  const copy = Object.create(null) as Record<string, unknown>
  for (const [key, field] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    copy[key] = sorted(field)
  return copy
}
