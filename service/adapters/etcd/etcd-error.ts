import { EtcdLeaseInvalidError, isRecoverableError } from 'etcd3'
import { IdgenError } from '../../core/errors.ts'

/** A member did not answer, or not in time; found out here and not told by gRPC. */
export class EtcdNoAnswer extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.name = 'EtcdNoAnswer'
  }
}

/** The one place where what etcd3 and gRPC throw becomes an IdgenError. `doing`: "reading /dcs/0". */
export function fromEtcdError(thrown: unknown, doing: string): IdgenError {
  if (thrown instanceof IdgenError) return thrown
  return new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `etcd failed while ${doing}: ${reason(thrown)}; ${outcome(thrown)}.`,
    { cause: thrown },
  )
}

/** In the server's words, in one line; in ours where it refused this client's certificate, of which OpenSSL says an error number. */
export function reason(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  for (const [alert, words] of CERTIFICATE_ALERTS) if (alert.test(text)) return words
  // What grpc-js adds where a name was resolved without trouble says nothing.
  const line = (text.split('\n', 1)[0] ?? '')
    .replace(/ Resolution note: $/, '')
    .replace(/\. Last error: (?:Error: )?(.*?)\.?$/, (_, last: string) =>
      last === 'null' ? '' : ` (${last})`,
    )
  return line.length > REASON_MAX ? `${line.slice(0, REASON_MAX)}…` : line
}

function outcome(thrown: unknown): string {
  if (thrown instanceof EtcdLeaseInvalidError) return 'nothing was changed, the lease is gone'
  if (neverSent(thrown)) return 'no member could be reached'
  if (memberFailed(thrown)) return 'whether it happened is unknown'
  return 'etcd refused it'
}

/** Another member may do better: this one, or the way to it, failed; it did not refuse the request itself. */
export function memberFailed(thrown: unknown): boolean {
  return thrown instanceof EtcdNoAnswer || (thrown instanceof Error && isRecoverableError(thrown))
}

/**
 * The request certainly did not leave this process, so it may be sent again, whatever it is. gRPC tells it only by
 * these texts (picker.js, internal-channel.js, resolver-dns.js of grpc-js; pinned by test/integration/etcd-faults.test.ts); a text that
 * changed counts as unknown.
 */
export function neverSent(thrown: unknown): boolean {
  return thrown instanceof Error && NEVER_SENT.test(thrown.message)
}

/** etcd does not know the token any more: the client must log in again, which etcd3 does not do by itself here. */
export function tokenRejected(thrown: unknown): boolean {
  return thrown instanceof Error && /revision of auth store is old|invalid auth token/.test(thrown.message)
}

const CERTIFICATE_ALERTS: readonly (readonly [RegExp, string])[] = [
  [
    /SSL alert number 116\b/,
    'it takes only clients that show a certificate: set etcd.tls.cert and etcd.tls.key',
  ],
  [
    /SSL alert number (?:42|43|44|45|46|48)\b/,
    'it does not take the certificate of etcd.tls.cert: that has ended, or an authority signed it that etcd does not trust',
  ],
]

const NEVER_SENT =
  /^14 UNAVAILABLE: (?:No connection established|Name resolution failed|Channel closed before call started)/
/** A server may answer with any text; a log line needs no more. */
const REASON_MAX = 300
