import type { Clock } from '../ports/clock.ts'
import { Repeat } from './repeat.ts'

/** Counts for the audit log what would fill it, or cost too much, with a record each. */
export interface MinuteCount {
  /** Hands what was counted to the audit trail, and begins anew. */
  write(): void
}

/** Has counts written once a minute, and what is left of them at the stop. */
export class MinuteCounts {
  readonly #counts: readonly MinuteCount[]
  readonly #repeat: Repeat

  constructor(clock: Clock, counts: readonly MinuteCount[]) {
    this.#counts = counts
    this.#repeat = new Repeat(clock, MINUTE_MS, () => this.#write())
  }

  start(): void {
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    await this.#repeat.stop()
    this.#write()
  }

  #write(): void {
    for (const count of this.#counts) count.write()
  }
}

const MINUTE_MS = 60_000
