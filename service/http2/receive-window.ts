import { ConnectionError, ERROR_CODE } from './error-code.ts'

/** Bytes of DATA that a client may send on all streams together (RFC 9113 section 6.9.1). */
export class ReceiveWindow {
  readonly #size: number
  #left: number
  #used = 0

  constructor(size: number) {
    this.#size = size
    this.#left = size
  }

  /** @throws ConnectionError above what the client was told */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw new ConnectionError(ERROR_CODE.flowControl, 'DATA above the window')
  }

  /** So many bytes are used. Returns by how much the client's window is to be widened: in bulk, so mostly 0. */
  use(bytes: number): number {
    this.#used += bytes
    if (this.#used < this.#size / 2) return 0
    const more = this.#used
    this.#left += more
    this.#used = 0
    return more
  }
}
