/**
 * How much is kept for clients that do not read their answers, all together: what they sent, and the answers. Each is cut
 * off when it stays so (server.resp.stallTimeout), but by then as many as may connect would hold gigabytes. So those who
 * have stalled longest are cut off when the room is used up: were it the newcomers, a few hundred that never read could
 * have everybody cut off who is slow for a moment. Those that have shown no key have a small room of their own, or strangers
 * could have everybody else cut off.
 */
export class StalledClients {
  readonly #known = new Room(KNOWN_BYTES_MAX)
  readonly #strangers = new Room(STRANGERS_BYTES_MAX)

  /** `cutOff` is called when the room is used up and nobody has stalled longer. Disposing of the place gives its room back. */
  join(bytes: number, isKnown: boolean, cutOff: () => void): Disposable {
    return (isKnown ? this.#known : this.#strangers).take({ bytes, cutOff })
  }
}

interface Stalled {
  readonly bytes: number
  readonly cutOff: () => void
}

class Room {
  readonly #max: number
  /** Who stalled longest is first. */
  readonly #inside = new Set<Stalled>()
  #bytes = 0

  constructor(max: number) {
    this.#max = max
  }

  take(client: Stalled): Disposable {
    this.#inside.add(client)
    this.#bytes += client.bytes
    for (const longest of this.#inside) {
      if (this.#bytes <= this.#max) break
      this.#leave(longest)
      longest.cutOff()
    }
    return { [Symbol.dispose]: () => this.#leave(client) }
  }

  /** Once: who was cut off leaves again when its socket is closed. */
  #leave(client: Stalled): void {
    if (this.#inside.delete(client)) this.#bytes -= client.bytes
  }
}

/** Of one thread. A client that is slow for a moment takes 200 KB, so it needs some three hundred others. */
const KNOWN_BYTES_MAX = 67_108_864
/** Who has no key gets lines of errors, and has no reason to send many commands. */
const STRANGERS_BYTES_MAX = 8_388_608
