import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { TimeAuthority, TimeCopy, TimeCopyStore } from '../ports/time-copy-store.ts'
import { withinDeadline } from './deadline.ts'

/** What people must hear of: alerts and the audit log. */
export interface TimeGrantEvent {
  /**
   * copy-behind: the copy in PostgreSQL lags behind etcd; until it caught up, a restored etcd could grant a window
   * again (a stated limit of the promise). copy-caught-up: the end of it. hold-refused: a store refused the hold for
   * good, in ordinary life because another process holds the worker id by now.
   */
  readonly kind: 'copy-behind' | 'copy-caught-up' | 'hold-refused'
  readonly dc: number
  readonly reason: string
  readonly worker?: number
}

export interface CopiedTimeOptions {
  readonly copies: TimeCopyStore
  readonly clock: Clock
  readonly log: Log
  /** Must not throw. */
  readonly onFlag?: (event: TimeGrantEvent) => void
}

/**
 * PostgreSQL's part in a time grant of etcd. A database that does not answer ends no hold: the grant goes on, flagged,
 * and the copy is tried again. Hence 'away' is an answer of `replace`, not an error.
 */
export class CopiedTime {
  readonly #options: CopiedTimeOptions
  /** By worker id: why its copy lags behind. Of several, one that caught up says nothing of the others. */
  readonly #lagging = new Map<number, { readonly reason: string; ended: boolean }>()
  #missed = 0

  constructor(options: CopiedTimeOptions) {
    this.#options = options
  }

  /** Why the copy lags behind etcd now, or undefined. */
  get flagged(): string | undefined {
    for (const { reason } of this.#lagging.values()) return reason
    return undefined
  }

  /** How often something was granted without the copy, since the start. */
  get missed(): number {
    return this.#missed
  }

  /** @throws IDGEN_STORE_UNAVAILABLE nobody acquires without knowing what the copy says */
  async authority(dc: number, wanted: TimeAuthority): Promise<TimeAuthority> {
    return await this.#wait('the authority record', this.#options.copies.authority(dc, wanted))
  }

  /** Of every worker id, only to choose one: nothing is granted by it, so nothing is flagged. */
  async readAll(dc: number): Promise<ReadonlyMap<number, number>> {
    const all = await this.#within((copies) => copies.readAll(dc))
    return all instanceof IdgenError ? new Map() : all
  }

  /** @throws IDGEN_STORE_UNAVAILABLE as `authority` */
  async read(dc: number, worker: number): Promise<TimeCopy> {
    return await this.#wait('the copy of a time grant', this.#options.copies.read(dc, worker))
  }

  /** 'away': it may have been written, or may still be; try again with the same `before`. */
  async replace(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean | 'away'> {
    const written = await this.#within((copies) => copies.replace(dc, worker, before, after))
    if (written instanceof IdgenError) return this.#behind(dc, worker, written)
    if (written) this.#caughtUp(dc, worker)
    return written
  }

  /** Before a worker id is let go. Not flagged: where it fails the copy stays where it was, which is not behind. */
  async lower(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean> {
    const lowered = await this.#within((copies) => copies.replace(dc, worker, before, after))
    return lowered === true
  }

  /** This process no longer holds it: its copy catches up by whoever does, and is not waited for. */
  ended(worker: number): void {
    const lagging = this.#lagging.get(worker)
    if (lagging !== undefined) lagging.ended = true
  }

  #caughtUp(dc: number, worker: number): void {
    const reason = this.flagged
    if (reason === undefined) return
    this.#lagging.delete(worker)
    for (const [other, { ended }] of this.#lagging) if (ended) this.#lagging.delete(other)
    if (this.#lagging.size > 0) return
    this.#options.log.info({ dc, worker }, 'the copy of the time grant caught up')
    this.#options.onFlag?.({ kind: 'copy-caught-up', dc, worker, reason })
  }

  #behind(dc: number, worker: number, fault: IdgenError): 'away' {
    this.#missed += 1
    if (this.#lagging.size === 0) {
      this.#options.log.warn({ err: fault, dc }, 'time is granted without its copy in the database')
      this.#options.onFlag?.({ kind: 'copy-behind', dc, reason: fault.message })
    }
    this.#lagging.set(worker, { reason: fault.message, ended: false })
    return 'away'
  }

  /** @throws all but IDGEN_STORE_UNAVAILABLE, which is returned */
  async #within<T>(call: (copies: TimeCopyStore) => Promise<T>): Promise<T | IdgenError> {
    try {
      return await this.#wait('the copy of a time grant', call(this.#options.copies))
    } catch (thrown) {
      if (thrown instanceof IdgenError && thrown.code === 'IDGEN_STORE_UNAVAILABLE') return thrown
      throw thrown
    }
  }

  #wait<T>(waitedFor: string, answer: Promise<T>): Promise<T> {
    return withinDeadline(this.#options.clock, COPY_WAIT_MS, waitedFor, answer)
  }
}

/**
 * A database that hangs must not hold up the extension: a window (30 s) has room for one that is late by this much,
 * three times over, before the next one is due (10 s).
 */
const COPY_WAIT_MS = 2000
