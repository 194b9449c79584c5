/**
 * A keyed permutation of the numbers 0 .. size-1, so that neighbours lie far apart and nobody without the key can tell
 * how many there were. Built to be undone: two numbers never meet, whatever the key (docs/formats.md, "Shuffled").
 *
 *     (left, right) ──▶ (right, left XOR F(key, tweak, round, right))      ROUNDS times: a Feistel network, which is
 *                                                                          a permutation whatever F is
 *     a result at or above size goes in once more (cycle walking), until it is below: at most four times on average,
 *     since the network works on less than four times as many values as size
 *
 * F is the permutation of Chaskey (ISO/IEC 29192-6) between two additions of the key. It hides volumes from
 * customers; it is no encryption of secrets.
 */
export class NumberShuffle {
  readonly #key: readonly [number, number, number, number]

  /** `key`: 32 hex digits (shuffleKeyFault). */
  constructor(key: string) {
    const word = (at: number): number => Number.parseInt(key.slice(at * 8, at * 8 + 8), 16)
    this.#key = [word(0), word(1), word(2), word(3)]
  }

  /** size 1..2^53, value 0..size-1; each tweak (below 2^32) is another permutation. */
  forward(size: number, value: number, tweak: number): number {
    return this.#walk(size, value, (pair, bits) => this.#encrypt(pair, bits, tweak))
  }

  backward(size: number, value: number, tweak: number): number {
    return this.#walk(size, value, (pair, bits) => this.#decrypt(pair, bits, tweak))
  }

  /** Ends: walking a permutation's cycle comes back to `value` itself, which is below `size`, at the latest. */
  #walk(size: number, value: number, step: (pair: Halves, bits: number) => void): number {
    const bits = halfBits(size)
    const half = 2 ** bits
    const pair = { left: Math.floor(value / half), right: value % half }
    // Above 2^53 the sum may be rounded, never to something below it.
    const whole = (): number => pair.left * half + pair.right
    do step(pair, bits)
    while (whole() >= size)
    return whole()
  }

  #encrypt(pair: Halves, bits: number, tweak: number): void {
    const mask = 2 ** bits - 1
    for (let round = 0; round < ROUNDS; round += 1) {
      const { left, right } = pair
      pair.left = right
      pair.right = (left ^ (this.#mixed(right, round, tweak) & mask)) >>> 0
    }
  }

  #decrypt(pair: Halves, bits: number, tweak: number): void {
    const mask = 2 ** bits - 1
    for (let round = ROUNDS - 1; round >= 0; round -= 1) {
      const { left, right } = pair
      pair.right = left
      pair.left = (right ^ (this.#mixed(left, round, tweak) & mask)) >>> 0
    }
  }

  #mixed(half: number, round: number, tweak: number): number {
    const [k0, k1, k2, k3] = this.#key
    let v0 = k0 ^ half
    let v1 = k1 ^ round
    let v2 = k2 ^ tweak
    let v3 = k3
    for (let turn = 0; turn < CHASKEY_ROUNDS; turn += 1) {
      v0 = (v0 + v1) | 0
      v1 = rotated(v1, 5) ^ v0
      v0 = rotated(v0, 16)
      v2 = (v2 + v3) | 0
      v3 = rotated(v3, 8) ^ v2
      v0 = (v0 + v3) | 0
      v3 = rotated(v3, 13) ^ v0
      v2 = (v2 + v1) | 0
      v1 = rotated(v1, 7) ^ v2
      v2 = rotated(v2, 16)
    }
    return v0 ^ k0
  }
}

interface Halves {
  left: number
  right: number
}

const SHUFFLE_KEY = /^[0-9a-f]{32}$/

/** What is wrong with the text as a key, or undefined. */
export function shuffleKeyFault(text: string): string | undefined {
  return SHUFFLE_KEY.test(text)
    ? undefined
    : 'must be 32 hex digits in lower case; "openssl rand -hex 16" makes some'
}

/** Bits of one half: both together hold `size` values, and less than four times as many. */
function halfBits(size: number): number {
  let bits = 1
  while (2 ** (2 * bits) < size) bits += 1
  return bits
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

/** As FF1 of NIST SP 800-38G, which is the same construction. */
const ROUNDS = 10
const CHASKEY_ROUNDS = 8
