/**
 * A set of 63-bit numbers that is small where they lie close together: a bit each.
 *
 *     number = page · 1024 + bit          Map: (space, page) ─▶ index of 32 words in a slab
 *
 *     segments     a tag's numbers are consecutive, so pages fill up: 1.3 bits a number
 *     snowflakes   the 1024 sequences of a worker's millisecond are one page
 *
 * An interval list would be shorter for one thread that gets everything; with several connections and threads the
 * numbers of one are full of holes, which are somebody else's. A number once seen is seen for good: what comes twice is
 * found at once, whatever lies between.
 */
export class NumberSet {
  readonly #pagesMax: number
  readonly #pages: Map<number, number>[]
  readonly #slabs: Uint32Array<ArrayBuffer>[] = []
  #pageCount = 0
  readonly #onTwice: TwiceListener
  /** The pages looked at last: the numbers of an answer lie on one or two. */
  readonly #recentSpace = new Int32Array(RECENT).fill(-1)
  readonly #recentPage = new Float64Array(RECENT)
  readonly #recentAt = new Int32Array(RECENT)

  /** `spaces`: how many sets are kept apart. `bytesMax`: about how much memory all of them may take. */
  constructor(spaces: number, bytesMax: number, onTwice: TwiceListener) {
    this.#pagesMax = Math.floor(bytesMax / BYTES_PER_PAGE)
    this.#pages = Array.from({ length: spaces }, () => new Map<number, number>())
    this.#onTwice = onTwice
  }

  /** Adds the `count` numbers from page · 1024 + bit upwards. Returns how many had no room and were not looked at. */
  addRun(space: number, page: number, bit: number, count: number): number {
    let refused = 0
    let left = count
    let at = bit
    for (let p = page; left > 0; p += 1) {
      const here = Math.min(left, PAGE_BITS - at)
      if (!this.#addOnPage(space, p, at, here)) refused += here
      left -= here
      at = 0
    }
    return refused
  }

  /** Adds all of another set. Returns how many of its numbers had no room. */
  merge(other: NumberSetState): number {
    let refused = 0
    for (const [space, { pages, at }] of other.spaces.entries())
      for (let i = 0; i < pages.length; i += 1) {
        const { words, first } = wordsAt(other.slabs, at[i] as number)
        refused += this.#mergePage(space, pages[i] as number, words.subarray(first, first + PAGE_WORDS))
      }
    return refused
  }

  /** For another thread, which gets the memory; this set is not to be used any more. */
  release(): NumberSetState {
    const spaces = this.#pages.map((pages) => ({
      pages: Float64Array.from(pages.keys()),
      at: Int32Array.from(pages.values()),
    }))
    return { spaces, slabs: this.#slabs }
  }

  #addOnPage(space: number, page: number, bit: number, count: number): boolean {
    const at = this.#pageAt(space, page)
    if (at < 0) return false
    const words = this.#slabs[Math.floor(at / SLAB_PAGES)] as Uint32Array
    const first = (at % SLAB_PAGES) * PAGE_WORDS
    const end = bit + count
    for (let from = bit; from < end; ) {
      const word = from >>> 5
      const to = Math.min(end, (word + 1) << 5)
      const mask = (to - from === 32 ? 0xffffffff : ((1 << (to - from)) - 1) << (from & 31)) >>> 0
      const before = words[first + word] as number
      const twice = (before & mask) >>> 0
      words[first + word] = before | mask
      if (twice !== 0) this.#tell(space, page, word, twice)
      from = to
    }
    return true
  }

  #mergePage(space: number, page: number, theirs: Uint32Array): number {
    const at = this.#pageAt(space, page)
    if (at < 0) return theirs.reduce((sum, word) => sum + bitsOf(word), 0)
    const { words, first } = wordsAt(this.#slabs, at)
    for (let word = 0; word < PAGE_WORDS; word += 1) {
      const before = words[first + word] as number
      const added = theirs[word] as number
      const twice = (before & added) >>> 0
      words[first + word] = before | added
      if (twice !== 0) this.#tell(space, page, word, twice)
    }
    return 0
  }

  /** Index of the page's words; -1 where there is no room for another page. */
  #pageAt(space: number, page: number): number {
    const slot = (page + space) & (RECENT - 1)
    if (this.#recentSpace[slot] === space && this.#recentPage[slot] === page)
      return this.#recentAt[slot] as number
    const pages = this.#pages[space] as Map<number, number>
    let at = pages.get(page)
    if (at === undefined) {
      if (this.#pageCount >= this.#pagesMax) return -1
      at = this.#pageCount
      this.#pageCount += 1
      if (at % SLAB_PAGES === 0) this.#slabs.push(new Uint32Array(SLAB_PAGES * PAGE_WORDS))
      pages.set(page, at)
    }
    this.#recentSpace[slot] = space
    this.#recentPage[slot] = page
    this.#recentAt[slot] = at
    return at
  }

  #tell(space: number, page: number, word: number, twice: number): void {
    for (let bit = 0; bit < 32; bit += 1)
      if ((twice & (1 << bit)) !== 0)
        this.#onTwice(space, BigInt(page) * BigInt(PAGE_BITS) + BigInt(word * 32 + bit))
  }
}

/** Called once for every time a number comes again. */
export type TwiceListener = (space: number, value: bigint) => void

export interface NumberSetState {
  readonly spaces: readonly {
    readonly pages: Float64Array<ArrayBuffer>
    readonly at: Int32Array<ArrayBuffer>
  }[]
  readonly slabs: readonly Uint32Array<ArrayBuffer>[]
}

export const PAGE_BITS = 1024
const PAGE_WORDS = PAGE_BITS / 32
/** 512 KiB a slab: one allocation for thousands of pages. */
const SLAB_PAGES = 4096
/** 128 of bits, the rest for the entry of the map (measured with a million pages: 60 to 90). */
const BYTES_PER_PAGE = 224
/** A power of two. */
const RECENT = 64

function wordsAt(
  slabs: readonly Uint32Array[],
  at: number,
): { readonly words: Uint32Array; readonly first: number } {
  return { words: slabs[Math.floor(at / SLAB_PAGES)] as Uint32Array, first: (at % SLAB_PAGES) * PAGE_WORDS }
}

function bitsOf(word: number): number {
  let bits = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) bits += 1
  return bits
}
