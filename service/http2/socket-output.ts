import type { Clock } from '../ports/clock.ts'
import type { ClientSocket } from '../sockets/client-socket.ts'
import type { BufferPool } from './buffer-pool.ts'
import { FRAME_MAX_BYTES } from './frame.ts'
import type { OutputBuffer } from './output-buffer.ts'

export interface SocketOutputOptions {
  readonly clock: Clock
  readonly buffers: BufferPool
  /** Bytes are copied on the way anyhow. */
  readonly encrypted: boolean
}

export type { ClientSocket }

/** The way out of one connection: frames are gathered, and leave in one write at the end of a turn. */
export class SocketOutput {
  readonly #socket: ClientSocket
  readonly #options: SocketOutputOptions
  #buffer: OutputBuffer | undefined
  /** A read is worked on, which ends with a write. */
  #held = false
  #closed = false
  #stall: Disposable | undefined

  /** `onRoom`: the client takes what was written again. */
  constructor(socket: ClientSocket, options: SocketOutputOptions, onRoom: () => void) {
    this.#socket = socket
    this.#options = options
    socket.on('drain', () => {
      if (this.#stall === undefined) return
      this.#stall[Symbol.dispose]()
      this.#stall = undefined
      if (!this.#closed) onRoom()
    })
  }

  get buffer(): OutputBuffer {
    if (this.#buffer === undefined) {
      this.#buffer = this.#options.buffers.take()
      // Answers that came later, of several streams together.
      if (!this.#held) process.nextTick(() => this.#flush())
    }
    return this.#buffer
  }

  /** The client does not take what was written; nothing more is to be read of it. */
  get isStalled(): boolean {
    return this.#stall !== undefined
  }

  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#flush()
  }

  flushMuch(): void {
    if (this.#buffer !== undefined && this.#buffer.length > FLUSH_AT_BYTES) this.#flush()
  }

  #drop(): void {
    const buffer = this.#buffer
    this.#buffer = undefined
    if (buffer !== undefined) this.#options.buffers.give(buffer)
  }

  /** The last write; whatever is gathered later goes nowhere. */
  close(): void {
    this.#flush()
    this.#closed = true
    this.#stall?.[Symbol.dispose]()
  }

  #flush(): void {
    const buffer = this.#buffer
    if (buffer === undefined) return
    if (this.#closed || this.#socket.destroyed || buffer.length === 0) return this.#drop()
    this.#buffer = undefined
    const bytes = buffer.taken()
    // Behind others it may wait long: a copy of its own size, so that small answers do not hold large buffers.
    const isCopied = this.#options.encrypted || this.#socket.writableLength > 0
    this.#socket.write(isCopied ? Buffer.from(bytes) : bytes)
    // Otherwise the socket has not sent it yet.
    if (isCopied || this.#socket.writableLength === 0) this.#options.buffers.give(buffer)
    if (this.#stall === undefined && this.#socket.writableNeedDrain)
      this.#stall = this.#options.clock.after(STALL_MS, () => this.#socket.destroy())
  }
}

/** A client that takes none of its answers for this time is cut off. */
const STALL_MS = 30_000
const FLUSH_AT_BYTES = 4 * FRAME_MAX_BYTES
