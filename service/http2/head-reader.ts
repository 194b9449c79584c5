import { ConnectionError, ERROR_CODE } from './error-code.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HpackError } from './hpack-error.ts'
import { HeadBuilder, type RequestHead } from './request-head.ts'

/** `malformed`: the fields say nothing that is a request. `large`: more than HEADER_LIST_MAX. */
export type ReadHead = RequestHead | 'malformed' | 'large'

interface KnownHead {
  readonly block: Buffer
  /** Of the table by which the block was read. */
  readonly revision: number
  readonly head: RequestHead
}

/**
 * Header blocks of one connection. A client that asks the same again and again sends the same block of a few bytes once
 * its table is filled, and that is what nearly all do: such a block is compared, not decoded.
 */
export class HeadReader {
  readonly #decoder = new HpackDecoder({ tableMax: TABLE_MAX, listMax: HEADER_LIST_MAX })
  /** Newest last. */
  readonly #known: KnownHead[] = []

  /** @throws ConnectionError */
  head(bytes: Buffer, start: number, end: number): ReadHead {
    for (const known of this.#known)
      if (known.revision === this.#decoder.revision && isSame(known.block, bytes, start, end))
        return known.head
    const before = this.#decoder.revision
    const builder = new HeadBuilder()
    if (!this.#decode(bytes, start, end, builder)) return 'large'
    const head = builder.head()
    if (head === undefined) return 'malformed'
    if (before === this.#decoder.revision) this.#remember(bytes, start, end, head)
    return head
  }

  /** Fields behind a body. false: malformed. @throws ConnectionError */
  trailer(bytes: Buffer, start: number, end: number): boolean {
    const builder = new HeadBuilder()
    return this.#decode(bytes, start, end, builder) && builder.isTrailer()
  }

  #decode(bytes: Buffer, start: number, end: number, builder: HeadBuilder): boolean {
    try {
      return this.#decoder.decode(bytes, start, end, (name, value) => builder.add(name, value))
    } catch (thrown) {
      if (thrown instanceof HpackError) throw new ConnectionError(ERROR_CODE.compression, thrown.message)
      throw thrown
    }
  }

  #remember(bytes: Buffer, start: number, end: number, head: RequestHead): void {
    if (end - start > KNOWN_BYTES_MAX) return
    if (this.#known.length === KNOWN_MAX) this.#known.shift()
    this.#known.push({
      block: Buffer.from(bytes.subarray(start, end)),
      revision: this.#decoder.revision,
      head,
    })
  }
}

function isSame(block: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (block.length !== end - start) return false
  for (let at = 0; at < block.length; at += 1) if (block[at] !== bytes[start + at]) return false
  return true
}

/** SETTINGS_MAX_HEADER_LIST_SIZE; an API key, a trace and what libraries add take one. */
export const HEADER_LIST_MAX = 16_384
/** SETTINGS_HEADER_TABLE_SIZE as it is when nobody says anything. */
const TABLE_MAX = 4096
/** Methods that one client calls in turn. */
const KNOWN_MAX = 4
/** A key, a trace and the rest, when a client puts none of them into its table: larger blocks are not worth the memory. */
const KNOWN_BYTES_MAX = 1024
