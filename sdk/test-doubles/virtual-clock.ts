import { setImmediate as turn } from 'node:timers/promises'
import type { Moment } from '../core/block-bond.ts'
import type { Clock } from '../ports/clock.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
  readonly keepsAlive: boolean
}

/** Time that stands still until a test moves it. */
export class VirtualClock implements Clock {
  processId = 100
  /** What the wall clock shows beside the monotonic one. */
  wallOffsetMs = Date.UTC(2026, 10, 26)
  /** What `random` answers. */
  chance = 0.5
  #nowMs = 1000
  readonly #timers = new Set<Timer>()
  #turnEnd: (() => void)[] = []

  moment(): Moment {
    return { processId: this.processId, wallMs: this.#nowMs + this.wallOffsetMs, monotonicMs: this.#nowMs }
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  random(): number {
    return this.chance
  }

  after(delayMs: number, run: () => void, keepsAlive: boolean): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run, keepsAlive }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  atTurnEnd(run: () => void): void {
    this.#turnEnd.push(run)
  }

  /** Timers that the process would wait for, and those it would not. */
  get timers(): { readonly holding: number; readonly loose: number } {
    const holding = [...this.#timers].filter(({ keepsAlive }) => keepsAlive).length
    return { holding, loose: this.#timers.size - holding }
  }

  /** Lets everything happen that is due, and what follows from it. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < TURNS_TO_SETTLE; turns += 1) {
      await turn()
      for (const run of this.#turnEnd.splice(0)) run()
    }
  }

  async advance(ms: number): Promise<void> {
    await this.settle()
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers.delete(next)
      next.run()
      await this.settle()
    }
    this.#nowMs = untilMs
    await this.settle()
  }

  /** Time goes on, and nothing notices: the process or its machine slept. */
  sleep(monotonicMs: number, wallMs = monotonicMs): void {
    this.#nowMs += monotonicMs
    this.wallOffsetMs += wallMs - monotonicMs
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs)
    return due.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
      undefined,
    )
  }
}

/** What follows from one thing takes two or three turns here. */
const TURNS_TO_SETTLE = 4
