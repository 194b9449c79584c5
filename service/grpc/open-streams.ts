/** Calls that stay open until somebody ends them; a draining server must, or it would wait for its timeout. */
export class OpenStreams {
  readonly #closers = new Set<() => void>()
  #closing = false

  /** `close` is called once when the server drains; at once when it already does. Dispose when the call is over. */
  add(close: () => void): Disposable {
    this.#closers.add(close)
    if (this.#closing) close()
    return { [Symbol.dispose]: () => void this.#closers.delete(close) }
  }

  closeAll(): void {
    this.#closing = true
    for (const close of this.#closers) close()
  }
}
