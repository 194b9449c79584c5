import { GenerateBatchRequest, GenerateRequest } from './generated/idgen/v1/id_service.ts'
import { decoded } from './method-table.ts'

/** GenerateRequest, GenerateBatchRequest and GenerateStreamRequest, which begin alike; the first has no count. */
export interface IdRequest {
  tag: string
  count: number
  format: number
}

/**
 * Reads requests as nearly every client writes them: the fields in order, each once, the tag in ASCII; whatever else
 * protobuf allows is left to the generated codec. The answer is the same object every time.
 *
 *     │ 0x0a │ length │ tag … │ 0x10 │ count │ 0x18 │ format │      the last two where they are not zero
 */
export class IdRequestReader {
  readonly #request: IdRequest = { tag: '', count: 0, format: 0 }
  #at = 0

  /** @throws CallStatus for bytes that are no such message */
  one(message: Uint8Array): IdRequest {
    const request = this.#request
    if (!this.#readsTag(message) || this.#at < message.length)
      request.tag = decoded((bytes) => GenerateRequest.decode(bytes), message).tag
    request.count = 1
    request.format = 0
    return request
  }

  /** @throws CallStatus for bytes that are no such message */
  many(message: Uint8Array): IdRequest {
    const request = this.#request
    if (this.#readsTag(message)) {
      request.count = message[this.#at] === COUNT ? this.#varint(message, this.#at + 1) : 0
      request.format = message[this.#at] === FORMAT ? this.#varint(message, this.#at + 1) : 0
      if (this.#at === message.length) return request
    }
    return Object.assign(
      request,
      decoded((bytes) => GenerateBatchRequest.decode(bytes), message),
    )
  }

  #readsTag(message: Uint8Array): boolean {
    const length = message[1] ?? 0
    const end = TAG_AT + length
    if (message[0] !== TAG || length > ONE_BYTE_MAX || end > message.length) return false
    for (let at = TAG_AT; at < end; at += 1) if ((message[at] ?? 0) > ASCII_MAX) return false
    this.#request.tag = Buffer.from(message.buffer, message.byteOffset + TAG_AT, length).toString('latin1')
    this.#at = end
    return true
  }

  /** Up to four bytes; a longer one stops where it is, and so is not read to its end. */
  #varint(message: Uint8Array, from: number): number {
    let value = 0
    for (let i = 0; i < VARINT_BYTES; i += 1) {
      const byte = message[from + i] ?? ASCII_MAX + 1
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte <= ASCII_MAX) {
        this.#at = from + i + 1
        return value
      }
    }
    return value
  }
}

const TAG = (1 << 3) | 2
const TAG_AT = 2
const COUNT = 2 << 3
const FORMAT = 3 << 3
/** Of a length, and of ASCII. */
const ONE_BYTE_MAX = 127
const ASCII_MAX = 127
const VARINT_BYTES = 4
