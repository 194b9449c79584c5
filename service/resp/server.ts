import type { Server, Socket } from 'node:net'
import type { Issuer } from '../app/issuer.ts'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import type { Clock } from '../ports/clock.ts'
import type { Tracer } from '../ports/tracer.ts'
import { adoptSocket } from '../sockets/adopt-socket.ts'
import { ConnectionPlaces } from '../sockets/connection-places.ts'
import { atAge, type ListenOptions, listening, newSocketServer } from '../sockets/socket-server.ts'
import type { ListNodes } from './command.ts'
import { Connection } from './connection.ts'
import { LOOK_EVERY_MS } from './connection-looks.ts'
import { plainErrorLine } from './error-line.ts'
import type { RespCounters } from './resp-counters.ts'
import type { RespLimits } from './resp-limits.ts'
import { newWorkplace, READ_BYTES, type Workplace } from './workplace.ts'

export interface RespServerOptions {
  readonly clock: Clock
  readonly limits: RespLimits
  /** Of idgen, for clients that ask. */
  readonly version: string
  readonly listNodes: ListNodes
  /** Connections above this age, give or take a tenth, end between commands; 0: no limit. */
  readonly maxConnectionAgeMs: number
  /** A fault of ours that ended a connection, for the log. */
  readonly onFault: (error: unknown) => void
  /** Left out: its own. A thread's are read along by the main thread. */
  readonly counters?: RespCounters
  /** Left out: no burst of commands is traced. */
  readonly tracer?: Tracer
  /** Left out: by limits.maxConnections alone. */
  readonly places?: ConnectionPlaces
  /** Left out: not encrypted. */
  readonly tls?: { readonly certificates: CertificateSource; readonly minVersion: TlsVersion }
}

/** The Redis protocol, for single IDs at the highest rate: any Redis client in any language (docs/resp.md). */
export class RespServer {
  readonly #options: RespServerOptions
  readonly #work: Workplace
  readonly #server: Server
  readonly #connections = new Map<Connection, Socket>()
  #lastId = 0
  #draining = false
  #drained: (() => void) | undefined
  #looking: Disposable | undefined

  constructor(issuer: Issuer, options: RespServerOptions) {
    const { tls, limits, places = ConnectionPlaces.upTo(limits.maxConnections, 'resp') } = options
    this.#options = options
    this.#work = newWorkplace(issuer, options, Math.floor(Math.random() * 2 ** 32))
    const refused = (): string => this.#refused()
    this.#server = newSocketServer({ tls, places, refused }, (...accepted) => this.#accept(...accepted))
  }

  get counters(): Readonly<RespCounters> {
    return this.#work.counters
  }

  /** @returns the port. Rejects with Node's error when the address cannot be bound. */
  async listen(options: ListenOptions): Promise<number> {
    const port = await listening(this.#server, options)
    this.#look()
    return port
  }

  /**
   * No connection is accepted any more, and each ends between commands; what has not after `timeoutMs` is cut off.
   * Resolves when every connection is closed. Safe to call before listen and twice.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true
    this.#server.close()
    for (const connection of this.#connections.keys()) connection.retire()
    const late = this.#options.clock.after(timeoutMs, () => {
      for (const socket of this.#connections.values()) socket.destroy()
    })
    if (this.#connections.size > 0)
      await new Promise<void>((resolve) => {
        const before = this.#drained
        this.#drained = () => {
          before?.()
          resolve()
        }
      })
    late[Symbol.dispose]()
    this.#looking?.[Symbol.dispose]()
  }

  /** A look at all connections now and then: a timer for each would cost every command two changes of it. */
  #look(): void {
    const { clock, limits } = this.#options
    const { idleTimeout: idleMs } = limits
    const everyMs = idleMs === 0 ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, idleMs / IDLE_LOOKS)
    this.#looking = clock.after(everyMs, () => {
      for (const connection of this.#connections.keys()) connection.look(everyMs, idleMs)
      this.#look()
    })
  }

  #refused(): string {
    this.#work.counters.refused += 1
    // The words by which clients know that it is worth another try.
    return plainErrorLine('ERR', 'max number of clients reached')
  }

  #accept(accepted: Socket, encrypted: boolean, left: () => void): void {
    const { counters } = this.#work
    const { clock, maxConnectionAgeMs } = this.#options
    counters.connections += 1
    counters.accepted += 1
    this.#lastId += 1
    const { socket, connection } = encrypted ? this.#copied(accepted, true) : this.#direct(accepted)
    this.#connections.set(connection, socket)
    socket.on('end', () => connection.inputEnded())
    socket.on('error', ignore)
    atAge(clock, maxConnectionAgeMs, socket, () => connection.retire())
    // It was still agreeing on its keys when the others were told.
    if (this.#draining) connection.retire()
    socket.once('close', () => {
      left()
      connection.closed()
      counters.connections -= 1
      this.#connections.delete(connection)
      if (this.#connections.size === 0) this.#drained?.()
    })
  }

  /** Read straight into the input that all connections share. */
  #direct(accepted: Socket): { socket: Socket; connection: Connection } {
    const { input, headroom } = this.#work
    const target = input.bytes.subarray(headroom, headroom + READ_BYTES)
    const socket = adoptSocket(accepted, target, (length) => connection.receive(length))
    if (socket === undefined) return this.#copied(accepted, false)
    const connection = new Connection(socket, this.#lastId, this.#work, false)
    return { socket, connection }
  }

  /** Of encrypted connections, and wherever the above is not to be had. */
  #copied(socket: Socket, encrypted: boolean): { socket: Socket; connection: Connection } {
    const { input, headroom } = this.#work
    const connection = new Connection(socket, this.#lastId, this.#work, encrypted)
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        const length = chunk.copy(input.bytes, headroom, at, Math.min(chunk.length, at + READ_BYTES))
        at += length
        if (connection.receive(length)) continue
        socket.pause()
        if (at < chunk.length) socket.unshift(chunk.subarray(at))
        return
      }
    })
    socket.resume()
    return { socket, connection }
  }
}

/** In one idleTimeout, at least: so a silent connection ends at most a quarter later than that. */
const IDLE_LOOKS = 4

/** The socket closes after it. */
function ignore(): void {}
