import type { Clock } from '../../ports/clock.ts'

/** Time until which something lives, by the monotonic clock. Looked at by every call, and by an alarm of its own. */
export class MemoryLease implements Disposable {
  readonly ttlMs: number
  readonly #clock: Clock
  readonly #onEnd: () => void
  #untilMs = 0
  #alarm: Disposable

  constructor(clock: Clock, ttlMs: number, onEnd: () => void) {
    this.#clock = clock
    this.ttlMs = ttlMs
    this.#onEnd = onEnd
    this.prolong()
    this.#alarm = this.#setAlarm()
  }

  prolong(): void {
    this.#untilMs = this.#clock.monotonicMs() + this.ttlMs
  }

  get expired(): boolean {
    return this.#clock.monotonicMs() >= this.#untilMs
  }

  [Symbol.dispose](): void {
    this.#alarm[Symbol.dispose]()
  }

  /** One alarm at a time: it was set for an earlier end when the lease was prolonged since. */
  #setAlarm(): Disposable {
    return this.#clock.after(this.#untilMs - this.#clock.monotonicMs(), () => {
      if (this.expired) this.#onEnd()
      else this.#alarm = this.#setAlarm()
    })
  }
}
