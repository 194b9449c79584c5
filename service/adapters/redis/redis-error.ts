import { IdgenError } from '../../core/errors.ts'

/**
 * The one conversion of what ioredis throws: always IDGEN_CACHE_UNAVAILABLE, because the answer of the callers is the
 * same whatever it was, namely to do without. `doing` completes "Redis failed while …".
 */
export function fromRedis(thrown: unknown, doing: string): IdgenError {
  if (thrown instanceof IdgenError) return thrown
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return cacheUnavailable(`Redis failed while ${doing}: ${why}`, withoutCommand(thrown))
}

export function cacheUnavailable(message: string, cause?: unknown): IdgenError {
  return new IdgenError('IDGEN_CACHE_UNAVAILABLE', message, cause === undefined ? {} : { cause })
}

/** ioredis hangs the failed command on the error, with its arguments: for AUTH and HELLO that is the password. */
function withoutCommand(thrown: unknown): unknown {
  if (thrown instanceof Error && 'command' in thrown) delete thrown.command
  return thrown
}
