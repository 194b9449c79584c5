import type { AlgorithmStats, Shortage } from './algorithm.ts'
import type { TimeGrant } from './grant.ts'
import type { IdBatch } from './id-batch.ts'
import type { JoinableCursor } from './joined-cursors.ts'
import { SequenceSpread } from './sequence-spread.ts'
import type { Snowflake } from './snowflake.ts'
import type { SnowflakeCounters } from './snowflake-counters.ts'
import { firstOfUnit, layoutEndMs, type TagLayout } from './tag-layout.ts'

/** The window of a worker id, of which this process' own cursor and those of tags spend. */
export type TimeHolder = Pick<
  Snowflake,
  'currentGrant' | 'holds' | 'leaseEnded' | 'lentMs' | 'lend' | 'refusal'
>

export interface TagCursorOptions {
  readonly holder: TimeHolder
  readonly layout: TagLayout
  /** As of the process' own cursor. */
  readonly borrowMaxMs: number
  /** uint32; decides where the sequence of a new unit starts. */
  readonly seed: number
}

/**
 * Stamps units of one tag's own layout, out of the time grant of a worker id (decision 0042). One for each tag and
 * worker id of a process, only forward:
 *
 *     grant     fromMs ├────────────────────────────────────────────────────────┤ untilMs
 *     units      │        │ · · · · │ · · · · │ · · · · │ · · · · │        │        · unit of this grant
 *                         ▲ begins inside                         ▲ the last one begins inside, wherever it ends
 *
 * A unit belongs to whoever may stamp the millisecond in which it begins. That is one grant's alone, so no unit of a
 * worker id is stamped by two holders, however they cut the time. A new cursor begins above all that tags stamped of this
 * window before, its own tag's former cursor among them.
 */
export class TagCursor implements JoinableCursor {
  readonly name = 'snowflake'
  readonly #holder: TimeHolder
  readonly #layout: TagLayout
  readonly #sequences: number
  readonly #unitsEnd: number
  readonly #borrowMaxMs: number
  readonly #spread: SequenceSpread
  /** Last unit stamped or passed by. */
  #unit: number
  /** Next sequence of it; #sequences: nothing is left. */
  #sequence: number
  /** The window that #unit, #hi and #lo are of. */
  #hold = -1
  #hi = 0
  #lo = 0
  #clockHighMs = 0
  #issued = 0
  #borrowedMs = 0
  #closed = false

  constructor({ holder, layout, borrowMaxMs, seed }: TagCursorOptions) {
    this.#holder = holder
    this.#layout = layout
    this.#sequences = 2 ** layout.sequenceBits
    this.#unitsEnd = 2 ** layout.timeBits
    this.#borrowMaxMs = borrowMaxMs
    this.#spread = new SequenceSpread(seed)
    this.#unit = Math.max(-1, this.#unitAt(holder.lentMs))
    this.#sequence = this.#sequences
  }

  /** No stamp after this, ever: another cursor of the tag may begin. */
  close(): void {
    this.#closed = true
  }

  currentGrant(): TimeGrant | undefined {
    return this.#holder.currentGrant()
  }

  take(count: number, nowMs: number, out: IdBatch): number {
    const clockMs = Math.floor(nowMs)
    let taken = 0
    while (taken < count) {
      const n = this.takeWithin(count - taken, clockMs, out)
      if (n === 0) break
      taken += n
    }
    return taken
  }

