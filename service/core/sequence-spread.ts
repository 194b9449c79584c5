/**
 * Where the sequence of a new millisecond starts: pseudo-random in 0..63.
 *
 * If it always started at 0, a tag that takes one ID now and then would only ever get even numbers, all equal
 * modulo 64: callers that shard by `id % n` would use one shard. 63 of 1024 sequences is what it can cost: 6 %
 * of one millisecond, and nothing of the next ones, which are entered by borrowing and start at 0.
 */
export class SequenceSpread {
  #state: number

  /** `seed`: uint32. 0 is the one state xorshift never leaves, so another takes its place. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 0x9e37_79b9
  }

  /** 0..63, each equally often. xorshift32 (Marsaglia 2003); the upper bits, which are its better ones. */
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state >>> 26
  }
}
