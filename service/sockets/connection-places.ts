import type { Server, Socket } from 'node:net'
import { ConnectionTable, type Protocol, type Refusal } from './connection-table.ts'

export interface PlacesOptions {
  readonly table: ConnectionTable
  /** Of the thread. */
  readonly row: number
  readonly protocol: Protocol
  /** Of this protocol, over all threads. */
  readonly max: number
  /** Of one address, over all protocols and threads; 0: no limit. */
  readonly maxPerAddress: number
  /** Under which an address is counted; undefined: it may have as many as it likes, as trusted proxies do. */
  readonly nameOf: (address: string | undefined) => string | undefined
}

/**
 * Who may connect. A connection counts from the first moment, before it agrees on keys or says anything. Threads that let
 * somebody in at the same moment may together have one too many each.
 */
export class ConnectionPlaces {
  readonly #options: PlacesOptions

  constructor(options: PlacesOptions) {
    this.#options = options
  }

  /** For a server by itself, without threads and without a limit by address. */
  static upTo(max: number, protocol: Protocol): ConnectionPlaces {
    const nobody = (): undefined => undefined
    const table = new ConnectionTable(0)
    return new ConnectionPlaces({ table, row: 0, protocol, max, maxPerAddress: 0, nameOf: nobody })
  }

  /** What gives the place back, to be called once; or why there is none. */
  take(address: string | undefined): (() => void) | Refusal {
    const { table, row, protocol, max, maxPerAddress, nameOf } = this.#options
    const name = maxPerAddress === 0 ? undefined : nameOf(address)
    const cells = name === undefined ? undefined : table.cellsOf(name)
    if (table.open(protocol) >= max) return this.#refused('full')
    if (cells !== undefined && table.openAt(cells) >= maxPerAddress) return this.#refused('address')
    table.count(row, protocol, cells, 1)
    return () => table.count(row, protocol, cells, -1)
  }

  #refused(why: Refusal): Refusal {
    const { table, row, protocol } = this.#options
    table.countRefused(row, protocol, why)
    return why
  }
}

/** Before `server` (also one of TLS) sees a connection at all. Call it once all listeners are there that are to see only those let in. */
export function guardConnections(
  server: Server,
  places: ConnectionPlaces,
  refuse: (socket: Socket, why: Refusal) => void,
): void {
  const inner = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const place = places.take(socket.remoteAddress)
    if (typeof place === 'string') return refuse(socket, place)
    socket.once('close', place)
    for (const listener of inner) listener.call(server, socket)
  })
}
