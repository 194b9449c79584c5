import type { EventLoop } from '../../ports/event-loop.ts'

/**
 * Of the main thread. Node wakes it a hundred times a second to measure its delays (nodejs_eventloop_lag_seconds), without running any of
 * our code; to run some each time would cost more than a look now and then.
 */
export const MAIN_LOOP: EventLoop = { afterReading: (run) => void setImmediate(run) }

/** Of another thread, the one that calls it. */
export const THREAD_LOOP: Required<EventLoop> = {
  ...MAIN_LOOP,
  // One that is unref'd lets the loop sleep, and runs at the end of the turn in which something wakes it.
  onceRead: (run) => void setImmediate(run).unref(),
}
