import type { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'

/** What is used of a socket; `_handle` only where it has one as Node's own have. */
export type WrittenSocket = Pick<
  Socket,
  | 'destroy'
  | 'destroyed'
  | 'on'
  | 'writable'
  | 'writableHighWaterMark'
  | 'writableLength'
  | 'writableNeedDrain'
> & { write(bytes: Uint8Array): boolean }

/** What a write leaves to be told of: a class of Node's own, which only Node's own writes show. */
interface WriteRequest {
  oncomplete: (status: number) => void
  /** Nobody else holds them until they have left. */
  buffer: Uint8Array
}

/** Private in Node, and there since its beginnings. */
interface Handle {
  /** 0, or a negative error. What the system does not take at once is sent later, behind what waits already. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  /** Bytes that wait in the handle. */
  readonly writeQueueSize: unknown
}

/**
 * Hands small answers straight to the system while nothing waits before them. Node's own way goes through its streams and
 * makes three objects for each write, a twentieth of what a small command costs altogether. What the system does not take
 * at once waits here, and what comes behind it goes Node's own way; so does everything where Node's inside is another than
 * the one known here.
 */
export class DirectWriter {
  readonly #socket: WrittenSocket
  readonly #onDrain: () => void
  readonly #handle: Handle | undefined
  /** Used again until it is one that waits. */
  #request: WriteRequest | undefined
  /** Bytes of a direct write that the system did not take at once. */
  #late = 0

  /** `onDrain`: once `isFull` is no longer so. `direct` false: everything goes Node's own way, as what is encrypted must. */
  constructor(socket: WrittenSocket, direct: boolean, onDrain: () => void) {
    this.#socket = socket
    this.#onDrain = onDrain
    this.#handle = direct ? handleOf(socket) : undefined
    if (newRequest === undefined && this.#handle !== undefined) learnFrom(this.#handle)
    socket.on('drain', onDrain)
  }

  /** Bytes that were not taken by the system yet. */
  get waiting(): number {
    return this.#late + this.#socket.writableLength
  }

  /** So many that nothing more should be sent until `onDrain`. */
  get isFull(): boolean {
    const socket = this.#socket
    return socket.writableNeedDrain || (this.#late > 0 && this.waiting >= socket.writableHighWaterMark)
  }

  /** `bytes` must not change while anything waits. */
  send(bytes: Uint8Array): void {
    const socket = this.#socket
    const handle = this.#handle
    if (handle === undefined || newRequest === undefined || this.waiting > 0 || !socket.writable) {
      socket.write(bytes)
      return
    }
    const request = (this.#request ??= newRequest())
    const error = handle.writeBuffer(request, bytes)
    if (error !== 0) socket.destroy(writeError(error))
    else if (handle.writeQueueSize !== 0) this.#wait(request, bytes)
  }

  #wait(request: WriteRequest, bytes: Uint8Array): void {
    this.#late = bytes.length
    this.#request = undefined
    request.buffer = bytes
    request.oncomplete = (status) => this.#left(status)
  }

  #left(status: number): void {
    const wasFull = this.isFull
    this.#late = 0
    if (this.#socket.destroyed) return
    if (status < 0) this.#socket.destroy(writeError(status))
    // What stands behind it says so itself.
    else if (wasFull && !this.#socket.writableNeedDrain) this.#onDrain()
  }
}

let newRequest: (() => WriteRequest) | undefined

/** Node's first write on this handle shows the class of what is handed over with a write. */
function learnFrom(handle: Handle): void {
  handle.writeBuffer = (request, bytes) => {
    Reflect.deleteProperty(handle, 'writeBuffer')
    const Request = request.constructor as new () => WriteRequest
    newRequest = () => new Request()
    return handle.writeBuffer(request, bytes)
  }
}

function handleOf(socket: object): Handle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Handle | null }
  const isKnown = typeof handle?.writeBuffer === 'function' && typeof handle.writeQueueSize === 'number'
  return isKnown ? handle : undefined
}

function writeError(status: number): Error {
  const code = getSystemErrorName(status)
  return Object.assign(new Error(`write ${code}`), { code })
}
