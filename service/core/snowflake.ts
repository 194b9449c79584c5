import type { Algorithm, AlgorithmStats, Shortage } from './algorithm.ts'
import type { TimeGrant } from './grant.ts'
import type { IdBatch } from './id-batch.ts'
import { invariant } from './invariant.ts'
import { SequenceSpread } from './sequence-spread.ts'
import type { SnowflakeCounters } from './snowflake-counters.ts'
import {
  DC_COUNT_MAX,
  endStampMs,
  firstStampMs,
  SEQUENCES_PER_MS,
  type SnowflakeLayout,
  snowflakeHi,
  snowflakeLo,
  WORKER_COUNT,
} from './snowflake-layout.ts'

export interface SnowflakeOptions {
  readonly layout: SnowflakeLayout
  /** uint32; decides where the sequence of a new millisecond starts. */
  readonly seed: number
  /**
   * How far stamps may run ahead of the clock, milliseconds. 1000 by default: one second of peak load
   * (1,024,000 IDs) on top of the clock's own rate, and an ID's time is never off by more than a second.
   */
  readonly borrowMaxMs?: number
  /** Monotonic milliseconds, for `leaseUntil`; without it no lease ends. */
  readonly monotonicMs?: () => number
}

/**
 * Stamps milliseconds of a time grant. One cursor for all tags of the process, only forward:
 *
 *     grant     fromMs ├───────────────────────────────────────────────────────────────┤ untilMs
 *                               ▲ clock            ▲ cursor: (stampMs, sequence)
 *                               ├ at most borrowMaxMs ┤
 *
 * The cursor follows the clock. When the 1024 sequences of a millisecond are used up it borrows the next one;
 * when the clock steps back it waits (1..4 ms), goes on by itself (5..1000 ms) or refuses (more), measured
 * against the highest clock at which a stamp was made: a jump forward and back with no stamp in between is
 * harmless. The lease of the worker id ends stamping too, so that a process that was paused does not go on beside
 * its successor. Uniqueness rests on none of this: it follows from the grant and the cursor alone.
 */
export class Snowflake implements Algorithm {
  readonly name = 'snowflake'
  readonly #layout: SnowflakeLayout
  readonly #endMs: number
  readonly #borrowMaxMs: number
  readonly #monotonicMs: () => number
  /** Monotonic; no stamp from here on. */
  #leaseEndMs = Number.POSITIVE_INFINITY
  #hasLease = false
  readonly #spread: SequenceSpread
  #grant: TimeGrant | undefined
  /** Why there is no grant, or why the last extension failed. */
  #reason = 'no worker id was acquired yet'
  #refused = true
  /** Last millisecond stamped, of all grants: order holds across them too. */
  #stampMs = 0
  /** Next sequence of #stampMs; SEQUENCES_PER_MS: nothing left there, which is also so without a grant. */
  #sequence = SEQUENCES_PER_MS
  #hi = 0
  /** As an int32, which is added to without a box; a run has it as a uint32 again. */
  #lo = 0
  #clockHighMs = 0
  /**
   * The clock of the last stamp. At the same clock the sequences that are left need no new judgement: all that it rests
   * on stands still, or changed in their favour (`extend`). NaN: judge.
   */
  #judgedMs = Number.NaN
  #firstUnusedMs: number | undefined
  #holds = 0
  #lentMs = 0
  /** Issued before the sequences of #stampMs: those count themselves, or each take would write one number more. */
  #issuedBefore = -SEQUENCES_PER_MS
  #rollbackLevel = STEADY
  readonly #counters = { borrowedMs: 0, rollbacksWaited: 0, rollbacksBridged: 0, rollbacksRefused: 0 }

  constructor(options: SnowflakeOptions) {
    this.#layout = options.layout
    this.#endMs = endStampMs(options.layout)
    this.#borrowMaxMs = options.borrowMaxMs ?? BORROW_MAX_MS
    this.#monotonicMs = options.monotonicMs ?? standingStill
    this.#spread = new SequenceSpread(options.seed)
  }

