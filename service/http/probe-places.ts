import type { Socket } from 'node:net'

/**
 * The connections of the metrics port. With every place taken the oldest one ends that asks nothing, or else the oldest that has
 * its answer and does not read it. Were the newcomer refused, as Node does by itself, that many such would keep out the probes, and
 * the pod would be killed.
 *
 * What comes in is known by its two ends: over TLS another object asks than the one that came.
 */
export class ProbePlaces {
  readonly #max: number
  #ended = 0
  /** Each connection is in one of these; who agrees on keys is silent. */
  readonly #silent = new Map<string, Socket>()
  readonly #asking = new Map<string, Socket>()
  readonly #answered = new Map<string, Socket>()

  /** `max`: by default as many as probes and scrapes ever need. */
  constructor(max = PLACES_MAX) {
    this.#max = max
  }

  /** Connections that went for another one since the start, and newcomers for whom none could go. */
  get ended(): number {
    return this.#ended
  }

  take(newcomer: Socket): void {
    const ends = endsOf(newcomer)
    newcomer.once('close', () => this.#leave(ends))
    if (this.#silent.size + this.#asking.size + this.#answered.size >= this.#max) {
      // The newcomer itself, where all others are waiting for their answers.
      const [[key, oldest] = [ends, newcomer]] = [...this.#silent, ...this.#answered]
      this.#leave(key)
      this.#ended += 1
      oldest.destroy()
      if (oldest === newcomer) return
    }
    this.#silent.set(ends, newcomer)
  }

  asked(socket: Socket): void {
    this.#move(socket, this.#asking)
  }

  /** Its answer is written, and was the last one of its connection. */
  answered(socket: Socket): void {
    if (this.#asking.has(endsOf(socket))) this.#move(socket, this.#answered)
  }

  /** What came in, below the TLS of `socket`; undefined: it asks already, or has gone. */
  silent(socket: Socket): Socket | undefined {
    return this.#silent.get(endsOf(socket))
  }

  /** Node waits for who never said anything, for as long as he likes. */
  endSilent(): void {
    for (const socket of this.#silent.values()) socket.destroy()
  }

  #move(socket: Socket, to: Map<string, Socket>): void {
    const ends = endsOf(socket)
    const came = this.#silent.get(ends) ?? this.#asking.get(ends) ?? this.#answered.get(ends)
    if (came === undefined) return
    this.#leave(ends)
    to.set(ends, came)
  }

  #leave(ends: string): void {
    this.#silent.delete(ends)
    this.#asking.delete(ends)
    this.#answered.delete(ends)
  }
}

/** Each probe and scrape opens one and ends it; a handful come at once. */
const PLACES_MAX = 256

/** No two that are open have the same. */
function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}
