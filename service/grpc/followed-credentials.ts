import { ServerCredentials } from '@grpc/grpc-js'
import type { CertificatePair, CertificateSource, TlsVersion } from '../ports/certificates.ts'

/**
 * TLS whose certificate may change while the listener stays: new handshakes get the new one, open connections stay. The
 * library's own credentials keep the certificate they were made with.
 */
export class FollowedCredentials extends ServerCredentials {
  constructor(certificates: CertificateSource, minVersion: TlsVersion) {
    const context = (pair: CertificatePair) => ({ ...pair, minVersion })
    super({ minVersion }, context(certificates.current))
    certificates.follow((pair) => this.updateSecureContextOptions(context(pair)))
  }

  /** The library asks it of two listeners on one port. */
  override _equals(other: ServerCredentials): boolean {
    return this === other
  }
}
