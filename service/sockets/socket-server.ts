import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createSecureServer } from 'node:tls'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import type { Clock } from '../ports/clock.ts'
import { type ConnectionPlaces, guardConnections } from './connection-places.ts'
import { Farewell } from './farewell.ts'
import { listenAt } from './listen-at.ts'
import { followCertificates, listenerCertificates } from './shown-certificates.ts'

export interface Encryption {
  readonly certificates: CertificateSource
  readonly minVersion: TlsVersion
  /** What clients may ask to speak (ALPN); left out: anything. */
  readonly protocols?: readonly string[]
}

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Several listeners, of threads, share the port; the system spreads connections over them. */
  readonly reusePort?: boolean
}

export interface SocketServerOptions {
  /** Left out: not encrypted. */
  readonly tls?: Encryption | undefined
  readonly places: ConnectionPlaces
  /** Called for each client for whom there is no place; what it is told where that is not encrypted, or nothing. */
  readonly refused?: () => string
}

/** `left` must be called when the connection is closed. */
export type Accept = (socket: Socket, encrypted: boolean, left: () => void) => void

/** A server for a protocol of ours. A plain socket comes paused, so that it can be adopted (adopt-socket.ts). */
export function newSocketServer({ tls, places, refused }: SocketServerOptions, accept: Accept): Server {
  const farewell = new Farewell()
  if (tls !== undefined) {
    const server = newEncryptedServer(tls, accept)
    // It counts while it agrees on keys, and is told nothing before it has.
    guardConnections(server, places, (socket) => {
      refused?.()
      farewell.say(socket)
    })
    return server
  }
  const server = createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true, allowHalfOpen: true })
  return server.on('connection', (socket) => {
    const place = places.take(socket.remoteAddress)
    // Not by its event `close`, which comes when it is adopted.
    if (typeof place === 'function') accept(socket, false, place)
    else farewell.say(socket, refused?.())
  })
}

function newEncryptedServer({ certificates, minVersion, protocols }: Encryption, accept: Accept): Server {
  const server = createSecureServer({
    ...listenerCertificates(certificates, minVersion),
    ...SOCKET_OPTIONS,
    allowHalfOpen: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(protocols && { ALPNProtocols: [...protocols] }),
  })
  followCertificates(server, certificates, minVersion)
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server.on('secureConnection', (socket) => accept(socket, true, nothing))
}

/** @returns the port. Rejects with Node's error when the address cannot be bound. */
export function listening(server: Server, options: ListenOptions): Promise<number> {
  return listenAt(server, { ...options, backlog: BACKLOG })
}

/** Calls `retire` when the connection is this old, 0: never; up to a tenth off, so that those that began together do not come back together. */
export function atAge(clock: Clock, maxAgeMs: number, socket: Socket, retire: () => void): void {
  if (maxAgeMs === 0) return
  const timer = clock.after(maxAgeMs * (0.9 + 0.2 * Math.random()), retire)
  socket.once('close', () => timer[Symbol.dispose]())
}

/** Clients of one deployment connect at once; beyond this the system drops them and they try again a second later. */
const BACKLOG = 1024
/** A connection that comes and never begins would stay for ever. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** An answer leaves at once; a peer that vanished without closing is noticed by the system's probes. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const

/** The place of an encrypted connection is that of the socket below it. */
function nothing(): void {}
