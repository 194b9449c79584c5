import { ConnectionError, ERROR_CODE } from './error-code.ts'
import { FLAG, FRAME, FRAME_HEAD_BYTES, FRAME_MAX_BYTES } from './frame.ts'

/** What a client says, frame by frame. Bytes are valid during the call only. Each may throw ConnectionError. */
export interface FrameSink {
  /** A whole header block. `isLast`: no body, or the end of one, follows. */
  head(stream: number, isLast: boolean, bytes: Buffer, start: number, end: number): void
  /** `flowBytes`: as flow control counts it, with padding. */
  data(stream: number, isLast: boolean, bytes: Buffer, flowBytes: number): void
  reset(stream: number): void
  /** undefined: ours were acknowledged. */
  settings(payload: Buffer | undefined): void
  ping(payload: Buffer, isAck: boolean): void
  goaway(): void
  /** `stream` 0: of the connection. */
  widen(stream: number, bytes: number): void
  /** A frame that asks for nothing: allowed, and not without limit. */
  idle(): void
}

/** A header block of which more is to come. */
interface Block {
  readonly stream: number
  readonly isLast: boolean
  readonly parts: Buffer[]
  bytes: number
}

/** The frames in what one client sends, checked as far as that can be done without knowing its streams (RFC 9113 section 6). */
export class FrameReader {
  readonly #sink: FrameSink
  #begun = false
  /** A header block whose CONTINUATION is awaited: nothing else may come in between. */
  #block: Block | undefined
  /** Of whole frames. */
  #readBytes = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Whether the client has begun as HTTP/2 does: with its preface and SETTINGS. */
  get begun(): boolean {
    return this.#begun
  }

  /** Stands for the head or the frame of which a part has come; undefined: none. `rest`: bytes that `read` left. */
  incomplete(rest: number): unknown {
    return this.#block ?? (rest > 0 ? this.#readBytes : undefined)
  }

  /**
   * Reads the frames that lie whole in `[from, end)`, while `goOn` says so. Returns where the first one begins that was
   * not read. @throws ConnectionError
   */
  read(bytes: Buffer, from: number, end: number, goOn: () => boolean): number {
    let at = from
    while (end - at >= FRAME_HEAD_BYTES && goOn()) {
      const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
      if (length > FRAME_MAX_BYTES)
        throw frameSize(`a frame of ${length} bytes, of ${FRAME_MAX_BYTES} allowed`)
      const start = at + FRAME_HEAD_BYTES
      if (end - start < length) break
      this.#frame(bytes, at, start, start + length)
      at = start + length
    }
    this.#readBytes += at - from
    return at
  }

  #frame(bytes: Buffer, head: number, start: number, end: number): void {
    const type = bytes[head + 3] ?? 0
    const flags = bytes[head + 4] ?? 0
    const stream = bytes.readUInt32BE(head + 5) & 0x7fff_ffff
    if (!this.#begun && type !== FRAME.settings) throw protocol('the first frame is not SETTINGS')
    this.#begun = true
    if (this.#block !== undefined && (type !== FRAME.continuation || stream !== this.#block.stream))
      throw protocol('a header block that something else comes into')
    switch (type) {
      case FRAME.data:
        return this.#data(stream, flags, bytes, start, end)
      case FRAME.headers:
        return this.#headers(stream, flags, bytes, start, end)
      case FRAME.continuation:
        return this.#continuation(flags, bytes, start, end)
      case FRAME.windowUpdate:
        if (end - start !== 4) throw frameSize('a WINDOW_UPDATE that is not 4 bytes')
        return this.#sink.widen(stream, bytes.readUInt32BE(start) & 0x7fff_ffff)
      case FRAME.rstStream:
        if (stream === 0) throw protocol('RST_STREAM of no stream')
        if (end - start !== 4) throw frameSize('a RST_STREAM that is not 4 bytes')
        return this.#sink.reset(stream)
      case FRAME.priority:
        if (stream === 0) throw protocol('PRIORITY of no stream')
        // A fault of its stream only (section 6.3), which need not exist: the connection may end for it (section 5.4.1).
        if (end - start !== PRIORITY_BYTES) throw frameSize('a PRIORITY that is not 5 bytes')
        return this.#sink.idle()
      default:
        return this.#ofConnection(type, stream, flags, bytes.subarray(start, end))
    }
  }

  #ofConnection(type: number, stream: number, flags: number, payload: Buffer): void {
    const isAck = (flags & FLAG.ack) !== 0
    if (type !== FRAME.settings && type !== FRAME.ping && type !== FRAME.goaway && type !== FRAME.pushPromise)
      // Types that are not known are left out (section 4.1).
      return this.#sink.idle()
    if (type === FRAME.pushPromise) throw protocol('PUSH_PROMISE of a client')
    if (stream !== 0) throw protocol(`a frame of type ${type} of a stream`)
    if (type === FRAME.goaway) return this.#sink.goaway()
    if (type === FRAME.settings) {
      if (isAck && payload.length > 0) throw frameSize('an acknowledgement that says something')
      return this.#sink.settings(isAck ? undefined : payload)
    }
    if (payload.length !== PING_BYTES) throw frameSize('a PING that is not 8 bytes')
    this.#sink.ping(payload, isAck)
  }

