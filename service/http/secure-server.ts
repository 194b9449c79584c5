import { createServer, type Server } from 'node:https'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import { followCertificates, listenerCertificates } from '../sockets/shown-certificates.ts'
import { CONNECTION_LIMITS, limitConnections } from './connection-limits.ts'

/**
 * The encrypted listener of the API, not listening yet; createHttpServer puts the API behind it. A new certificate counts
 * for handshakes from then on: connections that are open stay.
 */
export function createSecureServer(
  certificates: CertificateSource,
  minVersion: TlsVersion,
  handshakeTimeout: number = CONNECTION_LIMITS.headersTimeout,
): Server {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval } = CONNECTION_LIMITS
  const server = createServer({
    ...listenerCertificates(certificates, minVersion),
    handshakeTimeout,
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval,
  })
  limitConnections(server)
  // Node leaves one that came and never began to the listener of clientError, whose answer would wait for the handshake
  // for ever: silent connections would pile up, and no close would end.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  followCertificates(server, certificates, minVersion)
  return server
}
