/** Time, injected so that tests own it. */
export interface Clock {
  /** Wall clock, Unix milliseconds: for what people and the API server read, never for a deadline. */
  nowMs(): number
  /** Monotonic milliseconds since some start; what every deadline here is measured on. */
  monotonicMs(): number
  /**
   * Calls `wake` once after `ms` (0 or more) milliseconds. Does not keep the process alive.
   * Dispose cancels; cancelling after the call is harmless.
   */
  after(ms: number, wake: () => void): Disposable
}

/** At least 0, below 1. Injected: jitter must not make a test depend on luck. */
export type Random = () => number

/** The machine's clocks and timers. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  after(ms: number, wake: () => void): Disposable {
    const timer = setTimeout(wake, Math.min(ms, TIMER_MAX_MS))
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  }
}

/** Waits `ms`; ends early, without an error, when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.after(ms, done)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** Node fires at once when a delay does not fit 31 bits; 24 days is longer than any wait of ours. */
const TIMER_MAX_MS = 2 ** 31 - 1
