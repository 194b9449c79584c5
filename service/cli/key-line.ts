import { previousSecret } from '../app/key-rotation.ts'
import type { UsedKey } from '../app/manage-keys.ts'

/** A key as `idgen key list` shows it at `nowMs`: one line, and never a secret. */
export function keyLine({ key, lastUsedAt }: UsedKey, nowMs: number): string {
  const used = lastUsedAt === undefined ? 'never used' : `used ${lastUsedAt.toISOString().slice(0, 16)}Z`
  // Of which of the two nobody keeps: as long as one is in use, both look it.
  const before = previousSecret(key, nowMs)
  const either =
    before === undefined ? '' : ` with either secret, the one before until ${before.until.toISOString()}`
  return `${key.id}  ${key.scopes.join(',').padEnd(20)} ${(key.within || '(all)').padEnd(24)} ${standing(key, nowMs)} ${used}${either}  ${key.name}`
}

function standing({ revokedAt, expiresAt }: UsedKey['key'], nowMs: number): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt.toISOString()}`
  if (expiresAt === undefined) return 'valid'
  return `${expiresAt.getTime() <= nowMs ? 'expired' : 'valid expires'} ${expiresAt.toISOString()}`
}