  /** One round of `take`: from one unit, as many as it has left. */
  takeWithin(count: number, clockMs: number, out: IdBatch): number {
    const unit = this.#judge(clockMs)
    const grant = this.#holder.currentGrant()
    if (unit < 0 || grant === undefined) return 0
    if (unit !== this.#unit || this.#sequence === this.#sequences) this.#enter(unit, grant, clockMs)
    // Here, not earlier: clock and sequence are read, so a pause before this line is seen.
    if (this.#holder.leaseEnded()) return 0
    // A run never crosses its unit's last sequence: the next number would be another worker's.
    const n = Math.min(count, this.#sequences - this.#sequence)
    const from = this.#sequence
    // First the cursor: whatever fails after it burns IDs, and repeats none.
    this.#sequence += n
    this.#issued += n
    if (clockMs > this.#clockHighMs) this.#clockHighMs = clockMs
    out.pushRun(this.#hi, this.#lo + from, n)
    return n
  }

  /** Highest clock at which it stamped. */
  get clockHighMs(): number {
    return this.#clockHighMs
  }

  /** The first millisecond of the last unit stamped or passed by. */
  get stampMs(): number {
    return this.#startOf(this.#unit)
  }

  stays(clockMs: number): boolean {
    return this.#goesOn(clockMs)
  }

  /** Forward only: no unit that begins below `ms` after this, and a clock is judged by `clockHighMs` if that is higher. */
  skipTo(ms: number, clockHighMs: number): void {
    this.#clockHighMs = Math.max(this.#clockHighMs, clockHighMs)
    const first = this.#unitFrom(ms)
    if (first <= this.#unit) return
    this.#unit = first - 1
    this.#sequence = this.#sequences
  }

  /** The first millisecond of the unit that is stamped next, or a number below 0: none now. */
  nextMs(clockMs: number): number {
    // The lease too: a unit that is entered and not stamped would be ahead of what others stamp next.
    const unit = this.#verdict(clockMs)
    return unit < 0 ? unit : this.#startOf(unit)
  }

  shortage(nowMs: number): Shortage {
    const clockMs = Math.floor(nowMs)
    const verdict = this.#verdict(clockMs)
    if (verdict === BORROW_LIMIT) return { kind: 'wait', ms: Math.max(1, this.#waitMs(clockMs)) }
    // Stamps are to be had: the clock moved since the take that was short.
    if (verdict >= 0) return { kind: 'wait', ms: 1 }
    if (RENEWED.has(verdict) && this.#holder.refusal === undefined) return { kind: 'refill' }
    const code =
      verdict === CLOCK_FAR_BACK || verdict === UNIT_AHEAD
        ? 'IDGEN_CLOCK_UNUSABLE'
        : verdict === LAYOUT_END
          ? 'IDGEN_LAYOUT_EXHAUSTED'
          : 'IDGEN_WORKER_UNAVAILABLE'
    return { kind: 'failed', code, message: this.#text(verdict, clockMs) }
  }

  fault(nowMs: number): string | undefined {
    const clockMs = Math.floor(nowMs)
    const verdict = this.#verdict(clockMs)
    return verdict >= BORROW_LIMIT ? undefined : this.#text(verdict, clockMs)
  }

  stats(): AlgorithmStats {
    return { issued: this.#issued, granted: this.#issued }
  }

  /** The process' own cursor counts what its clock does. */
  counters(): SnowflakeCounters {
    return { borrowedMs: this.#borrowedMs, rollbacksWaited: 0, rollbacksBridged: 0, rollbacksRefused: 0 }
  }

  #enter(unit: number, grant: TimeGrant, clockMs: number): void {
    const startMs = this.#startOf(unit)
    // Before its first stamp leaves: a release in between must not hand it to a successor.
    this.#holder.lend(startMs)
    this.#hold = this.#holder.holds
    this.#unit = unit
    const followed = startMs <= clockMs
    if (!followed) this.#borrowedMs += this.#layout.unitMs
    // As the process' cursor: who takes one now and then must not get multiples of a power of two alone.
    this.#sequence = followed ? this.#spread.next() % this.#sequences : 0
    const { hi, lo } = firstOfUnit(this.#layout, unit, grant.dc, grant.worker)
    this.#hi = hi
    this.#lo = lo
  }

  /** As #judge, the lease included; what a renewal does not cure is said first. */
  #verdict(clockMs: number): number {
    const verdict = this.#judge(clockMs)
    return verdict > LEASE_END && this.#holder.leaseEnded() ? LEASE_END : verdict
  }

  /** The unit to stamp at `clockMs`, or a verdict below 0 that says why there is none. Changes nothing. */
  #judge(clockMs: number): number {
    if (this.#closed) return CLOSED
    const grant = this.#holder.currentGrant()
    if (grant === undefined) return NO_GRANT
    if (grant.dc >= 2 ** this.#layout.dcBits || grant.worker >= 2 ** this.#layout.workerBits) return TOO_WIDE
    // Written so that a clock that reads NaN is refused too.
    if (!(this.#clockHighMs - clockMs <= ROLLBACK_BRIDGED_MS)) return CLOCK_FAR_BACK
    const unit = this.#candidate(clockMs, grant)
    if (unit >= this.#unitsEnd) return LAYOUT_END
    const startMs = this.#startOf(unit)
    const beyondMs = startMs - Math.max(clockMs, this.#clockHighMs) - this.#borrowMaxMs
    if (beyondMs > AHEAD_WAIT_MS) return UNIT_AHEAD
    // Before the window is: no extension reaches a unit that long, and asking for one again and again would load the store.
    if (beyondMs > 0) return BORROW_LIMIT
    return startMs >= grant.untilMs ? WINDOW_END : unit
  }

  /** Where the cursor goes on, limits aside: in its own unit, at the clock, or in the next one of this window. */
  #candidate(clockMs: number, { fromMs }: TimeGrant): number {
    if (this.#goesOn(clockMs)) return this.#unit
    return Math.max(this.#unitAt(clockMs), this.#unit + 1, this.#unitFrom(fromMs), 0)
  }

  /** Not across windows: in the unit of another one the numbers were of another worker id, or are another holder's. */
  #goesOn(clockMs: number): boolean {
    if (this.#sequence === this.#sequences || this.#hold !== this.#holder.holds) return false
    return this.#unitAt(clockMs) <= this.#unit
  }

  #waitMs(clockMs: number): number {
    const grant = this.#holder.currentGrant()
    if (grant === undefined) return 1
    return this.#startOf(this.#candidate(clockMs, grant)) - this.#borrowMaxMs - clockMs
  }

  #startOf(unit: number): number {
    return this.#layout.epochMs + unit * this.#layout.unitMs
  }

  /** The unit that `ms` lies in. */
  #unitAt(ms: number): number {
    return Math.floor((ms - this.#layout.epochMs) / this.#layout.unitMs)
  }

  /** The first unit that begins at `ms` or later. */
  #unitFrom(ms: number): number {
    return Math.ceil((ms - this.#layout.epochMs) / this.#layout.unitMs)
  }

  #text(verdict: number, clockMs: number): string {
    const grant = this.#holder.currentGrant()
    const { dcBits, workerBits, epochMs } = this.#layout
    const reason = this.#holder.refusal ?? 'it is being asked for'
    switch (verdict) {
      case TOO_WIDE:
        return `The tag's layout has ${dcBits} bits for the data centre and ${workerBits} for the worker, too few for ${grant?.dc} and ${grant?.worker}, which this server has: ask another one, or a tag with a wider layout.`
      case CLOCK_FAR_BACK:
        return `The clock reads ${clockMs}, ${this.#clockHighMs - clockMs} ms before a stamp already made; up to ${ROLLBACK_BRIDGED_MS} ms are bridged.`
      case LAYOUT_END:
        return `The tag's layout ends at Unix ms ${layoutEndMs(this.#layout)}: make a new tag with more bits of time, or a later epoch.`
      case UNIT_AHEAD:
        return `It is ${clockMs}, and the tag's next unit of time lies more than a second ahead: its layout begins at Unix ms ${epochMs}, the window at ${grant?.fromMs}.`
      case WINDOW_END:
        return `The time window ended at Unix ms ${grant?.untilMs} and was not extended: ${reason}`
      case LEASE_END:
        return `The lease could not be renewed: ${reason}`
      case CLOSED:
        return 'The tag was loaded anew.'
      default:
        return `There is no worker id: ${reason}`
    }
  }
}

/** Verdicts of #judge. From BORROW_LIMIT upwards they pass by themselves within about a second. */
const CLOSED = -9
const NO_GRANT = -8
const TOO_WIDE = -7
const CLOCK_FAR_BACK = -6
const LAYOUT_END = -5
const LEASE_END = -4
const WINDOW_END = -3
const UNIT_AHEAD = -2
const BORROW_LIMIT = -1

/** What a grant that is asked for cures. */
const RENEWED: ReadonlySet<number> = new Set([NO_GRANT, LEASE_END, WINDOW_END])

/** As of the process' own cursor (R-1.3.3). */
const ROLLBACK_BRIDGED_MS = 1000
/** A unit that begins further ahead than this beyond the borrow limit is not worth a caller's wait. */
const AHEAD_WAIT_MS = 1000
