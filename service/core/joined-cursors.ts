import type { Algorithm, AlgorithmStats, Shortage } from './algorithm.ts'
import type { IdBatch } from './id-batch.ts'
import { invariant } from './invariant.ts'
import type { Snowflake } from './snowflake.ts'
import type { SnowflakeCounters } from './snowflake-counters.ts'

/** One cursor, or several that are used as one. */
export type StampingCursor = Algorithm & Pick<Snowflake, 'counters'>

/** What is asked of each that is joined. */
export type JoinableCursor = StampingCursor &
  Pick<Snowflake, 'takeWithin' | 'stampMs' | 'stays' | 'skipTo' | 'nextMs' | 'currentGrant'>

/**
 * Several worker ids used as one (server.workerIds): each has its own grant and cursor, and a millisecond is stamped by
 * one after the other, so that IDs increase over all of them:
 *
 *     ms      │      7001      │      7002      │ …      time stands above the worker id in the layout
 *     worker  │   3   │   90   │   3   │   90   │
 *             └─ 0…1023 ─▶ 0…1023 ─▶ …
 *
 * Who has no grant now is passed by; only when none can stamp does a take fail. Uniqueness rests on none of this: each
 * cursor stays inside its grant by itself.
 */
export class JoinedCursors implements Algorithm {
  readonly name = 'snowflake'
  readonly #cursors: readonly JoinableCursor[]
  /** The one that stamped last. */
  #current: JoinableCursor
  /** Where the last stamp was made. */
  #ms = 0
  #worker = 0
  /** Highest clock at which any of them stamped: a clock that steps back is the same to all. */
  #clockHighMs = 0

  constructor(cursors: readonly JoinableCursor[]) {
    const [first] = cursors
    invariant(first !== undefined, 'there is at least one cursor')
    this.#cursors = cursors
    this.#current = first
  }

  take(count: number, nowMs: number, out: IdBatch): number {
    const clockMs = Math.floor(nowMs)
    let taken = 0
    while (taken < count) {
      const n = this.#takeSome(count - taken, clockMs, out)
      if (n === 0) break
      taken += n
    }
    if (taken > 0 && clockMs > this.#clockHighMs) this.#clockHighMs = clockMs
    return taken
  }

  /** Never `failed` while one of them can go on, or will soon. */
  shortage(nowMs: number): Shortage {
    this.#align()
    const all = this.#cursors.map((cursor) => cursor.shortage(nowMs))
    const waits = all.flatMap((shortage) => (shortage.kind === 'wait' ? [shortage.ms] : []))
    if (waits.length > 0) return { kind: 'wait', ms: Math.min(...waits) }
    const refill = all.find(({ kind }) => kind === 'refill')
    return refill ?? all[0] ?? { kind: 'refill' }
  }

  fault(nowMs: number): string | undefined {
    this.#align()
    const faults = this.#cursors.map((cursor) => cursor.fault(nowMs))
    return faults.includes(undefined) ? undefined : faults[0]
  }

  stats(): AlgorithmStats {
    let issued = 0
    for (const cursor of this.#cursors) issued += cursor.stats().issued
    return { issued, granted: issued }
  }

  /** Milliseconds borrowed of all worker ids; a step of the clock, which all see, counts once. */
  counters(): SnowflakeCounters {
    const all = this.#cursors.map((cursor) => cursor.counters())
    const most = (field: keyof SnowflakeCounters): number =>
      Math.max(...all.map((counters) => counters[field]))
    return {
      borrowedMs: all.reduce((sum, { borrowedMs }) => sum + borrowedMs, 0),
      rollbacksWaited: most('rollbacksWaited'),
      rollbacksBridged: most('rollbacksBridged'),
      rollbacksRefused: most('rollbacksRefused'),
    }
  }

  #takeSome(count: number, clockMs: number, out: IdBatch): number {
    // Where a lease ended it may stand in a millisecond it never stamped, ahead of what the others stamp next.
    if (this.#current.stampMs === this.#ms && this.#current.stays(clockMs)) {
      const n = this.#current.takeWithin(count, clockMs, out)
      if (n > 0) return n
    }
    const next = this.#nextCursor(clockMs)
    if (next === undefined) return 0
    const n = next.takeWithin(count, clockMs, out)
    if (n === 0) return 0
    this.#current = next
    this.#ms = next.stampMs
    this.#worker = workerOf(next)
    return n
  }

  /** The one whose next stamp comes first: in the lowest millisecond, and there of the lowest worker id. */
  #nextCursor(clockMs: number): JoinableCursor | undefined {
    this.#align()
    let best: JoinableCursor | undefined
    let bestMs = Number.POSITIVE_INFINITY
    for (const cursor of this.#cursors) {
      const ms = cursor.nextMs(clockMs)
      if (ms < 0 || ms > bestMs) continue
      if (ms === bestMs && best !== undefined && workerOf(best) < workerOf(cursor)) continue
      best = cursor
      bestMs = ms
    }
    return best
  }

  /** None stamps below the last stamp of all: in its millisecond only higher worker ids go on, and itself. */
  #align(): void {
    for (const cursor of this.#cursors) {
      const isLast = cursor === this.#current && workerOf(cursor) === this.#worker
      const fromMs = isLast || workerOf(cursor) > this.#worker ? this.#ms : this.#ms + 1
      cursor.skipTo(fromMs, this.#clockHighMs)
    }
  }
}

/** -1 without a grant. */
function workerOf(cursor: JoinableCursor): number {
  return cursor.currentGrant()?.worker ?? -1
}
