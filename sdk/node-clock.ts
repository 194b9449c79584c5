import type { Clock } from './ports/clock.ts'

export const NODE_CLOCK: Clock = {
  // Asked anew each time: after a heap snapshot it is another process. A fork by native code Node does not survive: its
  // threads are missing in the child, which ends in a fault of memory (tried with Node 24).
  moment: () => ({ processId: process.pid, wallMs: Date.now(), monotonicMs: performance.now() }),
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
  after(delayMs, run, keepsAlive) {
    const timer = setTimeout(run, delayMs)
    if (!keepsAlive) timer.unref()
    return () => clearTimeout(timer)
  },
  // Not unref'd: it must come before the loop waits, and holds the process for one turn at most.
  atTurnEnd: (run) => void setImmediate(run),
}
