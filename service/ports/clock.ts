/** Time, injected so that tests and the simulation own it. */
export interface Clock {
  /** Wall clock, Unix milliseconds. May step in either direction; never trusted for uniqueness. */
  nowMs(): number
  /** Monotonic milliseconds since some start; never steps back, but stands still while the machine sleeps. */
  monotonicMs(): number
  /**
   * Calls `wake` once after `ms` (0 or more) milliseconds. Does not keep the process alive.
   * Dispose cancels; cancelling after the call is harmless.
   */
  after(ms: number, wake: () => void): Disposable
}

/** Waits `ms`; ends early, without an error, when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.after(ms, done)
    signal?.addEventListener('abort', done, { once: true })
    function done(): void {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', done)
      resolve()
    }
  })
}
