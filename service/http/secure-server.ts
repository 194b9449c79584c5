import { createServer, type Server } from 'node:https'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import { CONNECTION_LIMITS, limitConnections } from './connection-limits.ts'

/**
 * The encrypted listener of the API, not listening yet; createHttpServer puts the API behind it. A new certificate counts
 * for handshakes from then on: connections that are open stay.
 */
export function createSecureServer(certificates: CertificateSource, minVersion: TlsVersion): Server {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval } = CONNECTION_LIMITS
  const server = createServer({
    ...certificates.current,
    minVersion,
    handshakeTimeout: headersTimeout,
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval,
  })
  limitConnections(server)
  certificates.follow((pair) => server.setSecureContext({ ...pair, minVersion }))
  return server
}
