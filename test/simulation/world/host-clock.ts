import type { Clock } from '../../../service/ports/clock.ts'
import { EPOCH_MS, type VirtualTime } from './virtual-time.ts'

interface Alarm {
  readonly dueMs: number
  readonly wake: () => void
  pending: Disposable | undefined
}

/**
 * The clocks of one machine. The wall clock steps and drifts; the monotonic one runs at its own speed and can stand
 * still (a suspended machine). Alarms follow the monotonic clock.
 */
export class HostClock implements Clock {
  readonly #time: VirtualTime
  /** Runs a wake-up in the process, which may be paused or dead. */
  readonly #deliver: (wake: () => void) => void
  readonly #alarms = new Set<Alarm>()
  #wallOffsetMs = 0
  #wallRate = 1
  #monotonicRate = 1
  #frozen = false
  /** Where the clocks were when a rate last changed. */
  #sinceMs: number
  #wallMs: number
  #monotonicMs = 0

  constructor(time: VirtualTime, deliver: (wake: () => void) => void) {
    this.#time = time
    this.#deliver = deliver
    this.#sinceMs = time.nowMs
    this.#wallMs = EPOCH_MS + time.nowMs
  }

  nowMs(): number {
    return this.#wallMs + this.#passed() * this.#wallRate + this.#wallOffsetMs
  }

  monotonicMs(): number {
    return this.#monotonicMs + (this.#frozen ? 0 : this.#passed() * this.#monotonicRate)
  }

  after(ms: number, wake: () => void): Disposable {
    const alarm: Alarm = { dueMs: this.monotonicMs() + Math.max(0, ms), wake, pending: undefined }
    this.#alarms.add(alarm)
    if (!this.#frozen) this.#set(alarm)
    return {
      [Symbol.dispose]: () => {
        this.#alarms.delete(alarm)
        alarm.pending?.[Symbol.dispose]()
      },
    }
  }

  /** The wall clock is set; nothing else notices. */
  step(ms: number): void {
    this.#wallOffsetMs += ms
  }

  drift(wallRate: number, monotonicRate: number): void {
    this.#anchor()
    this.#wallRate = wallRate
    this.#monotonicRate = monotonicRate
    this.#setAll()
  }

  /** The wall clock is right again, and both run at their true speed. */
  correct(): void {
    this.drift(1, 1)
    this.#wallOffsetMs = 0
    this.#wallMs = EPOCH_MS + this.#time.nowMs
  }

  /** The monotonic clock stands still; the wall clock goes on, as a machine reads it from its battery clock. */
  freeze(): void {
    this.#anchor()
    this.#frozen = true
    for (const alarm of this.#alarms) alarm.pending?.[Symbol.dispose]()
  }

  thaw(): void {
    if (!this.#frozen) return
    this.#anchor()
    this.#frozen = false
    this.#setAll()
  }

  /** The process is gone, and so is all it waited for. */
  clear(): void {
    for (const alarm of this.#alarms) alarm.pending?.[Symbol.dispose]()
    this.#alarms.clear()
  }

  #passed(): number {
    return this.#time.nowMs - this.#sinceMs
  }

  #anchor(): void {
    const passed = this.#passed()
    this.#wallMs += passed * this.#wallRate
    if (!this.#frozen) this.#monotonicMs += passed * this.#monotonicRate
    this.#sinceMs = this.#time.nowMs
  }

  #setAll(): void {
    for (const alarm of this.#alarms) this.#set(alarm)
  }

  #set(alarm: Alarm): void {
    alarm.pending?.[Symbol.dispose]()
    alarm.pending = this.#time.after((alarm.dueMs - this.monotonicMs()) / this.#monotonicRate, () => {
      this.#alarms.delete(alarm)
      this.#deliver(alarm.wake)
    })
  }
}
