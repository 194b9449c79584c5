import type { Clock } from './clock.ts'

interface Alarm {
  readonly atMs: number
  readonly wake: () => void
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = Date.UTC(2026, 0, 1)
  #monotonicMs = 0
  /** In the order in which they were set: those of one moment go off in that order. */
  readonly #alarms = new Set<Alarm>()

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(ms: number, wake: () => void): Disposable {
    const alarm: Alarm = { atMs: this.#monotonicMs + Math.max(0, ms), wake }
    this.#alarms.add(alarm)
    return { [Symbol.dispose]: () => void this.#alarms.delete(alarm) }
  }

  /** Alarms not gone off yet: 0 at the end of a test that left nothing behind. */
  get pending(): number {
    return this.#alarms.size
  }

  /**
   * Lets `ms` pass. Between two alarms, and at both ends, promise callbacks run until they are done, so that code
   * that awaits meets the time at which it would have run.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await settle()
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      // After a freeze an alarm is overdue.
      this.#pass(Math.max(0, next.atMs - this.#monotonicMs))
      this.#alarms.delete(next)
      next.wake()
      await settle()
    }
    this.#pass(endMs - this.#monotonicMs)
    await settle()
  }

  /** Time that passes without anybody running: a process that was stopped and goes on. */
  freeze(ms: number): void {
    this.#pass(ms)
  }

  /** Sets the wall clock forward or back; the monotonic one and the alarms do not notice. */
  step(ms: number): void {
    this.#nowMs += ms
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms
    this.#nowMs += ms
  }

  #next(endMs: number): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms)
      if (alarm.atMs <= endMs && (first === undefined || alarm.atMs < first.atMs)) first = alarm
    return first
  }
}

/** Lets promise callbacks run until they are done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** More than the longest chain of awaits between two alarms in what is tested. */
const SETTLE_TURNS = 8
