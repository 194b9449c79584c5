import { jsonFields } from '../core/json-object.ts'
import { type ApiKey, type PreviousSecret, SCOPES, type Scope } from '../ports/api-key-store.ts'

/** An API key as it lies in a shared cache, with the catalogue's revision that was known before it was read. */
export interface KeyRecord {
  readonly key: ApiKey
  readonly revision: number
}

/** JSON; the hash as base64, times as Unix milliseconds. The secret itself is nowhere. */
export function keyRecordText({ key, revision }: KeyRecord): string {
  return JSON.stringify({
    ...key,
    hash: Buffer.from(key.hash).toString('base64'),
    createdAt: key.createdAt.getTime(),
    expiresAt: key.expiresAt?.getTime() ?? null,
    revokedAt: key.revokedAt?.getTime() ?? null,
    previous: key.previous && {
      hash: Buffer.from(key.previous.hash).toString('base64'),
      until: key.previous.until.getTime(),
    },
    revision,
  })
}

/** undefined where anything is not as `keyRecordText` wrote it: another release may write more, or less. */
export function parseKeyRecord(id: string, text: string): KeyRecord | undefined {
  const record = jsonFields(text)
  if (record['id'] !== id) return undefined
  const { name, within, revision } = record
  const hash = hashOf(record['hash'])
  const scopes = scopesOf(record['scopes'])
  const createdAt = dateOf(record['createdAt'])
  const [expiresAt, revokedAt] = [optionalDateOf(record['expiresAt']), optionalDateOf(record['revokedAt'])]
  if (typeof name !== 'string' || typeof within !== 'string' || hash === undefined) return undefined
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision)) return undefined
  if (scopes === undefined || createdAt === undefined) return undefined
  if (expiresAt === 'wrong' || revokedAt === 'wrong') return undefined
  const { declaredBy } = record
  if (declaredBy !== undefined && typeof declaredBy !== 'string') return undefined
  const previous = previousOf(record['previous'])
  if (previous === 'wrong') return undefined
  const key = { id, name, hash, scopes, within, createdAt, expiresAt, revokedAt }
  return {
    key: { ...key, ...(declaredBy !== undefined && { declaredBy }), ...(previous && { previous }) },
    revision,
  }
}

function hashOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined
  const hash = Buffer.from(value, 'base64')
  return hash.length === SHA256_BYTES ? new Uint8Array(hash) : undefined
}

function previousOf(value: unknown): PreviousSecret | undefined | 'wrong' {
  if (value === undefined) return undefined
  const { hash: text, until: ms } = { ...(value as { readonly hash?: unknown; readonly until?: unknown }) }
  const [hash, until] = [hashOf(text), dateOf(ms)]
  return hash === undefined || until === undefined ? 'wrong' : { hash, until }
}

function scopesOf(value: unknown): Scope[] | undefined {
  if (!Array.isArray(value)) return undefined
  const scopes = SCOPES.filter((scope) => value.includes(scope))
  return scopes.length === value.length ? scopes : undefined
}

function optionalDateOf(value: unknown): Date | undefined | 'wrong' {
  if (value === null) return undefined
  return dateOf(value) ?? 'wrong'
}

function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'number') return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const SHA256_BYTES = 32
