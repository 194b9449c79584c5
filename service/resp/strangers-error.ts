import type { RateLimits } from '../app/rate-limits.ts'
import { IdgenError } from '../core/errors.ts'

/**
 * Why commands for IDs that came together without a key have none. Each counts for the address, and the first that is one too
 * many refuses all.
 */
export function strangersError(
  rates: Pick<RateLimits, 'admitAddress'>,
  client: string,
  commands: number,
): IdgenError {
  try {
    for (let i = 0; i < commands; i += 1) rates.admitAddress(client)
    return new IdgenError('IDGEN_UNAUTHENTICATED', 'This connection needs an API key first: AUTH idg_...')
  } catch (thrown) {
    return IdgenError.from(thrown)
  }
}
