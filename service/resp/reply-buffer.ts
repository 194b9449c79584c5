/** 2: what every client speaks. 3: asked for by HELLO; maps and nothing have forms of their own. */
export type RespVersion = 2 | 3

/** Answers on their way to one socket, in order. Numbers in bulk are written by IdOdometer. */
export class ReplyBuffer {
  bytes: Buffer
  view: DataView
  /** Bytes written. */
  length = 0
  /** Of `bytes`, by length: answers have one of few lengths, and a view costs as much as an ID. */
  #views: Buffer[] = []

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(BEGIN_BYTES)
    this.view = viewOf(this.bytes)
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    const wanted = this.length + more
    if (wanted <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.bytes.length))
    this.bytes.copy(grown, 0, 0, this.length)
    this.#begin(grown)
  }

  /** What was written; the buffer is empty then. Valid until `abandon` or the next write. */
  taken(): Buffer {
    const { length } = this
    this.length = 0
    if (length >= VIEWS_MAX) return this.bytes.subarray(0, length)
    return (this.#views[length] ??= this.bytes.subarray(0, length))
  }

  /** The socket keeps what was taken: writes go elsewhere from now on. */
  abandon(): void {
    this.#begin(Buffer.allocUnsafeSlow(BEGIN_BYTES))
  }

  /** Lets go of what only a large answer needed. */
  shrink(): void {
    if (this.bytes.length > KEPT_BYTES) this.abandon()
  }

  #begin(bytes: Buffer): void {
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.#views = []
  }

  /** ASCII. */
  text(text: string): void {
    this.reserve(text.length)
    this.length += this.bytes.write(text, this.length, 'latin1')
  }

  /** `+OK` and the like. */
  status(text: string): void {
    this.text(`+${text}\r\n`)
  }

  integer(value: number | string): void {
    this.text(`:${value}\r\n`)
  }

  bulk(text: string): void {
    const bytes = Buffer.from(text)
    this.text(`$${bytes.length}\r\n`)
    this.raw(bytes)
    this.text('\r\n')
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  array(items: number): void {
    this.text(`*${items}\r\n`)
  }

  map(pairs: number, version: RespVersion): void {
    this.text(version === 3 ? `%${pairs}\r\n` : `*${2 * pairs}\r\n`)
  }

  nothing(version: RespVersion): void {
    this.text(version === 3 ? '_\r\n' : '$-1\r\n')
  }

  /** `$12\r\n`; `length` is 1 to 99 and there is room. */
  bulkHead(length: number): void {
    const { bytes } = this
    let at = this.length
    bytes[at++] = DOLLAR
    if (length > 9) bytes[at++] = ZERO + Math.floor(length / 10)
    bytes[at++] = ZERO + (length % 10)
    bytes[at++] = CR
    bytes[at++] = LF
    this.length = at
  }

  /** A UUID of 16 bytes as a string of 36 characters; there is room for UUID_REPLY_BYTES. */
  uuid(uuid: Uint8Array, offset: number): void {
    this.bulkHead(36)
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < 16; i += 1) {
      if (i === 4 || i === 6 || i === 8 || i === 10) bytes[at++] = MINUS
      const byte = uuid[offset + i] ?? 0
      bytes[at++] = HEX[byte >> 4] ?? 0
      bytes[at++] = HEX[byte & 15] ?? 0
    }
    bytes[at++] = CR
    bytes[at++] = LF
    this.length = at
  }
}

/** `$36\r\n…\r\n` */
export const UUID_REPLY_BYTES = 43

/** What the commands of one full read bring; more is grown into, and let go again. */
const BEGIN_BYTES = 65_536
/** The answers of a hundred pipelined commands; 100 KB of views if every length comes. */
const VIEWS_MAX = 1024
const KEPT_BYTES = 4 * BEGIN_BYTES
const DOLLAR = 36
const MINUS = 45
const ZERO = 48
const CR = 13
const LF = 10
const HEX = Buffer.from('0123456789abcdef')

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
