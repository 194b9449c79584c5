import type { Clock } from '../../ports/clock.ts'

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

/** Node fires at once when a delay does not fit 31 bits; 24 days is longer than any wait of ours. */
const TIMER_MAX_MS = 2 ** 31 - 1
