/** Where and when something happened, as far as this process can tell. */
export interface Moment {
  readonly processId: number
  /** Unix time; steps when the clock is set, and when a machine wakes up. */
  readonly wallMs: number
  /** Never steps; stands still while a machine sleeps. */
  readonly monotonicMs: number
}

/**
 * A block of IDs belongs to the process that asked for it, and for a limited time. A copy of its memory (fork, a
 * restored snapshot of the machine or of the JavaScript heap) would hand out the same IDs again, so it must be seen:
 *
 *     fork, heap snapshot      another process id, or a monotonic clock that began anew
 *     machine snapshot, sleep  the wall clock went further than the monotonic one
 *     frozen for long          older than its lifetime
 *
 * `born`: before the request for the block was sent.
 */
export function isStillOurs(born: Moment, now: Moment, lifetimeMs: number): boolean {
  const monotonic = now.monotonicMs - born.monotonicMs
  const wall = now.wallMs - born.wallMs
  // Comparisons that a clock which reads NaN fails.
  return (
    now.processId === born.processId &&
    monotonic >= 0 &&
    monotonic <= lifetimeMs &&
    Math.abs(wall - monotonic) <= JUMP_MS
  )
}

/** Clocks that are slewed differ by 0.5 ms a second; a step of a second is one that somebody or something set. */
const JUMP_MS = 1000
