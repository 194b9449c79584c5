import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Clock } from '../ports/clock.ts'

/**
 * Connections above a certain age end with the answer to their next request. Clients that keep theirs for ever would
 * otherwise never reach a server that was added since: no canary would get its share. Each connection's limit is up to a
 * tenth off, so that those that began together do not come back together.
 */
export class ConnectionAge {
  readonly #clock: Clock
  readonly #maxAgeMs: number
  /** Only those above the age: usually none, so a request costs nothing. */
  readonly #old = new Set<Socket>()

  /** `maxAgeMs` 0: no limit. */
  constructor(clock: Clock, maxAgeMs: number) {
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
  }

  watch(server: Server | SecureServer): void {
    if (this.#maxAgeMs === 0) return
    server.on('connection', (socket: Socket) => this.#begin(socket))
    // Requests of an encrypted connection name this socket, not the one below it.
    server.on('secureConnection', (socket: Socket) => this.#begin(socket))
  }

  isOld(socket: Socket): boolean {
    return this.#old.size > 0 && this.#old.has(socket)
  }

  #begin(socket: Socket): void {
    const limitMs = this.#maxAgeMs * (0.9 + 0.2 * Math.random())
    const timer = this.#clock.after(limitMs, () => this.#old.add(socket))
    socket.once('close', () => {
      timer[Symbol.dispose]()
      this.#old.delete(socket)
    })
  }
}
