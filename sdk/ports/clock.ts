import type { Moment } from '../core/block-bond.ts'

/** Time, chance and the process, as the client sees them. */
export interface Clock {
  moment(): Moment
  monotonicMs(): number
  /** 0 to below 1. */
  random(): number
  /** Calls `run` once; the answer ends it. `keepsAlive`: whether the process waits for it before it ends. */
  after(delayMs: number, run: () => void, keepsAlive: boolean): () => void
  /** Calls `run` before the event loop waits or turns to another event. */
  atTurnEnd(run: () => void): void
}