  /**
   * The window of a new hold. What was left of the window before is dropped.
   * Order is kept: a window that begins before the last stamp is used only above it.
   */
  install(grant: TimeGrant): void {
    const { dc, worker, fromMs, untilMs } = grant
    invariant(Number.isInteger(dc) && dc >= 0 && dc < DC_COUNT_MAX, 'dc fits the layout')
    invariant(Number.isInteger(worker) && worker >= 0 && worker < WORKER_COUNT, 'worker fits the layout')
    invariant(Number.isInteger(fromMs) && Number.isInteger(untilMs), 'a window has whole milliseconds')
    invariant(fromMs >= firstStampMs(this.#layout), 'stamps begin above all segment values')
    invariant(fromMs < untilMs, 'a window is not empty')
    this.#grant = grant
    this.#refused = false
    this.#standAt(SEQUENCES_PER_MS)
    // Not below the cursor: were a window installed a second time, a release would hand on what is stamped in it.
    this.#firstUnusedMs = Math.min(untilMs, Math.max(fromMs, this.#stampMs + 1, this.#lentMs + 1))
    this.#holds += 1
  }

  /** The store was raised: the current window now ends at `untilMs`. Never lowers it; does not revive a revoked one. */
  extend(untilMs: number): void {
    invariant(Number.isInteger(untilMs), 'a window has whole milliseconds')
    if (this.#grant === undefined) return
    this.#refused = false
    if (untilMs > this.#grant.untilMs) this.#grant = { ...this.#grant, untilMs }
  }

  /** The window could not be extended. While nothing is left of it a shortage is `failed` with this reason. */
  refused(reason: string): void {
    this.#reason = reason
    this.#refused = true
  }

  /**
   * No stamp after this, ever, from the current grant. The next one needs `install`. `soon`: it is being asked for now,
   * so that a shortage is worth a wait.
   */
  revoke(reason: string, soon = false): void {
    this.#grant = undefined
    this.#reason = reason
    this.#refused = !soon
    this.#standAt(SEQUENCES_PER_MS)
  }

  /** No stamp at or after this monotonic millisecond; undefined: no such limit. */
  leaseUntil(monotonicMs: number | undefined): void {
    this.#leaseEndMs = monotonicMs ?? Number.POSITIVE_INFINITY
    this.#hasLease = monotonicMs !== undefined
  }

  /** Asks for the time only where there is a limit. Written so that a clock that reads NaN ends the lease. */
  leaseEnded(): boolean {
    return this.#hasLease && !(this.#monotonicMs() < this.#leaseEndMs)
  }

  currentGrant(): TimeGrant | undefined {
    return this.#grant
  }

  /** Windows that were installed so far: whoever spends of one stops when this has changed. */
  get holds(): number {
    return this.#holds
  }

  /** The last millisecond that a tag with a layout of its own stamped with any of them (core/tag-cursor.ts). */
  get lentMs(): number {
    return this.#lentMs
  }

  /** Such a tag stamps `ms` of the window from now on: a release must not hand it to a successor. */
  lend(ms: number): void {
    this.#lentMs = Math.max(this.#lentMs, ms)
    this.#firstUnusedMs = Math.max(this.#firstUnusedMs ?? 0, ms + 1)
  }

  /** Why no time is to be had once the window is used up; undefined: it is being asked for. */
  get refusal(): string | undefined {
    return this.#refused ? this.#reason : undefined
  }

  /**
   * First millisecond of the last installed grant that holds no stamp: what a release may lower `until` to, once
   * the grant was revoked. undefined before the first install.
   */
  firstUnusedMs(): number | undefined {
    return this.#firstUnusedMs
  }

  take(count: number, nowMs: number, out: IdBatch): number {
    const clockMs = Math.floor(nowMs)
    const from = this.#sequence
    const to = from + count
    // One run in the millisecond that the last take was judged in, without a lease: what takeWithin does then. NaN goes the
    // other way, which gives nothing.
    if (clockMs !== this.#judgedMs || !(to > from && to <= SEQUENCES_PER_MS) || this.#hasLease)
      return this.#takeRuns(count, clockMs, out)
    // First the cursor: whatever fails after it burns IDs, and repeats none.
    this.#sequence = to
    out.pushRun(this.#hi, (this.#lo + from) >>> 0, count)
    return count
  }

  #takeRuns(count: number, clockMs: number, out: IdBatch): number {
    let taken = 0
    while (taken < count) {
      const n = this.takeWithin(count - taken, clockMs, out)
      if (n === 0) break
      taken += n
    }
    return taken
  }

  /** One round of `take`: from one millisecond, as many as it has left. */
  takeWithin(count: number, clockMs: number, out: IdBatch): number {
    const judged = clockMs === this.#judgedMs
    if ((this.#sequence === SEQUENCES_PER_MS || !judged) && !this.#move(clockMs)) return 0
    // Here, not earlier: clock and sequence are read, so a pause before this line is seen (peers.md section 4, 6).
    if (this.leaseEnded()) return 0
    // A run never crosses its millisecond's last sequence: the next number would be another worker's.
    const n = Math.min(count, SEQUENCES_PER_MS - this.#sequence)
    out.pushRun(this.#hi, (this.#lo + this.#sequence) >>> 0, n)
    this.#sequence += n
    if (!judged) {
      this.#judgedMs = clockMs
      if (clockMs > this.#clockHighMs) this.#clockHighMs = clockMs
    }
    return n
  }

  /** Last millisecond stamped or passed by; see `skipTo`. */
  get stampMs(): number {
    return this.#stampMs
  }

  /** Whether `takeWithin` would go on in the millisecond it is in, limits aside. */
  stays(clockMs: number): boolean {
    return this.#sequence < SEQUENCES_PER_MS && clockMs <= this.#stampMs
  }

  /** Forward only: no stamp below `ms` after this, and a clock is judged by `clockHighMs` if that is higher. */
  skipTo(ms: number, clockHighMs: number): void {
    if (clockHighMs > this.#clockHighMs) {
      this.#clockHighMs = clockHighMs
      this.#judgedMs = Number.NaN
    }
    if (ms <= this.#stampMs) return
    this.#stampMs = ms - 1
    this.#standAt(SEQUENCES_PER_MS)
  }

  /** The millisecond of the next stamp, or a number below 0: none now. */
  nextMs(clockMs: number): number {
    this.#noteRollback(this.#clockHighMs - clockMs)
    return this.#verdict(clockMs)
  }

  shortage(nowMs: number): Shortage {
    const clockMs = Math.floor(nowMs)
    const verdict = this.#verdict(clockMs)
    switch (verdict) {
      case CLOCK_SLIGHTLY_BACK:
        return { kind: 'wait', ms: this.#clockHighMs - clockMs }
      case BORROW_LIMIT:
        return { kind: 'wait', ms: Math.max(1, this.#candidateMs(clockMs) - this.#borrowMaxMs - clockMs) }
      case LEASE_END:
      case WINDOW_END:
      case NO_GRANT:
        if (!this.#refused) return { kind: 'refill' }
        return { kind: 'failed', code: 'IDGEN_WORKER_UNAVAILABLE', message: this.#text(verdict, clockMs) }
      case WINDOW_AHEAD:
        return { kind: 'failed', code: 'IDGEN_WORKER_UNAVAILABLE', message: this.#text(verdict, clockMs) }
      case CLOCK_FAR_BACK:
        return { kind: 'failed', code: 'IDGEN_CLOCK_UNUSABLE', message: this.#text(verdict, clockMs) }
      case LAYOUT_END:
        return { kind: 'failed', code: 'IDGEN_LAYOUT_EXHAUSTED', message: this.#text(verdict, clockMs) }
      default:
        // Stamps are to be had: the clock moved since the take that was short.
        return { kind: 'wait', ms: 1 }
    }
  }

  fault(nowMs: number): string | undefined {
    const clockMs = Math.floor(nowMs)
    const verdict = this.#verdict(clockMs)
    return verdict >= CLOCK_SLIGHTLY_BACK ? undefined : this.#text(verdict, clockMs)
  }

  /** `granted` equals `issued`: time that passes unused is not waste, no store ran out of anything by it. */
  stats(): AlgorithmStats {
    const issued = this.#issuedBefore + this.#sequence
    return { issued, granted: issued }
  }

  counters(): SnowflakeCounters {
    return { ...this.#counters }
  }

  /** Goes on at this sequence, SEQUENCES_PER_MS: at none. Those between are dropped. */
  #standAt(sequence: number): void {
    this.#issuedBefore += this.#sequence - sequence
    this.#sequence = sequence
  }

  /** Puts the cursor on a sequence that may be stamped now; false when there is none. */
  #move(clockMs: number): boolean {
    this.#noteRollback(this.#clockHighMs - clockMs)
    const ms = this.#judge(clockMs)
    if (ms < 0 || this.#grant === undefined) return false
    if (ms === this.#stampMs) return true
    const followed = ms === clockMs
    if (!followed) this.#counters.borrowedMs += 1
    this.#standAt(followed ? this.#spread.next() : 0)
    this.#stampMs = ms
    // Before the first stamp of this millisecond leaves: a release in between must not hand it to a successor.
    this.#firstUnusedMs = Math.max(this.#firstUnusedMs ?? 0, ms + 1)
    this.#hi = snowflakeHi(this.#layout, ms)
    this.#lo = snowflakeLo(this.#layout, ms, this.#grant.dc, this.#grant.worker) | 0
    return true
  }

  /** As #judge, the lease included. What needs a new layout or a set clock is said first: a renewal is no cure. */
  #verdict(clockMs: number): number {
    const verdict = this.#judge(clockMs)
    return verdict > LAYOUT_END && this.leaseEnded() ? LEASE_END : verdict
  }

  /** The millisecond to stamp at `clockMs`, or a verdict below 0 that says why there is none. Changes nothing. */
  #judge(clockMs: number): number {
    const grant = this.#grant
    if (grant === undefined) return NO_GRANT
    const backMs = this.#clockHighMs - clockMs
    // Written so that a clock that reads NaN is refused too.
    if (!(backMs <= ROLLBACK_BRIDGED_MS)) return CLOCK_FAR_BACK
    if (backMs > 0 && backMs <= ROLLBACK_WAITED_MS) return CLOCK_SLIGHTLY_BACK
    const ms = this.#candidateMs(clockMs)
    if (ms >= this.#endMs) return LAYOUT_END
    if (ms >= grant.untilMs) return WINDOW_END
    const beyondMs = ms - Math.max(clockMs, this.#clockHighMs) - this.#borrowMaxMs
    if (beyondMs > WINDOW_AHEAD_WAIT_MS) return WINDOW_AHEAD
    return beyondMs > 0 ? BORROW_LIMIT : ms
  }

  /** Where the cursor goes on, limits aside: at the clock, in its own millisecond, or in the next one. */
  #candidateMs(clockMs: number): number {
    if (clockMs <= this.#stampMs && this.#sequence < SEQUENCES_PER_MS) return this.#stampMs
    return Math.max(clockMs, this.#stampMs + 1, this.#grant?.fromMs ?? 0)
  }

  /** Counts each rollback once, not once per call while it lasts. */
  #noteRollback(backMs: number): void {
    const level = backMs <= 0 ? STEADY : backMs <= ROLLBACK_WAITED_MS ? WAITED : bridgedOrRefused(backMs)
    if (level === this.#rollbackLevel) return
    this.#rollbackLevel = level
    if (level === WAITED) this.#counters.rollbacksWaited += 1
    if (level === BRIDGED) this.#counters.rollbacksBridged += 1
    if (level === REFUSED) this.#counters.rollbacksRefused += 1
  }

  #text(verdict: number, clockMs: number): string {
    switch (verdict) {
      case CLOCK_FAR_BACK:
        return `The clock reads ${clockMs}, ${this.#clockHighMs - clockMs} ms before a stamp already made; up to ${ROLLBACK_BRIDGED_MS} ms are bridged.`
      case LAYOUT_END:
        return `The snowflake layout ends at Unix ms ${this.#endMs}; a new layout is needed.`
      case WINDOW_END:
        return this.#refused
          ? `The time window ended at Unix ms ${this.#grant?.untilMs} and was not extended: ${this.#reason}`
          : `The time window ended at Unix ms ${this.#grant?.untilMs} and was not extended yet.`
      case LEASE_END:
        return this.#refused
          ? `The lease could not be renewed: ${this.#reason}`
          : 'The lease ended and was not renewed yet.'
      case WINDOW_AHEAD:
        return `The time window begins at Unix ms ${this.#grant?.fromMs} and it is ${clockMs}.`
      default:
        return `There is no worker id: ${this.#reason}`
    }
  }
}

/** Verdicts of #judge. From CLOCK_SLIGHTLY_BACK upwards they pass by themselves within about a second. */
const NO_GRANT = -8
const CLOCK_FAR_BACK = -7
const LAYOUT_END = -6
const LEASE_END = -5
const WINDOW_END = -4
const WINDOW_AHEAD = -3
const CLOCK_SLIGHTLY_BACK = -2
const BORROW_LIMIT = -1

const STEADY = 0
const WAITED = 1
const BRIDGED = 2
const REFUSED = 3

/** less than 5 ms waits, up to 1000 ms goes on, more is refused. */
const ROLLBACK_WAITED_MS = 4
const ROLLBACK_BRIDGED_MS = 1000
const BORROW_MAX_MS = 1000
/** A window that begins further ahead than this beyond the borrow limit is not worth a caller's wait. */
const WINDOW_AHEAD_WAIT_MS = 1000

function standingStill(): number {
  return 0
}

function bridgedOrRefused(backMs: number): number {
  return backMs <= ROLLBACK_BRIDGED_MS ? BRIDGED : REFUSED
}
