import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createSecureServer } from 'node:tls'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import type { Clock } from '../ports/clock.ts'
import { adoptSocket } from '../sockets/adopt-socket.ts'
import { BufferPool } from './buffer-pool.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { HeldTotal } from './held-bytes.ts'

export interface Http2ServerOptions {
  readonly clock: Clock
  /** Who answers a request whose head has come. */
  readonly open: ConnectionOptions['open']
  /** Bytes that may be kept for one client; for all together, four times as many. */
  readonly maxHeldBytes: ConnectionOptions['maxHeldBytes']
  /** Further connections are closed at once, and their clients try another server; left out: as many as come. */
  readonly maxConnections?: number
  /** Connections above this age, give or take a tenth, take no new request, and end with the last one; 0: no limit. */
  readonly maxConnectionAgeMs: number
  /** A fault of ours that ended a connection, for the log. */
  readonly onFault: (error: unknown) => void
  /** Left out: not encrypted. */
  readonly tls?: { readonly certificates: CertificateSource; readonly minVersion: TlsVersion }
}

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Several listeners, of threads, share the port; the system spreads connections over them. */
  readonly reusePort?: boolean
}

/**
 * An HTTP/2 server (RFC 9113) for many small requests: no stream objects of Node, no header objects, one write for all
 * that a read brought about. Pushes nothing, and speaks HTTP/2 alone (prior knowledge, or ALPN where encrypted).
 */
export class Http2Server {
  readonly #options: Http2ServerOptions
  readonly #server: Server
  readonly #connections = new Map<Connection, Socket>()
  readonly #buffers = new BufferPool()
  readonly #heldTotal = new HeldTotal()
  /** All connections are read into it: what is not used in the same turn is copied. */
  readonly #input = Buffer.allocUnsafeSlow(READ_BYTES)
  #draining = false
  #drained: (() => void)[] = []
  #looking: Disposable | undefined

  constructor(options: Http2ServerOptions) {
    this.#options = options
    this.#server = options.tls === undefined ? this.#plain() : this.#encrypted(options.tls)
  }

  /** @returns the port. Rejects with Node's error when the address cannot be bound. */
  listen({ host, port, reusePort = false }: ListenOptions): Promise<number> {
    const server = this.#server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        server.removeListener('error', reject)
        this.#look()
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /**
   * No connection is accepted any more, and each ends when its requests are answered; what has not after `timeoutMs` is
   * cut off. Resolves when every connection is closed. Safe to call before listen and twice.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true
    this.#server.close()
    for (const connection of this.#connections.keys()) connection.retire()
    const late = this.#options.clock.after(timeoutMs, () => {
      for (const socket of this.#connections.values()) socket.destroy()
    })
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve))
    late[Symbol.dispose]()
    this.#looking?.[Symbol.dispose]()
  }

  /** One timer for all connections. */
  #look(): void {
    this.#looking = this.#options.clock.after(LOOK_EVERY_MS, () => {
      for (const connection of this.#connections.keys()) connection.look()
      this.#look()
    })
  }

  #plain(): Server {
    const server = createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true, allowHalfOpen: true })
    server.on('connection', (socket) => this.#accept(socket, false))
    return server
  }

  #encrypted({ certificates, minVersion }: NonNullable<Http2ServerOptions['tls']>): Server {
    const server = createSecureServer({
      ...certificates.current,
      ...SOCKET_OPTIONS,
      allowHalfOpen: true,
      minVersion,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    })
    // Those that never agree on keys count too: they come to `#accept` afterwards, if at all.
    server.maxConnections = this.#options.maxConnections ?? Number.POSITIVE_INFINITY
    certificates.follow((pair) => server.setSecureContext({ ...pair, minVersion }))
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    server.on('secureConnection', (socket) => this.#accept(socket, true))
    return server
  }

  #accept(accepted: Socket, encrypted: boolean): void {
    if (this.#connections.size >= (this.#options.maxConnections ?? Number.POSITIVE_INFINITY)) {
      accepted.on('error', ignore)
      accepted.destroy()
      return
    }
    const { socket, connection } = encrypted ? this.#copied(accepted, true) : this.#direct(accepted)
    this.#connections.set(connection, socket)
    socket.on('end', () => connection.inputEnded())
    socket.on('error', ignore)
    this.#limitAge(socket, connection)
    // It was still agreeing on its keys when the others were told.
    if (this.#draining) connection.retire()
    socket.once('close', () => {
      connection.closed()
      this.#connections.delete(connection)
      if (this.#connections.size > 0) return
      for (const resolve of this.#drained) resolve()
      this.#drained = []
    })
  }

  /** Read straight into the input that all connections share. */
  #direct(accepted: Socket): { socket: Socket; connection: Connection } {
    const input = this.#input
    const socket = adoptSocket(accepted, input, (length) => connection.receive(input, length))
    if (socket === undefined) return this.#copied(accepted, false)
    const connection = this.#newConnection(socket, false)
    return { socket, connection }
  }

  /** Of encrypted connections, and wherever the above is not to be had. */
  #copied(socket: Socket, encrypted: boolean): { socket: Socket; connection: Connection } {
    const connection = this.#newConnection(socket, encrypted)
    socket.on('data', (chunk: Buffer) => {
      if (!connection.receive(chunk, chunk.length)) socket.pause()
    })
    socket.resume()
    return { socket, connection }
  }

  #newConnection(socket: Socket, encrypted: boolean): Connection {
    const { clock, open, maxHeldBytes, onFault } = this.#options
    const [buffers, heldTotal] = [this.#buffers, this.#heldTotal]
    return new Connection(socket, { clock, open, maxHeldBytes, heldTotal, onFault, encrypted, buffers })
  }

  #limitAge(socket: Socket, connection: Connection): void {
    const { clock, maxConnectionAgeMs } = this.#options
    if (maxConnectionAgeMs === 0) return
    // Up to a tenth off, so that connections that began together do not come back together.
    const timer = clock.after(maxConnectionAgeMs * (0.9 + 0.2 * Math.random()), () => connection.retire())
    socket.once('close', () => timer[Symbol.dispose]())
  }
}

const READ_BYTES = 65_536
/** connection.ts counts them. */
const LOOK_EVERY_MS = 20_000
/** Clients of one deployment connect at once; beyond this the system drops them and they try again a second later. */
const BACKLOG = 1024
/** A connection that comes and never begins would stay for ever. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** An answer leaves at once; a peer that vanished without closing is noticed by the system's probes too. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const

/** The socket closes after it. */
function ignore(): void {}
