import type { Server, Socket } from 'node:net'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import type { Clock } from '../ports/clock.ts'
import { adoptSocket } from '../sockets/adopt-socket.ts'
import { ConnectionPlaces } from '../sockets/connection-places.ts'
import { atAge, type ListenOptions, listening, newSocketServer } from '../sockets/socket-server.ts'
import { BufferPool } from './buffer-pool.ts'
import { Connection } from './connection.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { LAST_REQUEST_MS } from './connection-terms.ts'
import { HeldTotal } from './held-bytes.ts'

export interface Http2ServerOptions {
  readonly clock: Clock
  /** Who answers a request whose head has come. */
  readonly open: ConnectionOptions['open']
  /** Bytes that may be kept for one client; for all together, four times as many. */
  readonly maxHeldBytes: ConnectionOptions['maxHeldBytes']
  /** Who finds no place is closed at once, and tries another server; left out: as many as come. */
  readonly places?: ConnectionPlaces
  /** Connections above this age, give or take a tenth, take no new request, and end with the last one; 0: no limit. */
  readonly maxConnectionAgeMs: number
  /** A fault of ours that ended a connection, for the log. */
  readonly onFault: (error: unknown) => void
  /** Left out: not encrypted. */
  readonly tls?: { readonly certificates: CertificateSource; readonly minVersion: TlsVersion }
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
    const tls = options.tls && { ...options.tls, protocols: ['h2'] }
    const { places = ConnectionPlaces.upTo(Number.POSITIVE_INFINITY, 'grpc') } = options
    this.#server = newSocketServer({ tls, places }, (...accepted) => this.#accept(...accepted))
  }

  /** @returns the port. Rejects with Node's error when the address cannot be bound. */
  async listen(options: ListenOptions): Promise<number> {
    const port = await listening(this.#server, options)
    this.#look()
    return port
  }

  /**
   * No connection is accepted any more, and each ends when its requests are answered; one that has not come whole after 5 s
   * is refused, and what has not ended after `timeoutMs` is cut off. Resolves when every connection is closed. Safe to call before listen and twice.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true
    this.#server.close()
    for (const [connection, socket] of this.#connections) this.#endSoon(connection, socket)
    const late = this.#options.clock.after(timeoutMs, () => {
      for (const socket of this.#connections.values()) socket.destroy()
    })
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve))
    late[Symbol.dispose]()
    this.#looking?.[Symbol.dispose]()
  }

  #endSoon(connection: Connection, socket: Socket): void {
    connection.retire()
    const late = this.#options.clock.after(LAST_REQUEST_MS, () => connection.streams.hurry())
    socket.once('close', () => late[Symbol.dispose]())
  }

  /** One timer for all connections. */
  #look(): void {
    this.#looking = this.#options.clock.after(LOOK_EVERY_MS, () => {
      for (const connection of this.#connections.keys()) connection.look()
      this.#look()
    })
  }

  #accept(accepted: Socket, encrypted: boolean, left: () => void): void {
    const { clock, maxConnectionAgeMs } = this.#options
    const { socket, connection } = encrypted ? this.#copied(accepted, true) : this.#direct(accepted)
    this.#connections.set(connection, socket)
    socket.on('end', () => connection.inputEnded())
    socket.on('error', ignore)
    atAge(clock, maxConnectionAgeMs, socket, () => connection.retire())
    // It was still agreeing on its keys when the others were told.
    if (this.#draining) this.#endSoon(connection, socket)
    socket.once('close', () => {
      left()
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
}

const READ_BYTES = 65_536
/** connection.ts counts them. */
const LOOK_EVERY_MS = 20_000

/** The socket closes after it. */
function ignore(): void {}
