/**
 * How much is kept for clients that do not read their answers, all together: what they sent, and the answers. Each is cut
 * off when it stays so (server.resp.stallTimeout), but by then as many as may connect would hold gigabytes.
 */
export class StalledClients {
  #bytes = 0

  /** false: there is no room for it, and it is to be cut off now. `leave` gives the room back in either case. */
  join(bytes: number): boolean {
    this.#bytes += bytes
    return this.#bytes <= STALLED_BYTES_MAX
  }

  leave(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** Of one thread. A client that is slow for a moment takes 200 KB, so it needs some three hundred others. */
const STALLED_BYTES_MAX = 67_108_864
