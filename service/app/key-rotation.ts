import { IdgenError } from '../core/errors.ts'
import type { ApiKey, PreviousSecret, SecretToEnd } from '../ports/api-key-store.ts'

/** The secret before the newest, while it is valid. */
export function previousSecret({ previous }: ApiKey, nowMs: number): PreviousSecret | undefined {
  return previous !== undefined && previous.until.getTime() > nowMs ? previous : undefined
}

/**
 * A key has two secrets at most. While both are valid nobody but its owner knows which one its users have, so a third one
 * is made only for who says which of the two ends. Otherwise a caller that repeats a rotation whose answer it never got
 * would end the only secret that anybody has.
 * @throws IDGEN_KEY_ROTATING; IDGEN_REQUEST_INVALID where the newest should end and is the only one
 */
export function refuseRotation(key: ApiKey, ends: SecretToEnd | undefined, nowMs: number): void {
  // The store says so, and better.
  if (key.revokedAt !== undefined) return
  const before = previousSecret(key, nowMs)
  if (before !== undefined && ends === undefined)
    throw new IdgenError(
      'IDGEN_KEY_ROTATING',
      `The API key ${key.id} was rotated, and its secret before that is valid until ${before.until.toISOString()}: a third needs to know which of the two ends.`,
    )
  if (before !== undefined || ends !== 'newest') return
  const message = `cannot be newest: the API key ${key.id} has one valid secret, which is in use`
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/ends ${message}.`, { faults: [{ path: '/ends', message }] })
}
