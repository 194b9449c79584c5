import type { Clock } from '../ports/clock.ts'
import { Repeat } from './repeat.ts'

/**
 * Notices that this process slept, was paused for long, or was restored from a snapshot: the wall clock has moved on
 * without the monotonic one, or both moved although no second of ours passed. Randomness fetched before may then
 * exist twice, in the copy and in the original, so what was made ahead is dropped. It narrows the danger;
 * a copy that runs on within a second is outside the promise (README).
 */
export class JumpWatch {
  readonly #clock: Clock
  readonly #onJump: () => void
  readonly #repeat: Repeat
  #wallMs: number
  #monotonicMs: number

  constructor(clock: Clock, onJump: () => void) {
    this.#clock = clock
    this.#onJump = onJump
    this.#wallMs = clock.nowMs()
    this.#monotonicMs = clock.monotonicMs()
    this.#repeat = new Repeat(clock, EVERY_MS, () => this.look())
  }

  start(): void {
    this.#repeat.start()
  }

  stop(): Promise<void> {
    return this.#repeat.stop()
  }

  look(): void {
    const wallMs = this.#clock.nowMs()
    const monotonicMs = this.#clock.monotonicMs()
    const passedMs = monotonicMs - this.#monotonicMs
    const apartMs = Math.abs(wallMs - this.#wallMs - passedMs)
    this.#wallMs = wallMs
    this.#monotonicMs = monotonicMs
    if (apartMs > JUMP_MS || passedMs > EVERY_MS + JUMP_MS) this.#onJump()
  }
}

const EVERY_MS = 1000
/** Above what a busy event loop or NTP does to a second; dropping the pools by mistake costs a microsecond. */
const JUMP_MS = 2000
