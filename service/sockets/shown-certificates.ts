import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { CertificatePair, CertificateSource, TlsVersion } from '../ports/certificates.ts'

/**
 * Of an encrypted listener: the certificate it shows, and those it asks clients for. They are asked and may come without: who
 * has none, or one that nobody signed, needs a key (client-certificate.ts).
 */
export function listenerCertificates(
  certificates: CertificateSource,
  minVersion: TlsVersion,
): Pick<TlsOptions, 'requestCert' | 'rejectUnauthorized'> & SecureContextOptions {
  const asked = certificates.current.clientCa !== undefined
  return {
    ...contextOf(certificates.current, minVersion),
    ...(asked && { requestCert: true, rejectUnauthorized: false }),
  }
}

/** For handshakes from then on: connections that are open stay. */
export function followCertificates(
  server: { setSecureContext(options: SecureContextOptions): void },
  certificates: CertificateSource,
  minVersion: TlsVersion,
): void {
  certificates.follow((pair) => server.setSecureContext(contextOf(pair, minVersion)))
}

function contextOf({ cert, key, clientCa }: CertificatePair, minVersion: TlsVersion): SecureContextOptions {
  return { cert, key, minVersion, ...(clientCa && { ca: clientCa }) }
}