  #data(stream: number, flags: number, bytes: Buffer, start: number, end: number): void {
    if (stream === 0) throw protocol('DATA of no stream')
    const isLast = (flags & FLAG.endStream) !== 0
    const padding = paddingOf(flags, bytes, start, end)
    const from = padding === undefined ? start : start + 1
    const to = end - (padding ?? 0)
    if (from === to && !isLast) this.#sink.idle()
    this.#sink.data(stream, isLast, bytes.subarray(from, to), end - start)
  }

  #headers(stream: number, flags: number, bytes: Buffer, start: number, end: number): void {
    // Streams of clients have odd numbers (section 5.1.1).
    if ((stream & 1) === 0) throw protocol(`HEADERS of stream ${stream}`)
    const padding = paddingOf(flags, bytes, start, end)
    const skipped = (padding === undefined ? 0 : 1) + ((flags & FLAG.priority) === 0 ? 0 : PRIORITY_BYTES)
    const to = end - (padding ?? 0)
    if (start + skipped > to) throw frameSize('HEADERS that are cut off')
    const isLast = (flags & FLAG.endStream) !== 0
    if ((flags & FLAG.endHeaders) !== 0) return this.#sink.head(stream, isLast, bytes, start + skipped, to)
    const part = Buffer.from(bytes.subarray(start + skipped, to))
    this.#block = { stream, isLast, parts: [part], bytes: part.length }
  }

  #continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block
    if (block === undefined) throw protocol('CONTINUATION of nothing')
    block.bytes += end - start
    // CVE-2024-27316 and its like: blocks without end.
    if (block.bytes > BLOCK_MAX_BYTES || block.parts.length === BLOCK_MAX_PARTS)
      throw new ConnectionError(ERROR_CODE.enhanceYourCalm, 'a header block without end')
    block.parts.push(Buffer.from(bytes.subarray(start, end)))
    if ((flags & FLAG.endHeaders) === 0) return
    this.#block = undefined
    this.#sink.head(block.stream, block.isLast, Buffer.concat(block.parts), 0, block.bytes)
  }
}

/** Of a frame that may be padded; undefined: it is not. */
function paddingOf(flags: number, bytes: Buffer, start: number, end: number): number | undefined {
  if ((flags & FLAG.padded) === 0) return undefined
  if (start === end) throw frameSize('a padded frame without a length of it')
  const padding = bytes[start] ?? 0
  if (padding >= end - start) throw protocol('more padding than frame')
  return padding
}

function protocol(message: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.protocol, message)
}

function frameSize(message: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.frameSize, message)
}

const PRIORITY_BYTES = 5
const PING_BYTES = 8
/** A list of 16 KiB as HPACK can write it at its longest, twice: what is larger is no mistake. */
const BLOCK_MAX_BYTES = 32_768
/** Frames are up to 16 KiB: more than this are meant to be many. */
const BLOCK_MAX_PARTS = 8
