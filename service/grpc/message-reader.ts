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

  /** `maxBytes`: of a message, also after decompression. */
  constructor(maxBytes: number, gzip: boolean) {
    this.#maxBytes = maxBytes
    this.#gzip = gzip
  }

  /** More of the stream. What is not read before the next turn must be `keep`t. */
  add(bytes: Uint8Array): void {
    const rest = this.#bytes.length - this.#at
    if (rest === 0) this.#bytes = bytes
    else this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), bytes])
    this.#at = 0
  }

  /** The next message that is whole; undefined: more must come. @throws CallStatus */
  next(): Uint8Array | undefined {
    const bytes = this.#bytes
    const at = this.#at
    if (bytes.length - at < PREFIX_BYTES) return undefined
    const length = this.#length()
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    const end = at + PREFIX_BYTES + length
    if (bytes.length < end) return undefined
    this.#at = end
    const message = bytes.subarray(at + PREFIX_BYTES, end)
    return bytes[at] === 0 ? message : this.#inflated(message)
  }

  /** The bytes belong to somebody else, who will write over them. */
  keep(): void {
    this.#bytes =
      this.#at === this.#bytes.length ? NOTHING : Uint8Array.prototype.slice.call(this.#bytes, this.#at)
    this.#at = 0
  }

  /** Bytes that no whole message was made of yet. */
  get unread(): number {
    return this.#bytes.length - this.#at
  }

  /** Refuses a message that is too large when its length is known, not when all of it has come. @throws CallStatus */
  checkOnly(): void {
    const lengthIsKnown = this.unread >= PREFIX_BYTES
    if (this.unread > this.#maxBytes + PREFIX_BYTES || (lengthIsKnown && this.#length() > this.#maxBytes))
      throw tooLarge(this.#maxBytes)
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
    try {
      return gunzipSync(message, { maxOutputLength: this.#maxBytes })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(this.#maxBytes)
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

const NOTHING = new Uint8Array()
