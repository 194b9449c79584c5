import { jsonFields } from '../core/json-object.ts'
import { type ApiKey, SCOPES, type Scope } from '../ports/api-key-store.ts'

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
    revision,
  })
}

/** undefined where anything is not as `keyRecordText` wrote it: another release may write more, or less. */
export function parseKeyRecord(id: string, text: string): KeyRecord | undefined {
  const record = jsonFields(text)
  if (record['id'] !== id) return undefined
  const { name, within, revision } = record
  const hash = typeof record['hash'] === 'string' ? Buffer.from(record['hash'], 'base64') : undefined
  const scopes = scopesOf(record['scopes'])
  const createdAt = dateOf(record['createdAt'])
  const [expiresAt, revokedAt] = [optionalDateOf(record['expiresAt']), optionalDateOf(record['revokedAt'])]
  if (typeof name !== 'string' || typeof within !== 'string' || hash?.length !== SHA256_BYTES)
    return undefined
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision)) return undefined
  if (scopes === undefined || createdAt === undefined) return undefined
  if (expiresAt === 'wrong' || revokedAt === 'wrong') return undefined
  const { declaredBy } = record
  if (declaredBy !== undefined && typeof declaredBy !== 'string') return undefined
  const key = { id, name, hash: new Uint8Array(hash), scopes, within, createdAt, expiresAt, revokedAt }
  return { key: declaredBy === undefined ? key : { ...key, declaredBy }, revision }
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
