/**
 * Protobuf by hand, for the answers that carry IDs: into one reused buffer, which is valid until the next answer begins.
 */
export class MessageWriter {
  #bytes = Buffer.allocUnsafeSlow(BEGIN_BYTES)
  length = 0

  /** Forgets the last answer. `bytes`: how long the next one may become. */
  begin(bytes: number): void {
    this.length = 0
    const isWasteful = this.#bytes.length > KEPT_BYTES && bytes <= KEPT_BYTES
    if (bytes > this.#bytes.length || isWasteful)
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(bytes, BEGIN_BYTES))
  }

  finished(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  byte(value: number): void {
    this.#bytes[this.length] = value
    this.length += 1
  }

  /** 0..2^32-1, 7 bits a byte, the lowest first. */
  varint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  /** The lower half first. */
  fixed64(hi: number, lo: number): void {
    this.#bytes.writeUInt32LE(lo, this.length)
    this.#bytes.writeUInt32LE(hi, this.length + 4)
    this.length += 8
  }

  /** `count` consecutive numbers from (hi, lo) upwards; the last one is below 2^63. */
  fixed64s(hi: number, lo: number, count: number): void {
    const bytes = this.#bytes
    let [high, low, at] = [hi, lo, this.length]
    for (let i = 0; i < count; i += 1) {
      bytes[at] = low & 0xff
      bytes[at + 1] = (low >>> 8) & 0xff
      bytes[at + 2] = (low >>> 16) & 0xff
      bytes[at + 3] = low >>> 24
      bytes[at + 4] = high & 0xff
      bytes[at + 5] = (high >>> 8) & 0xff
      bytes[at + 6] = (high >>> 16) & 0xff
      bytes[at + 7] = high >>> 24
      at += 8
      low = (low + 1) >>> 0
      if (low === 0) high += 1
    }
    this.length = at
  }

  /** ASCII. */
  text(text: string): void {
    const bytes = this.#bytes
    let at = this.length
    for (let i = 0; i < text.length; i += 1) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }
}

const BEGIN_BYTES = 4096
const KEPT_BYTES = 262_144
