import { timingSafeEqual } from 'node:crypto'
import type { ApiKey } from '../ports/api-key-store.ts'

/**
 * Until when (Unix ms) this secret opens this key; undefined: it does not now. Both secrets are compared whatever the
 * first comparison says, each in constant time, so the time taken tells nothing about either.
 */
export function validUntilMs(key: ApiKey, digest: Uint8Array, nowMs: number): number | undefined {
  const isCurrent = sameBytes(key.hash, digest)
  const isPrevious = key.previous !== undefined && sameBytes(key.previous.hash, digest)
  if (key.revokedAt !== undefined || !(isCurrent || isPrevious)) return undefined
  const endsMs = key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  const untilMs = isCurrent ? endsMs : Math.min(endsMs, key.previous?.until.getTime() ?? 0)
  return untilMs > nowMs ? untilMs : undefined
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
