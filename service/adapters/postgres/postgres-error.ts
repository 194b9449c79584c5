import { type ErrorCode, IdgenError } from '../../core/errors.ts'

/**
 * The one conversion of what pg throws. `doing` completes "The database failed while …".
 * A unique_violation is a fault of ours: "the name is taken" is found by asking under the catalogue's lock, or by
 * ON CONFLICT, because an error would abort the transaction.
 */
export function fromPostgres(thrown: unknown, doing: string): IdgenError {
  if (thrown instanceof IdgenError) return thrown
  const code = codeOf(thrown)
  const kind = kindOf(code, thrown)
  return new IdgenError(kind, `The database failed while ${doing}${hint(kind, code)}`, { cause: thrown })
}

/** SQLSTATE (PostgreSQL documentation, appendix A) or Node's error code; '' when there is none. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return ''
  return typeof thrown.code === 'string' ? thrown.code : ''
}

function kindOf(code: string, thrown: unknown): ErrorCode {
  if (UNTRUSTED.has(code) || UNAVAILABLE.has(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2)))
    return 'IDGEN_STORE_UNAVAILABLE'
  if (code === '42P01' || code === '42703') return 'IDGEN_SCHEMA_MISMATCH'
  // Text that PostgreSQL cannot hold (NUL, broken UTF-8) can only have come in with the request.
  if (code === '22021' || code === '22P05') return 'IDGEN_REQUEST_INVALID'
  // pg's own failures carry no code: "Connection terminated", "timeout exceeded when trying to connect", …
  const message = thrown instanceof Error ? thrown.message : ''
  return /connection|connect|socket|pool|queryable/i.test(message) && code === ''
    ? 'IDGEN_STORE_UNAVAILABLE'
    : 'IDGEN_INTERNAL'
}

function hint(kind: ErrorCode, code: string): string {
  const shown = code === '' ? '' : ` (${code})`
  if (UNTRUSTED.has(code))
    return `${shown}: its certificate is not trusted; name the file with its authority in database.tls.ca (or as sslrootcert in database.url), and the host as the certificate does.`
  if (kind === 'IDGEN_STORE_UNAVAILABLE') return `${shown}: it cannot be reached or is not ready; try again.`
  if (kind === 'IDGEN_SCHEMA_MISMATCH')
    return `${shown}: its schema is not the expected one; run idgen migrate.`
  if (kind === 'IDGEN_REQUEST_INVALID') return `${shown}: a text holds a character that cannot be stored.`
  return `${shown}; the server log has the details.`
}

/** What Node says of a certificate that it does not take; a new one may be taken, so a later try may succeed. */
const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Classes of SQLSTATE that a later try may not meet: connection, authorisation, rollback, resources, operator. */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '40', '53', '57', '58'])

const UNAVAILABLE = new Set([
  '3D000', // the database is not there yet
  '25006', // read-only: connected to a standby during a failover
  '25P04', // transaction_timeout of the server
  '55P03', // lock_timeout
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // the Unix socket is gone
])
