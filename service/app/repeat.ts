import { type Clock, sleep } from '../ports/clock.ts'

/** Background work of a process: once every `everyMs` after `start`, one round at a time, until `stop`. */
export class Repeat {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #work: () => void | Promise<void>
  readonly #stop = new AbortController()
  #wake = new AbortController()
  #loop: Promise<void> | undefined

  /** `work` must not reject: nobody is there to see it. */
  constructor(clock: Clock, everyMs: number, work: () => void | Promise<void>) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#work = work
  }

  /** The first round comes after `everyMs`. */
  start(): void {
    this.#loop ??= this.#run()
  }

  /** A round begins now, or right after the one under way: what that one looked at already may be what matters. */
  soon(): void {
    this.#wake.abort()
  }

  /** Resolves when the round under way, if any, has ended; none begins after it. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await sleep(this.#clock, this.#everyMs, this.#wake.signal)
      if (!signal.aborted) this.#wake = new AbortController()
      if (!signal.aborted) await this.#work()
    }
  }
}
