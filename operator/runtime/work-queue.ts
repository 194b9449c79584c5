import { doubled } from './back-off.ts'
import type { Clock } from './clock.ts'
import { TokenBucket } from './token-bucket.ts'

/** `low`: what a list found at start or resync; it waits while anything that somebody just changed is there. */
export type Priority = 'normal' | 'low'

/** For metrics; see queue-metrics in metrics.ts. */
export interface QueueWatcher {
  added(): void
  retried(): void
  waited(ms: number): void
  worked(ms: number): void
}

/**
 * Keys to reconcile, by the rules of client-go's work queue:
 * - a key is in it at most once, however often it is added: 5,000 keys are the most that 5,000 objects cause;
 * - at most one worker has a key at a time; added meanwhile, it comes again when that one is done;
 * - a key that failed comes again after 5 ms · 2^failures, and all failed ones together at 10 a second.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #watcher: QueueWatcher | undefined
  readonly #bucket: TokenBucket
  /** In the order of coming, with the time of it. A key that is in neither nor in `#again` is clean. */
  readonly #ready: Readonly<Record<Priority, Map<string, number>>> = { normal: new Map(), low: new Map() }
  /** With the time of their start. */
  readonly #processing = new Map<string, number>()
  /** Added while they are processed. */
  readonly #again = new Map<string, Priority>()
  readonly #later = new Map<string, { readonly atMs: number; readonly timer: Disposable }>()
  readonly #failures = new Map<string, number>()
  /** Workers that wait for a key, longest first. */
  readonly #waiting = new Set<(key: string | undefined) => void>()
  #closed = false

  constructor(clock: Clock, watcher?: QueueWatcher) {
    this.#clock = clock
    this.#watcher = watcher
    this.#bucket = new TokenBucket(clock, RETRIES)
  }

  /** Keys that a worker could take now. */
  get depth(): number {
    return this.#ready.normal.size + this.#ready.low.size
  }

  /** For how long each key that is being processed has been, milliseconds. */
  processingMs(): number[] {
    const nowMs = this.#clock.monotonicMs()
    return [...this.#processing.values()].map((sinceMs) => nowMs - sinceMs)
  }

  add(key: string, priority: Priority = 'normal'): void {
    if (this.#closed) return
    // Coming now, it need not come later: whoever takes it says when to come again.
    this.#cancelLater(key)
    if (this.#processing.has(key)) {
      const known = this.#again.get(key)
      if (known === undefined) this.#watcher?.added()
      this.#again.set(key, known === 'normal' ? 'normal' : priority)
      return
    }
    if (this.#ready.normal.has(key)) return
    const waitingSinceMs = this.#ready.low.get(key)
    if (waitingSinceMs !== undefined) {
      if (priority === 'low') return
      this.#ready.low.delete(key)
      this.#ready.normal.set(key, waitingSinceMs)
      return
    }
    this.#watcher?.added()
    this.#ready[priority].set(key, this.#clock.monotonicMs())
    this.#serve()
  }

  /** The earliest of several holds. */
  addAfter(key: string, ms: number, priority: Priority = 'normal'): void {
    if (this.#closed) return
    if (ms <= 0) {
      this.add(key, priority)
      return
    }
    if (this.#ready.normal.has(key) || this.#ready.low.has(key)) return
    const atMs = this.#clock.monotonicMs() + ms
    const known = this.#later.get(key)
    if (known !== undefined && known.atMs <= atMs) return
    this.#cancelLater(key)
    const timer = this.#clock.after(ms, () => {
      this.#later.delete(key)
      this.add(key, priority)
    })
    this.#later.set(key, { atMs, timer })
  }

  /** After a failure: the more in a row, the later. */
  retry(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#watcher?.retried()
    this.addAfter(key, Math.max(doubled(RETRY, failures), this.#bucket.reserve()))
  }

  /** Its failures no longer count: after a success, and when the object is gone. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** The next key, which must be given back by `done`; waits for one, and gives undefined when the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const key = this.#pop()
    if (key !== undefined) return Promise.resolve(key)
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  done(key: string): void {
    const sinceMs = this.#processing.get(key)
    if (sinceMs === undefined) return
    this.#processing.delete(key)
    this.#watcher?.worked(this.#clock.monotonicMs() - sinceMs)
    const priority = this.#again.get(key)
    this.#again.delete(key)
    if (priority === undefined || this.#closed) return
    this.#cancelLater(key)
    // It was counted as added when it came.
    this.#ready[priority].set(key, this.#clock.monotonicMs())
    this.#serve()
  }

  /** Nothing is taken or added any more; workers that wait get undefined. */
  close(): void {
    this.#closed = true
    for (const { timer } of this.#later.values()) timer[Symbol.dispose]()
    this.#later.clear()
    this.#ready.normal.clear()
    this.#ready.low.clear()
    this.#again.clear()
    for (const resolve of this.#waiting) resolve(undefined)
    this.#waiting.clear()
  }

  #serve(): void {
    for (const resolve of this.#waiting) {
      const key = this.#pop()
      if (key === undefined) return
      this.#waiting.delete(resolve)
      resolve(key)
    }
  }

  #pop(): string | undefined {
    const from = this.#ready.normal.size > 0 ? this.#ready.normal : this.#ready.low
    const [first] = from
    if (first === undefined) return undefined
    const [key, sinceMs] = first
    from.delete(key)
    const nowMs = this.#clock.monotonicMs()
    this.#watcher?.waited(nowMs - sinceMs)
    this.#processing.set(key, nowMs)
    return key
  }

  #cancelLater(key: string): void {
    this.#later.get(key)?.timer[Symbol.dispose]()
    this.#later.delete(key)
  }
}

/** client-go's, with five minutes instead of a thousand seconds as the longest wait: people watch. */
const RETRY = { firstMs: 5, maxMs: 300_000 }
/** client-go's: an outage that fails every key must not become a storm when it ends. */
const RETRIES = { perSecond: 10, burst: 100 }
