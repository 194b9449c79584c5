import type { UsedKey } from '../app/manage-keys.ts'

/** A key as `idgen key list` shows it at `nowMs`: one line, and never a secret. */
export function keyLine({ key, lastUsedAt }: UsedKey, nowMs: number): string {
  const used = lastUsedAt === undefined ? 'never used' : `used ${lastUsedAt.toISOString().slice(0, 16)}Z`
  const { previous } = key
  // Of which of the two nobody keeps: as long as one is in use, both look it.
  const either =
    previous !== undefined && previous.until.getTime() > nowMs
      ? ` with either secret, the one before until ${previous.until.toISOString()}`
      : ''
  return `${key.id}  ${key.scopes.join(',').padEnd(20)} ${(key.within || '(all)').padEnd(24)} ${standing(key, nowMs)} ${used}${either}  ${key.name}`
}

function standing({ revokedAt, expiresAt }: UsedKey['key'], nowMs: number): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt.toISOString()}`
  if (expiresAt === undefined) return 'valid'
  return `${expiresAt.getTime() <= nowMs ? 'expired' : 'valid expires'} ${expiresAt.toISOString()}`
}
