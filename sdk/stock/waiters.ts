import { IdgenClientError } from '../core/client-error.ts'
import type { Clock } from '../ports/clock.ts'

/** How a call that may wait is bounded. */
export interface CallOptions {
  /** The call throws its reason once it is aborted. IDs that were on their way stay in memory, those of half a batch are burnt. */
  readonly signal?: AbortSignal | undefined
  /** Instead of the client's `deadlineMs`; an hour at most. */
  readonly deadlineMs?: number | undefined
}

interface Waiter {
  left: number
  /** Takes so many IDs, which are there. What it throws ends this call alone. */
  readonly take: (count: number) => void
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** Calls that wait for IDs of one tag, served in their order. */
export class Waiters {
  readonly #clock: Clock
  readonly #path: string
  readonly #max: number
  readonly #waiting = new Set<Waiter>()
  #awaited = 0
  /** What went wrong last: a deadline tells it. */
  lastError: IdgenClientError | undefined

  constructor(clock: Clock, path: string, max: number) {
    this.#clock = clock
    this.#path = path
    this.#max = max
  }

  /** IDs that the calls here still want. */
  get awaited(): number {
    return this.#awaited
  }

  /** What the greediest of them wants. */
  get largest(): number {
    let most = 0
    for (const { left } of this.#waiting) most = Math.max(most, left)
    return most
  }

  /**
   * Resolves when `take` was called for `count` IDs altogether. Its deadline keeps the process alive, and nothing else
   * of this package does.
   */
  wait(
    count: number,
    take: (count: number) => void,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!(deadlineMs >= 1 && deadlineMs <= DEADLINE_MAX_MS)) return Promise.reject(noDeadline(deadlineMs))
    if (this.#waiting.size >= this.#max) return Promise.reject(this.#tooMany())
    return new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#awaited -= waiter.left
        waiter.left = 0
        this.#waiting.delete(waiter)
        stopTimer()
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => waiter.reject(signal?.reason)
      const waiter: Waiter = {
        left: count,
        take,
        resolve: () => {
          end()
          resolve()
        },
        reject: (reason) => {
          end()
          reject(reason)
        },
      }
      const stopTimer = this.#clock.after(deadlineMs, () => waiter.reject(this.#late(deadlineMs)), true)
      signal?.addEventListener('abort', onAbort)
      this.#waiting.add(waiter)
      this.#awaited += count
    })
  }

  /** Serves as many as `available` asks for the IDs of; it is asked again after each take. */
  serve(available: () => number): void {
    for (const waiter of this.#waiting) {
      const count = Math.min(waiter.left, available())
      if (count === 0) return
      // Before it takes: a call that throws has had its IDs.
      waiter.left -= count
      this.#awaited -= count
      try {
        waiter.take(count)
      } catch (error) {
        waiter.reject(error)
        continue
      }
      if (waiter.left === 0) waiter.resolve()
    }
  }

  /** Serves those that want no more than `available`; they take nothing. */
  serveWhole(available: number): void {
    for (const waiter of this.#waiting) if (waiter.left <= available) waiter.resolve()
  }

  failAll(error: IdgenClientError): void {
    for (const waiter of this.#waiting) waiter.reject(error)
  }

  #tooMany(): IdgenClientError {
    const message = `${this.#max} calls already wait for IDs of ${this.#path}; take several IDs a call with batch().`
    return new IdgenClientError('IDGEN_CLIENT_OVERLOADED', message)
  }

  #late(deadlineMs: number): IdgenClientError {
    const cause = this.lastError
    const why = cause === undefined ? 'no answer came' : `the last answer was ${cause.code}: ${cause.message}`
    const message = `The IDs of ${this.#path} could not be had within ${deadlineMs} ms; ${why}`
    return new IdgenClientError('IDGEN_CLIENT_DEADLINE', message, { cause, endpoint: cause?.endpoint })
  }
}

function noDeadline(deadlineMs: number): IdgenClientError {
  return new IdgenClientError(
    'IDGEN_CLIENT_OPTION_INVALID',
    `deadlineMs must be from 1 to ${DEADLINE_MAX_MS}, not ${deadlineMs}; to wait for longer, call again.`,
  )
}

/** Timers of Node.js fire at once where they are told to wait for more than 24 days, or for ever. */
const DEADLINE_MAX_MS = 3_600_000
