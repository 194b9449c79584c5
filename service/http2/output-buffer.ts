import { FLAG, FRAME, FRAME_HEAD_BYTES, FRAME_MAX_BYTES } from './frame.ts'

/** Frames on their way to one socket, in order: one write for all that a read brought about. */
export class OutputBuffer {
  #bytes = Buffer.allocUnsafeSlow(BEGIN_BYTES)
  length = 0

  /** What was written; valid until the next write. */
  taken(): Buffer {
    const written = this.#bytes.subarray(0, this.length)
    this.length = 0
    return written
  }

  get isLarge(): boolean {
    return this.#bytes.length > KEPT_BYTES
  }

  /** A header block of our own, which is short: one frame. */
  headers(stream: number, block: Uint8Array, isLast: boolean): void {
    this.#reserve(FRAME_HEAD_BYTES + block.length)
    this.#head(block.length, FRAME.headers, FLAG.endHeaders | (isLast ? FLAG.endStream : 0), stream)
    this.#copy(block, 0, block.length)
  }

  /** `bytes[start, end)` as frames of at most FRAME_MAX_BYTES. */
  data(stream: number, bytes: Uint8Array, start: number, end: number): void {
    const frames = Math.ceil((end - start) / FRAME_MAX_BYTES)
    this.#reserve(frames * FRAME_HEAD_BYTES + end - start)
    for (let at = start; at < end; at += FRAME_MAX_BYTES) {
      const to = Math.min(end, at + FRAME_MAX_BYTES)
      this.#head(to - at, FRAME.data, 0, stream)
      this.#copy(bytes, at, to)
    }
  }

  /** Any other frame; `words` are its payload, 32 bits each. */
  control(type: number, flags: number, stream: number, ...words: number[]): void {
    this.#reserve(FRAME_HEAD_BYTES + 4 * words.length)
    this.#head(4 * words.length, type, flags, stream)
    for (const word of words) this.length = this.#bytes.writeUInt32BE(word >>> 0, this.length)
  }

  settings(settings: readonly (readonly [name: number, value: number])[]): void {
    this.#reserve(FRAME_HEAD_BYTES + 6 * settings.length)
    this.#head(6 * settings.length, FRAME.settings, 0, 0)
    for (const [name, value] of settings) {
      this.length = this.#bytes.writeUInt16BE(name, this.length)
      this.length = this.#bytes.writeUInt32BE(value, this.length)
    }
  }

  #head(length: number, type: number, flags: number, stream: number): void {
    const bytes = this.#bytes
    const at = this.length
    bytes[at] = length >> 16
    bytes[at + 1] = (length >> 8) & 0xff
    bytes[at + 2] = length & 0xff
    bytes[at + 3] = type
    bytes[at + 4] = flags
    bytes[at + 5] = stream >> 24
    bytes[at + 6] = (stream >> 16) & 0xff
    bytes[at + 7] = (stream >> 8) & 0xff
    bytes[at + 8] = stream & 0xff
    this.length = at + FRAME_HEAD_BYTES
  }

  /** A loop for the short ones, which are nearly all: a call into the runtime costs as much as fifty bytes. */
  #copy(from: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes
    let at = this.length
    if (end - start > LOOP_BYTES) bytes.set(from.subarray(start, end), at)
    else for (let i = start; i < end; i += 1) bytes[at++] = from[i] ?? 0
    this.length += end - start
  }

  #reserve(more: number): void {
    const wanted = this.length + more
    if (wanted <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.length)
    this.#bytes = grown
  }
}

const BEGIN_BYTES = 32_768
/** Larger ones are let go of after the answer that needed them. */
const KEPT_BYTES = 4 * BEGIN_BYTES
const LOOP_BYTES = 64
