import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { ServedCertificate, ServedPair } from './served-certificate.ts'

export interface EncryptedServer {
  readonly server: Server
  /** Ends connections that have not agreed on keys: the server itself waits for them. */
  readonly endSilent: () => void
}

/** Of Node's server; milliseconds. The handshake may take as long as the head of a request. */
export interface EncryptedLimits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
}

/** HTTP over TLS 1.3 alone. A new certificate counts for handshakes from then on: connections that are open stay. */
export function encryptedServer(
  certificate: ServedCertificate,
  limits: EncryptedLimits,
  listener: RequestListener,
): EncryptedServer {
  const server = createServer(
    { ...contextOf(certificate.current), ...limits, handshakeTimeout: limits.headersTimeout },
    listener,
  )
  certificate.follow((pair) => server.setSecureContext(contextOf(pair)))
  const silent = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const ends = endsOf(socket)
    silent.set(ends, socket)
    socket.once('close', () => silent.delete(ends))
  })
  server.on('secureConnection', (socket) => silent.delete(endsOf(socket)))
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const came = silent.get(endsOf(socket))
    // Whose settings are from before the port was encrypted is told so; it has said all it has to say.
    if (error.code === 'ERR_SSL_HTTP_REQUEST') came?.end(NO_TLS)
    else socket.destroy()
    came?.destroySoon()
  })
  return {
    server,
    endSilent: () => {
      for (const socket of silent.values()) socket.destroy()
    },
  }
}

function contextOf({ cert, key }: ServedPair) {
  return { cert, key, minVersion: 'TLSv1.3' } as const
}

/** No two that are open have the same. The socket above TLS, which Node hands over, is another object than the one that came. */
function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}

const NO_TLS =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nthis port speaks TLS (IDGEN_OPERATOR_STATUS_CERT): ask for https://\n'
