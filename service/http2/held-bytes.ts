/** Bytes that are kept for all clients of a server together. */
export class HeldTotal {
  bytes = 0
}

/** Bytes that are kept for one client, and whether they are too many. */
export class HeldBytes {
  readonly #max: number
  readonly #total: HeldTotal
  #bytes = 0

  constructor(max: number, total: HeldTotal) {
    this.#max = max
    this.#total = total
  }

  add(moreBytes: number): void {
    this.#bytes += moreBytes
    this.#total.bytes += moreBytes
  }

  /** What is held for others counts only against who has some part in it. */
  get isFull(): boolean {
    return this.#bytes > (this.#total.bytes > CLIENTS_MAX * this.#max ? FAIR_BYTES : this.#max)
  }
}

/** So many clients may have all that one may; a crowd without a key could otherwise have as much for each connection. */
const CLIENTS_MAX = 4
/** A window as it is when nobody says anything: what a client needs that is well. */
const FAIR_BYTES = 65_535
