import type { Clock } from './clock.ts'
import type { RuntimeMetrics } from './metrics.ts'
import type { RuntimeLog } from './runtime-log.ts'
import { type Priority, WorkQueue } from './work-queue.ts'

/** What a reconcile that did not fail asks for; nothing: come again when something changes. */
export interface Result {
  readonly requeueAfterMs?: number
}

/**
 * Makes the world as the object of that key wants it, from the caches, from the beginning, each time: it is not told
 * what changed. Never runs twice at a time for a key. Failing (throwing) brings it back later; so it must be safe to
 * repeat at every point. `signal` aborts when this process no longer leads, ends, or the limit is over.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Result | undefined>

/** Trying again would fail again: only a change of the object helps. */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TerminalError'
  }
}

export interface ControllerOptions {
  readonly name: string
  readonly clock: Clock
  readonly metrics: RuntimeMetrics
  readonly log: RuntimeLog
  readonly reconcile: Reconcile
  /** Default 4: a reconcile mostly waits for the API server or the service. */
  readonly workers?: number
  /** Default 120,000. */
  readonly timeoutMs?: number
}

/** Workers between a queue of keys and a reconcile. */
export class Controller {
  readonly #options: ControllerOptions
  readonly #queue: WorkQueue
  #run: { readonly abort: AbortController; readonly ended: Promise<unknown> } | undefined

  constructor(options: ControllerOptions) {
    this.#options = options
    const { clock, metrics, name } = options
    this.#queue = new WorkQueue(clock, metrics.queueWatcher(name))
    metrics.watchQueue(name, this.#queue)
  }

  get name(): string {
    return this.#options.name
  }

  /** Also before the start: a standby's queue is full when it takes over. */
  enqueue(key: string, priority: Priority = 'normal'): void {
    this.#queue.add(key, priority)
  }

  /** The object is gone, and nothing about it is to be remembered. */
  forget(key: string): void {
    this.#queue.forget(key)
  }

  start(): void {
    if (this.#run !== undefined) return
    const workers = this.#options.workers ?? WORKERS
    const abort = new AbortController()
    this.#options.metrics.controllerStarted(this.name, workers)
    const ended = Promise.all(Array.from({ length: workers }, () => this.#work(abort.signal)))
    this.#run = { abort, ended }
  }

  /** Ends for good. Resolves when no reconcile runs any more; those that run hear of it by their signal. */
  async stop(): Promise<void> {
    this.#queue.close()
    this.#run?.abort.abort()
    await this.#run?.ended
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      try {
        await this.#reconcile(key, signal)
      } finally {
        this.#queue.done(key)
      }
    }
  }

  async #reconcile(key: string, outer: AbortSignal): Promise<void> {
    const { clock, metrics, name, timeoutMs = TIMEOUT_MS } = this.#options
    const startedMs = clock.monotonicMs()
    const limit = new AbortController()
    using _timer = clock.after(timeoutMs, () => {
      metrics.reconcileTimedOut(name)
      limit.abort(new Error(`the reconcile took longer than ${timeoutMs} ms`))
    })
    metrics.reconcileStarted(name)
    const ended = (outcome: 'success' | 'error' | 'requeue_after' | 'terminal', panic = false): void =>
      metrics.reconcileEnded(name, outcome, clock.monotonicMs() - startedMs, panic)
    try {
      const result = await this.#options.reconcile(key, AbortSignal.any([outer, limit.signal]))
      this.#queue.forget(key)
      const afterMs = result?.requeueAfterMs
      ended(afterMs === undefined ? 'success' : 'requeue_after')
      if (afterMs !== undefined) this.#queue.addAfter(key, afterMs)
    } catch (thrown) {
      this.#failed(key, thrown, outer, ended)
    }
  }

  #failed(
    key: string,
    thrown: unknown,
    outer: AbortSignal,
    ended: (outcome: 'error' | 'terminal', panic?: boolean) => void,
  ): void {
    const { log, name } = this.#options
    if (thrown instanceof TerminalError) {
      this.#queue.forget(key)
      ended('terminal')
      log.error({ controller: name, key, err: thrown }, 'reconcile failed for good until the object changes')
      return
    }
    ended('error', isProgrammingError(thrown))
    // What was interrupted by the end of this process is no fault; the next leader takes it up.
    if (outer.aborted) return
    this.#queue.retry(key)
    log.warn(
      { controller: name, key, failures: this.#queue.failures(key), err: thrown },
      'reconcile failed and is tried again',
    )
  }
}

function isProgrammingError(thrown: unknown): boolean {
  return thrown instanceof TypeError || thrown instanceof ReferenceError || thrown instanceof RangeError
}

const WORKERS = 4
/** Far above what a reconcile takes when the API server is slow, and short enough for people to see that it hangs. */
const TIMEOUT_MS = 120_000
