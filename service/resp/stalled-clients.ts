/**
 * How much is kept for clients that do not read their answers, all together: what they sent, and the answers. Each is cut
 * off when it stays so (server.resp.stallTimeout), but by then as many as may connect would hold gigabytes. Those that
 * have shown no key have a small room of their own, or strangers could have everybody else cut off.
 */
export class StalledClients {
  #known = 0
  #strangers = 0

  /** false: there is no room for it, and it is to be cut off now. `leave` gives the room back in either case. */
  join(bytes: number, isKnown: boolean): boolean {
    if (isKnown) this.#known += bytes
    else this.#strangers += bytes
    return isKnown ? this.#known <= KNOWN_BYTES_MAX : this.#strangers <= STRANGERS_BYTES_MAX
  }

  leave(bytes: number, isKnown: boolean): void {
    if (isKnown) this.#known -= bytes
    else this.#strangers -= bytes
  }
}

/** Of one thread. A client that is slow for a moment takes 200 KB, so it needs some three hundred others. */
const KNOWN_BYTES_MAX = 67_108_864
/** Who has no key gets lines of errors, and has no reason to send many commands. */
const STRANGERS_BYTES_MAX = 8_388_608
