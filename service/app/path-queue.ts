import type { Clock } from '../ports/clock.ts'

export interface PathQueueOptions {
  readonly clock: Clock
  /** Called for one path at a time, for up to PARALLEL paths at once. What it throws leads to another try. */
  readonly work: (path: string) => Promise<void>
  /** A try failed; `again`: there will be another one. */
  readonly onFailure: (path: string, thrown: unknown, again: boolean) => void
}

/**
 * Names that something happened to, each in here once however often that was: work looks at what is true when it runs.
 *
 *     add ──▶ waiting ──▶ running ──done──▶ gone
 *               ▲            │ added meanwhile, or failed: after a pause
 *               └────────────┘
 */
export class PathQueue {
  readonly #options: PathQueueOptions
  readonly #waiting = new Set<string>()
  readonly #running = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #pauses = new Map<string, Disposable>()
  readonly #idle = new Set<() => void>()
  #stopped = false

  constructor(options: PathQueueOptions) {
    this.#options = options
  }

  /** false: the queue is full, and whoever adds must look at everything again later. */
  add(path: string): boolean {
    if (this.#stopped || (this.#waiting.size >= WAITING_MAX && !this.#waiting.has(path))) return false
    this.#failures.delete(path)
    this.#waiting.add(path)
    this.#fill()
    return true
  }

  /** Resolves when nothing runs and nothing waits, except for a pause after a failure. */
  async settled(): Promise<void> {
    if (this.#running.size === 0 && this.#waiting.size === 0) return
    await new Promise<void>((resolve) => this.#idle.add(resolve))
  }

  /** Forgets what waits and resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#waiting.clear()
    for (const pause of this.#pauses.values()) pause[Symbol.dispose]()
    this.#pauses.clear()
    await this.settled()
  }

  #fill(): void {
    for (const path of this.#waiting) {
      if (this.#running.size >= PARALLEL) return
      // It runs with what it saw before; afterwards it is looked at again.
      if (this.#running.has(path)) continue
      this.#waiting.delete(path)
      this.#running.add(path)
      void this.#run(path)
    }
  }

  async #run(path: string): Promise<void> {
    try {
      await this.#options.work(path)
      this.#failures.delete(path)
    } catch (thrown) {
      this.#tryAgain(path, thrown)
    }
    this.#running.delete(path)
    this.#fill()
    if (this.#running.size > 0 || this.#waiting.size > 0) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }

  #tryAgain(path: string, thrown: unknown): void {
    const failures = (this.#failures.get(path) ?? 0) + 1
    const again = failures <= RETRIES_MAX && !this.#stopped
    this.#options.onFailure(path, thrown, again)
    if (!again) {
      this.#failures.delete(path)
      return
    }
    this.#failures.set(path, failures)
    this.#pauses.get(path)?.[Symbol.dispose]()
    const pause = this.#options.clock.after(RETRY_MS * 2 ** (failures - 1), () => {
      this.#pauses.delete(path)
      this.#waiting.add(path)
      this.#fill()
    })
    this.#pauses.set(path, pause)
  }
}

/** Enough to hide the latency of two stores, few enough to leave connections for requests. */
const PARALLEL = 4
/** Ten times the tags of a large installation; a name has below 200 bytes. */
const WAITING_MAX = 100_000
/** 0.25 s, 0.5 s … 8 s: an outage of some seconds is bridged, a longer one is what the regular pass is for. */
const RETRIES_MAX = 6
const RETRY_MS = 250
