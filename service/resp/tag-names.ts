import type { Caller } from '../app/authenticator.ts'
import type { RememberedTag } from '../app/issuer.ts'
import { IdOdometer, ODOMETER_BYTES } from './id-odometer.ts'
import type { InputBytes } from './input-bytes.ts'

/** The name of a tag as it came over the wire, and what is worth remembering with it. */
export class TagName {
  /** `w/g/t`, perhaps: whether there is such a tag is found out when IDs are taken. */
  readonly path: string
  /** The number that this protocol printed last of the tag, as text: the next one is mostly its successor. */
  readonly odometer: IdOdometer
  /** From when IDs of it were asked for. */
  tag: RememberedTag | undefined
  /** May issue of this tag. */
  mayIssue: Caller | undefined
  /** The burst that holds IDs of it, and where in it. */
  burst = 0
  takeIndex = 0
  /** Where it is looked for first, before the size of the table bounds it. */
  readonly hash: number
  readonly #length: number
  readonly #memory: DataView
  /** Where in it the characters stand, in whole words, right behind the odometer. */
  readonly #at: number

  constructor(
    { bytes, view }: InputBytes,
    start: number,
    length: number,
    memory = new NameMemory(),
    hash = 0,
  ) {
    this.hash = hash
    this.path = bytes.toString('latin1', start, start + length)
    this.#length = length
    const at = memory.take(ODOMETER_BYTES + length + 3)
    this.#memory = memory.view
    this.odometer = new IdOdometer(memory.view, at)
    this.#at = at + ODOMETER_BYTES
    for (let i = 0; i < length; i += 4)
      this.#memory.setInt32(this.#at + i, view.getInt32(start + i, true) & maskOf(length - i), true)
  }

  is(view: DataView, start: number, length: number): boolean {
    if (length !== this.#length) return false
    const memory = this.#memory
    const at = this.#at
    const whole = length & ~3
    for (let i = 0; i < whole; i += 4)
      if (memory.getInt32(at + i, true) !== view.getInt32(start + i, true)) return false
    return (
      whole === length ||
      memory.getInt32(at + whole, true) === (view.getInt32(start + whole, true) & maskOf(length & 3))
    )
  }
}

/**
 * Where names lie, each with the number it printed last: in one place instead of five, since a command of one of many tags
 * costs above all the fetching of what belongs to the tag. A piece is let go with the last name in it.
 */
class NameMemory {
  view = new DataView(new ArrayBuffer(PIECE_BYTES))
  #used = 0

  /** Where in `view` there are so many bytes, at most PIECE_BYTES. */
  take(bytes: number): number {
    const from = this.#used
    if (from + bytes > PIECE_BYTES) {
      this.view = new DataView(new ArrayBuffer(PIECE_BYTES))
      this.#used = 0
      return this.take(bytes)
    }
    // From the beginning of a line of the processor's cache, of which most names need one.
    this.#used = (from + bytes + LINE_BYTES - 1) & -LINE_BYTES
    return from
  }
}

/**
 * Finds the name in the bytes of a command without making a string: a hash table with open addressing. Names that
 * are no tags are in it too, so that a command costs the same whatever it asks; it begins anew when it is full.
 * The hash is a quick one: names that share a place can be made up without knowing the seed. So chains have an end, and
 * what would lie beyond it is found as a string.
 */
export class TagNames {
  readonly #seed: number
  readonly #memory = new NameMemory()
  /** A power of two of places, at least twice as many as names: it grows with them, for a small one stays in the cache. */
  #table: (TagName | undefined)[] = emptyTable(PLACES_MIN)
  #mask = PLACES_MIN - 1
  #count = 0
  readonly #crowded = new Map<string, TagName>()

  /** `seed`: any int32, another one in each process. */
  constructor(seed: number) {
    this.#seed = seed | 0
  }

  /** `length`: 1 or more. The same bytes give the same object until `makeRoom`. */
  find(input: InputBytes, start: number, length: number): TagName {
    const { view } = input
    let hash = this.#seed ^ length
    const last = start + (length & ~3)
    for (let at = start; at < last; at += 4) hash = mixed(hash, view.getInt32(at, true))
    if (last < start + length) hash = mixed(hash, view.getInt32(last, true) & maskOf(length & 3))
    const first = hash ^ (hash >>> 16)
    const table = this.#table
    const mask = this.#mask
    for (let step = 0; step < CHAIN_MAX; step += 1) {
      const found = table[(first + step) & mask]
      if (found === undefined) return this.#add(this.#newName(input, start, length, first))
      if (found.is(view, start, length)) return found
    }
    return this.#findCrowded(input, start, length, first)
  }

  #add(name: TagName): TagName {
    if (2 * this.#count > this.#table.length) this.#grow()
    this.#place(name)
    return name
  }

  /** Twice the places, for all there are: a name keeps its object, and what finds no place finds none when looked for. */
  #grow(): void {
    const names = [...this.#table, ...this.#crowded.values()]
    this.#table = emptyTable(2 * this.#table.length)
    this.#mask = this.#table.length - 1
    this.#crowded.clear()
    for (const name of names) if (name !== undefined) this.#place(name)
  }

  #place(name: TagName): void {
    for (let step = 0; step < CHAIN_MAX; step += 1) {
      const place = (name.hash + step) & this.#mask
      if (this.#table[place] !== undefined) continue
      this.#table[place] = name
      return
    }
    this.#crowded.set(name.path, name)
  }

  /** A place is never given up, so a name that found none is looked for here until the table grows. */
  #findCrowded(input: InputBytes, start: number, length: number, hash: number): TagName {
    const path = input.bytes.toString('latin1', start, start + length)
    const found = this.#crowded.get(path)
    if (found !== undefined) return found
    const name = this.#newName(input, start, length, hash)
    this.#crowded.set(path, name)
    return name
  }

  #newName(input: InputBytes, start: number, length: number, hash: number): TagName {
    this.#count += 1
    return new TagName(input, start, length, this.#memory, hash)
  }

  /** Makes sure that `more` names fit. Called between bursts: within one a name must keep its object. */
  makeRoom(more: number): void {
    if (this.#count + more <= NAMES_MAX) return
    this.#table = emptyTable(PLACES_MIN)
    this.#mask = PLACES_MIN - 1
    this.#crowded.clear()
    this.#count = 0
  }
}

/** Of names, 64 of the usual length. The longest have 191 bytes. */
const PIECE_BYTES = 4096
const LINE_BYTES = 64
/** 4 KB of places. With NAMES_MAX names it has grown to 16,384, 128 KB. */
const PLACES_MIN = 512
/** About 400 bytes each: 3 MB at most for a client that invents names. */
const NAMES_MAX = 8192
/** Names looked at in the table: more than chance brings together, and less than a string costs. */
const CHAIN_MAX = 32

function emptyTable(places: number): (TagName | undefined)[] {
  return Array.from({ length: places })
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1)
  return product ^ (product >>> 15)
}

/** Of a little-endian word, the first `bytes` bytes (4 and more: all). */
function maskOf(bytes: number): number {
  return bytes >= 4 ? -1 : (1 << (8 * bytes)) - 1
}
