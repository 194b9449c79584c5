/**
 * Streams that ended on our side before the client had sent all: refused, reset, or answered early. What it sent until it
 * knew of that is on its way, and no fault of its (RFC 9113 section 5.1, "closed").
 */
export class AbandonedStreams {
  /** By stream, oldest first: bytes of DATA that may still come. */
  readonly #bytesLeft = new Map<number, number>()
  readonly #windowBytes: number

  /** `windowBytes`: what a client may send before it hears of us. */
  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes
  }

  add(id: number): void {
    this.#bytesLeft.set(id, this.#windowBytes)
    if (this.#bytesLeft.size <= KEPT_MAX) return
    for (const oldest of this.#bytesLeft.keys()) {
      this.#bytesLeft.delete(oldest)
      return
    }
  }

  /** Whether DATA of this stream may still come, these bytes included. */
  takes(id: number, bytes: number, isLast: boolean): boolean {
    const left = this.#bytesLeft.get(id)
    if (left === undefined) return false
    if (isLast || left < bytes) this.#bytesLeft.delete(id)
    else this.#bytesLeft.set(id, left - bytes)
    return left >= bytes
  }

  /** The client ends it too. Whether it was one of these. */
  forget(id: number): boolean {
    return this.#bytesLeft.size > 0 && this.#bytesLeft.delete(id)
  }
}

/** As many as there may be at once (connection.ts); of older ones a round trip is over. */
const KEPT_MAX = 256
