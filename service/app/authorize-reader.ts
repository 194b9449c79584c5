import { IdgenError } from '../core/errors.ts'
import type { Caller } from './authenticator.ts'

/**
 * For what anybody may read whom we gave a key to read or change something: a key of Alertmanager only writes.
 * @throws IDGEN_FORBIDDEN
 */
export function authorizeReader({ keyId, scopes }: Caller): void {
  if (scopes.some((scope) => scope !== 'alert')) return
  throw new IdgenError(
    'IDGEN_FORBIDDEN',
    `The API key ${keyId} has the scope alert alone, which writes alerts and reads nothing; this call needs issue, manage or audit.`,
  )
}
