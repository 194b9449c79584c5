import { HpackDynamicTable, sizeOf } from './hpack-dynamic-table.ts'
import { HpackError } from './hpack-error.ts'
import { HuffmanDecoder } from './hpack-huffman.ts'
import { STATIC_TABLE } from './hpack-static-table.ts'

/** Told of each field in order; both are bytes as latin1 text. */
export type OnField = (name: string, value: string) => void

/** Header blocks of one connection (RFC 7541), whole and in order: each may change the table that the next one needs. */
export class HpackDecoder {
  /** Changes whenever the table does. */
  revision = 0
  readonly #tableMax: number
  readonly #listMax: number
  readonly #table: HpackDynamicTable
  readonly #huffman = new HuffmanDecoder()
  #bytes: Uint8Array = NOTHING
  #at = 0
  #end = 0

  /** `tableMax`: as SETTINGS_HEADER_TABLE_SIZE told the client; `listMax`: of one list, as RFC 9113 section 6.5.2 counts. */
  constructor({ tableMax, listMax }: { readonly tableMax: number; readonly listMax: number }) {
    this.#tableMax = tableMax
    this.#listMax = listMax
    this.#table = new HpackDynamicTable(tableMax)
  }

  /**
   * Reads the block `[start, end)`. false: the list is longer than `listMax`, and no field beyond that was told; the
   * table is as the client expects it all the same. @throws HpackError the connection cannot go on
   */
  decode(bytes: Uint8Array, start: number, end: number, onField: OnField): boolean {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#resizes()
    let size = 0
    while (this.#at < end) {
      const [name, value] = this.#field()
      size += sizeOf(name, value)
      if (size <= this.#listMax) onField(name, value)
      // A block is bounded, but each of its bytes may stand for a large entry of the table.
      else if (size > LIST_FACTOR * this.#listMax) throw new HpackError('a list of headers without end')
    }
    return size <= this.#listMax
  }

  /** Section 6.3: at most two, at the start of a block (section 4.2). */
  #resizes(): void {
    for (let count = 0; this.#at < this.#end && ((this.#bytes[this.#at] ?? 0) & 0xe0) === 0x20; count += 1) {
      if (count === RESIZES_MAX) throw new HpackError('one change of the table size after the other')
      const size = this.#integer(5)
      if (size > this.#tableMax)
        throw new HpackError(`a table of ${size} bytes, of ${this.#tableMax} allowed`)
      this.#table.resize(size)
      this.revision += 1
    }
  }

  #field(): readonly [name: string, value: string] {
    const first = this.#bytes[this.#at] ?? 0
    if (first >= 0x80) return this.#entry(this.#integer(7))
    if (first >= 0x40) {
      const field = this.#literal(this.#integer(6))
      this.#table.add(...field)
      this.revision += 1
      return field
    }
    if (first >= 0x20) throw new HpackError('a change of the table size within a block')
    // Without indexing, and never indexed: the same to who does not pass it on.
    return this.#literal(this.#integer(4))
  }

  #literal(nameIndex: number): readonly [name: string, value: string] {
    const name = nameIndex === 0 ? this.#string() : this.#entry(nameIndex)[0]
    return [name, this.#string()]
  }

  #entry(index: number): readonly [name: string, value: string] {
    const entry =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#table.at(index - STATIC_TABLE.length - 1)
    if (entry === undefined) throw new HpackError(`entry ${index}, which the table does not have`)
    return entry
  }

  /** Section 5.2. */
  #string(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(7)
    const start = this.#at
    if (length > this.#end - start) throw new HpackError('a text that is cut off')
    this.#at = start + length
    if (isHuffman) return this.#huffman.decode(this.#bytes, start, this.#at)
    return latin1(this.#bytes, start, this.#at)
  }

  /** Section 5.1; below 2^28. */
  #integer(prefixBits: number): number {
    const max = 2 ** prefixBits - 1
    let value = this.#byte() & max
    if (value < max) return value
    for (let shift = 0; shift < INTEGER_BITS; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new HpackError('a number that is too large')
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new HpackError('a block that is cut off')
    const byte = this.#bytes[this.#at] ?? 0
    this.#at += 1
    return byte
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

const NOTHING = new Uint8Array()
/** Four bytes of seven bits: far above any length in a block, and far from where numbers lose digits. */
const INTEGER_BITS = 28
/** The smallest size in between, and the last one (section 4.2). */
const RESIZES_MAX = 2
/** Up to here a client gets an answer to the one request that is too large; beyond it means harm. */
const LIST_FACTOR = 16
