/**
 * Since when a member has not answered, and whether its connection should be made anew.
 *
 * gRPC begins a connection and then waits for it without a limit: where the first packet was lost (nobody had the
 * address at that moment) it is TCP alone that tries again, after 1, 2, 4 … 64 s, although the member is there again
 * long since. A new connection gets through at once.
 */
export class MemberSilence {
  #sinceMs: number | undefined
  #renewedMs = Number.NEGATIVE_INFINITY

  answered(): void {
    this.#sinceMs = undefined
  }

  /** A call that began at `beganMs` ended without an answer at `nowMs`. true: make the connection anew. */
  missed(beganMs: number, nowMs: number): boolean {
    this.#sinceMs ??= beganMs
    if (nowMs - Math.max(this.#sinceMs, this.#renewedMs) < RENEW_AFTER_MS) return false
    this.#renewedMs = nowMs
    return true
  }
}

/**
 * Longer than an election, in which a healthy member keeps everybody waiting (1 to 2 s); and not more often than that, or a
 * connection that is slow to be made would never be.
 */
const RENEW_AFTER_MS = 3000
