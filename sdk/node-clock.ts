import type { Clock } from './ports/clock.ts'

export const NODE_CLOCK: Clock = {
  // Asked anew each time: after a heap snapshot or a fork it is another process.
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
