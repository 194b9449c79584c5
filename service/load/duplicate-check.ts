import { hash } from 'node:crypto'
import { NumberSet, type NumberSetState, PAGE_BITS } from './number-set.ts'
import { UuidSet } from './uuid-set.ts'

/**
 * Every ID that came, and which of them came before. A tag has a space of its own below 2^53, where segments are; above
 * are the snowflakes, which no two tags may share; UUIDs are one set; a text belongs to its tag.
 *
 * Numbers come as decimal digits and stay two parts of them: upper · 10^9 + lower, both exact in a double.
 */
export class DuplicateCheck {
  readonly #tags: readonly string[]
  readonly #numbers: NumberSet
  readonly #uuids: UuidSet
  /** 128 bits of the digest of tag and text: two that differ share them less than once in 10^24 full tables. */
  readonly #texts: UuidSet
  #checked = 0
  #unchecked = 0
  #duplicates = 0
  readonly #examples: DuplicateId[] = []

  /** `bytesMax`: about how much memory may be taken; what comes beyond is counted as not checked. */
  constructor(tags: readonly string[], bytesMax: number) {
    this.#tags = tags
    this.#numbers = new NumberSet(tags.length + 1, bytesMax / 2, (space, value) =>
      this.#twice(tags[space] ?? ANY_TAG, String(value)),
    )
    this.#uuids = new UuidSet(bytesMax / 3)
    this.#texts = new UuidSet(bytesMax / 6)
  }

  /** The `count` numbers from upper · 10^9 + lower upwards, of the tag at that place of the list. */
  numbers(tag: number, upper: number, lower: number, count: number): void {
    // 10^9 = 976,562 · 1024 + 512: every product stays below 2^53.
    const rest = upper * 512 + lower
    const pages = Math.floor(rest / PAGE_BITS)
    const page = upper * 976_562 + pages
    const space = page < SNOWFLAKE_PAGES ? tag : this.#tags.length
    const refused = this.#numbers.addRun(space, page, rest - pages * PAGE_BITS, count)
    this.#unchecked += refused
    this.#checked += count - refused
  }

  uuid(tag: number, w0: number, w1: number, w2: number, w3: number): void {
    const found = this.#uuids.add(w0, w1, w2, w3)
    if (this.#countsAsTwice(found)) this.#twice(this.#tags[tag] ?? ANY_TAG, textOf(w0, w1, w2, w3))
  }

  text(tag: number, text: string): void {
    const digest = hash('sha256', `${tag} ${text}`, 'buffer')
    const found = this.#texts.add(
      digest.readUInt32BE(0),
      digest.readUInt32BE(4),
      digest.readUInt32BE(8),
      digest.readUInt32BE(12),
    )
    if (this.#countsAsTwice(found)) this.#twice(this.#tags[tag] ?? ANY_TAG, text)
  }

  /** Takes in what another thread saw. */
  merge(other: CheckState): void {
    this.#checked += other.summary.checked
    this.#unchecked += other.summary.unchecked
    this.#duplicates += other.summary.duplicates
    for (const example of other.summary.examples) this.#remember(example)
    const refused =
      this.#numbers.merge(other.numbers) +
      this.#merge(this.#uuids, other.uuids, textOf) +
      this.#merge(this.#texts, other.texts, () => 'a text, which another thread saw too,')
    this.#checked -= refused
    this.#unchecked += refused
  }

  /** For another thread, which gets the memory; this one is not to be used any more. */
  release(): CheckState {
    return {
      numbers: this.#numbers.release(),
      uuids: this.#uuids.release(),
      texts: this.#texts.release(),
      summary: this.summary(),
    }
  }

  summary(): CheckSummary {
    return {
      checked: this.#checked,
      unchecked: this.#unchecked,
      duplicates: this.#duplicates,
      examples: [...this.#examples],
    }
  }

  /** Counts it as checked, or as not. */
  #countsAsTwice(found: ReturnType<UuidSet['add']>): boolean {
    if (found === 'full') this.#unchecked += 1
    else this.#checked += 1
    return found === 'twice'
  }

  #merge(set: UuidSet, words: Uint32Array, shown: typeof textOf): number {
    let refused = 0
    for (let at = 0; at < words.length; at += 4) {
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words.subarray(at, at + 4)
      const found = set.add(w0, w1, w2, w3)
      if (found === 'full') refused += 1
      if (found === 'twice') this.#twice(ANY_TAG, shown(w0, w1, w2, w3))
    }
    return refused
  }

  #twice(tag: string, id: string): void {
    this.#duplicates += 1
    this.#remember({ tag, id })
  }

  #remember(example: DuplicateId): void {
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(example)
  }
}

export interface DuplicateId {
  /** `any` where the ID belongs to no tag's space alone. */
  readonly tag: string
  readonly id: string
}

export interface CheckSummary {
  readonly checked: number
  /** Beyond the memory limit. */
  readonly unchecked: number
  /** How often an ID came that had come before. */
  readonly duplicates: number
  readonly examples: readonly DuplicateId[]
}

export interface CheckState {
  readonly numbers: NumberSetState
  readonly uuids: Uint32Array<ArrayBuffer>
  readonly texts: Uint32Array<ArrayBuffer>
  readonly summary: CheckSummary
}

/** Buffers that go over to the other thread instead of being copied. */
export function transferable({ numbers, uuids, texts }: CheckState): ArrayBuffer[] {
  return [
    ...numbers.slabs.map((slab) => slab.buffer),
    ...numbers.spaces.flatMap(({ pages, at }) => [pages.buffer, at.buffer]),
    uuids.buffer,
    texts.buffer,
  ]
}

const ANY_TAG = 'any'
const EXAMPLES_MAX = 10
/** 2^53, where segments end and snowflakes begin. */
const SNOWFLAKE_PAGES = 2 ** 53 / PAGE_BITS

function textOf(w0: number, w1: number, w2: number, w3: number): string {
  const hex = [w0, w1, w2, w3].map((word) => word.toString(16).padStart(8, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
