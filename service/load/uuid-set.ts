/**
 * A set of UUIDs, four words each, in one table with open addressing. Exact: all 128 bits are compared.
 *
 *     hash ─▶ slot: [w0 w1 w2 w3] [w0 w1 w2 w3] …      four zeros: free (the nil UUID has a flag of its own)
 */
export class UuidSet {
  readonly #slotsMax: number
  #words: Uint32Array<ArrayBuffer>
  #slots: number
  #count = 0
  #nil = false

  /** `bytesMax`: how large the table may become. */
  constructor(bytesMax: number) {
    this.#slotsMax = 2 ** Math.floor(Math.log2(Math.max(bytesMax / SLOT_BYTES, SLOTS_FIRST)))
    this.#slots = SLOTS_FIRST
    this.#words = new Uint32Array(this.#slots * WORDS)
  }

  /** 'full': there was no room left, and it was not looked at. */
  add(w0: number, w1: number, w2: number, w3: number): 'new' | 'twice' | 'full' {
    if ((w0 | w1 | w2 | w3) === 0) {
      if (this.#nil) return 'twice'
      this.#nil = true
      return 'new'
    }
    const at = this.#find(w0, w1, w2, w3)
    const words = this.#words
    if (!isFree(words, at)) return 'twice'
    if (this.#count >= this.#slots * FILL_MAX) {
      if (this.#slots >= this.#slotsMax) return 'full'
      this.#grow()
      return this.add(w0, w1, w2, w3)
    }
    words[at] = w0
    words[at + 1] = w1
    words[at + 2] = w2
    words[at + 3] = w3
    this.#count += 1
    return 'new'
  }

  /** All that are in it, four words each. For another thread, which gets the memory. */
  release(): Uint32Array<ArrayBuffer> {
    const out = new Uint32Array((this.#count + (this.#nil ? 1 : 0)) * WORDS)
    let to = 0
    for (let at = 0; at < this.#words.length; at += WORDS) {
      if (isFree(this.#words, at)) continue
      out.set(this.#words.subarray(at, at + WORDS), to)
      to += WORDS
    }
    this.#words = new Uint32Array(SLOTS_FIRST * WORDS)
    this.#slots = SLOTS_FIRST
    this.#count = 0
    this.#nil = false
    return out
  }

  /** Where it is, or the free slot where it belongs. */
  #find(w0: number, w1: number, w2: number, w3: number): number {
    const words = this.#words
    const mask = this.#slots - 1
    for (let slot = hash(w0, w1, w2, w3) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS
      if (isFree(words, at)) return at
      if (words[at] === w0 && words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3) return at
    }
  }

  #grow(): void {
    const old = this.#words
    this.#slots *= 2
    this.#words = new Uint32Array(this.#slots * WORDS)
    for (let from = 0; from < old.length; from += WORDS) {
      if (isFree(old, from)) continue
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = old.subarray(from, from + WORDS)
      this.#words.set([w0, w1, w2, w3], this.#find(w0, w1, w2, w3))
    }
  }
}

const WORDS = 4
const SLOT_BYTES = WORDS * 4
const SLOTS_FIRST = 4096
/** Fuller, and the search for a free slot grows long. */
const FILL_MAX = 0.6

function isFree(words: Uint32Array, at: number): boolean {
  return (
    ((words[at] as number) |
      (words[at + 1] as number) |
      (words[at + 2] as number) |
      (words[at + 3] as number)) ===
    0
  )
}

/** All words take part: a server at fault may give out UUIDs that differ in one of them only. */
function hash(w0: number, w1: number, w2: number, w3: number): number {
  let h = Math.imul(w0, 0x9e3779b1) ^ Math.imul(w1, 0x85ebca77) ^ Math.imul(w2, 0xc2b2ae3d) ^ w3
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}
