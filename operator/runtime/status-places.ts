import type { Socket } from 'node:net'

/**
 * The connections of the status port. With every place taken the oldest one ends that is not waiting for an answer: were the
 * newcomer refused, as Node does by itself, silent connections would keep out the probes of the kubelet, and the pod would be
 * killed. Known by their two ends: over TLS another object asks than the one that came.
 */
export class StatusPlaces {
  readonly #max: number
  /** Each connection is in one of these. */
  readonly #idle = new Map<string, Socket>()
  readonly #asking = new Map<string, Socket>()

  constructor(max: number) {
    this.#max = max
  }

  take(newcomer: Socket): void {
    const ends = endsOf(newcomer)
    newcomer.once('close', () => this.#leave(ends))
    if (this.#idle.size + this.#asking.size >= this.#max) {
      // The newcomer itself, where all others are waiting for their answers.
      const [oldest] = this.#idle
      const [key, socket] = oldest ?? [ends, newcomer]
      this.#leave(key)
      socket.destroy()
      if (socket === newcomer) return
    }
    this.#idle.set(ends, newcomer)
  }

  asked(socket: Socket): void {
    this.#move(socket, this.#idle, this.#asking)
  }

  /** Its answer is written; who does not read it holds no place against others. */
  answered(socket: Socket): void {
    this.#move(socket, this.#asking, this.#idle)
  }

  #move(socket: Socket, from: Map<string, Socket>, to: Map<string, Socket>): void {
    const ends = endsOf(socket)
    const came = from.get(ends)
    if (came === undefined) return
    from.delete(ends)
    to.set(ends, came)
  }

  #leave(ends: string): void {
    this.#idle.delete(ends)
    this.#asking.delete(ends)
  }
}

/** No two that are open have the same. */
function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}
