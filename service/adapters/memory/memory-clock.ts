import { invariant } from '../../core/invariant.ts'
import type { Clock } from '../../ports/clock.ts'

/** Kept in the order in which they were set: those of one moment go off in that order. */
interface Alarm {
  readonly atMs: number
  readonly wake: () => void
}

/** A clock that stands still until a test moves it. */
export class MemoryClock implements Clock {
  #nowMs: number
  #monotonicMs = 0
  readonly #alarms = new Set<Alarm>()

  /** Default: a time after every layout's first usable millisecond. */
  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs
  }

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

  /** Lets `ms` pass on both clocks; each alarm goes off at its own time, also those set by earlier ones. */
  advance(ms: number): void {
    invariant(ms >= 0, 'time passes forwards; use step for the wall clock')
    const endMs = this.#monotonicMs + ms
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#pass(next.atMs - this.#monotonicMs)
      this.#alarms.delete(next)
      next.wake()
    }
    this.#pass(endMs - this.#monotonicMs)
  }

  /** Sets the wall clock forward or back by `ms`; the monotonic one and the alarms do not notice. */
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
