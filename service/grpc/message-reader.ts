import { gunzipSync } from 'node:zlib'
import { CallStatus } from './call.ts'
import { STATUS } from './status-code.ts'

export const PREFIX_BYTES = 5

/**
 * Messages within the DATA of one stream, which are cut anywhere:
 *
 *     │ 0, or 1: compressed │ length, 4 bytes │ message │ …
 */
export class MessageReader {
  readonly #maxBytes: number
  readonly #gzip: boolean
  #bytes: Uint8Array = NOTHING
  #at = 0
  #end = 0
  /** `#bytes` is ours to write to. */
  #isOwn = false

  /** `maxBytes`: of a message, also after decompression. */
  constructor(maxBytes: number, gzip: boolean) {
    this.#maxBytes = maxBytes
    this.#gzip = gzip
  }

  /** More of the stream. What is not read before the next turn must be `keep`t. */
  add(bytes: Uint8Array): void {
    if (this.unread === 0) {
      this.#bytes = bytes
      this.#at = 0
      this.#end = bytes.length
      this.#isOwn = false
      return
    }
    const wanted = this.unread + bytes.length
    // Twice as much: a message that comes byte by byte must not be copied for each.
    if (!this.#isOwn || this.#end + bytes.length > this.#bytes.length) this.#move(2 * wanted)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** The next message that is whole; undefined: more must come. @throws CallStatus */
  next(): Uint8Array | undefined {
    const bytes = this.#bytes
    const at = this.#at
    if (this.#end - at < PREFIX_BYTES) return undefined
    const length = this.#length()
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    const end = at + PREFIX_BYTES + length
    if (this.#end < end) return undefined
    this.#at = end
    const message = bytes.subarray(at + PREFIX_BYTES, end)
    return bytes[at] === 0 ? message : this.#inflated(message)
  }

  /** The bytes belong to somebody else, who will write over them. */
  keep(): void {
    if (this.unread > 0 && !this.#isOwn) this.#move(this.unread)
  }

  /** Bytes that no whole message was made of yet. */
  get unread(): number {
    return this.#end - this.#at
  }

  /** Refuses a message that is too large when its length is known, not when all of it has come. @throws CallStatus */
  checkOnly(): void {
    const lengthIsKnown = this.unread >= PREFIX_BYTES
    if (this.unread > this.#maxBytes + PREFIX_BYTES || (lengthIsKnown && this.#length() > this.#maxBytes))
      throw tooLarge(this.#maxBytes)
  }

  /** To memory of its own, never within it: a message that was given out lies in the old one. */
  #move(capacity: number): void {
    const own = Buffer.allocUnsafe(capacity)
    own.set(this.#bytes.subarray(this.#at, this.#end))
    this.#end -= this.#at
    this.#at = 0
    this.#bytes = own
    this.#isOwn = true
  }

  #length(): number {
    const bytes = this.#bytes
    const at = this.#at
    const low = ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)
    return (bytes[at + 1] ?? 0) * 2 ** 24 + low
  }

  #inflated(message: Uint8Array): Uint8Array {
    if (!this.#gzip)
      throw new CallStatus(STATUS.INTERNAL, 'A message is compressed, and grpc-encoding names no way.')
    const most = Math.min(this.#maxBytes, Math.max(SMALL_BYTES, RATIO_MAX * message.length))
    try {
      return gunzipSync(message, { maxOutputLength: most })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw most < this.#maxBytes ? tooDense() : tooLarge(this.#maxBytes)
      throw new CallStatus(STATUS.INTERNAL, 'A message is compressed, and cannot be read.')
    }
  }
}

function tooLarge(maxBytes: number): CallStatus {
  return new CallStatus(
    STATUS.RESOURCE_EXHAUSTED,
    `A message is larger than ${maxBytes} bytes (server.bodyLimit).`,
  )
}

function tooDense(): CallStatus {
  return new CallStatus(
    STATUS.RESOURCE_EXHAUSTED,
    `A message is more than ${RATIO_MAX} times as large as it came; send it without compression.`,
  )
}

/**
 * It is inflated before its key is known, so a stranger must not have a megabyte made of a kilobyte. What people write is
 * compressed to a twentieth at best.
 */
const RATIO_MAX = 32
/** Always; some 20 µs. */
const SMALL_BYTES = 16_384
const NOTHING = new Uint8Array()
