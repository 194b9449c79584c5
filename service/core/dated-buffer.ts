import type { Shortage } from './algorithm.ts'
import { firstOfPeriod, periodAt, periodOf, periodStartMs } from './dated-numbers.ts'
import type { ErrorCode } from './errors.ts'
import type { SegmentGrant } from './grant.ts'
import type { IdBatch } from './id-batch.ts'
import type { IdFormat } from './id-format.ts'
import { SegmentBuffer, type SegmentBufferOptions } from './segment-buffer.ts'
import type { NumberSpace } from './tag.ts'

/**
 * The buffer of a tag whose count begins anew with every date: what is left of a date is burnt when it is over, and the
 * store is asked for numbers of the next one. Which date a number has was decided when it was granted; the clock here
 * says only how long to use it, so a wrong one makes gaps or late dates, never a number twice.
 *
 * A date has few numbers, so a take gets all that it wants or spends nothing: what was taken for a request that cannot
 * be answered would be missing for the rest of the date.
 */
export class DatedBuffer extends SegmentBuffer {
  readonly #space: NumberSpace
  readonly #format: IdFormat
  /** When what is in memory is of a date that is over; never while nothing is. */
  #untilMs = Number.POSITIVE_INFINITY
  /** How long numbers of a date that is over by this clock are used. */
  #graceMs = 0
  /** How far the data centre's numbers of a date went when this process was granted some last, or was refused. */
  #reached: { readonly period: number; readonly share: number } | undefined
  /** The last take that had to do without, and how many it lacked. */
  #short = { count: 0, lacking: 0 }
  /** So many more did not come: the date has fewer left. */
  #refusedMany: { readonly lacking: number; readonly message: string; readonly atMs: number } | undefined

  constructor(options: SegmentBufferOptions, space: NumberSpace, format: IdFormat) {
    super(options)
    this.#space = space
    this.#format = format
  }

  override take(count: number, nowMs: number, out: IdBatch): number {
    if (nowMs >= this.#untilMs) this.#endDate(nowMs)
    const lacking = count - this.left
    if (!(lacking > 0)) return super.take(count, nowMs, out)
    this.#short = { count, lacking }
    if (this.#tooMany(nowMs) === undefined) this.wantPiece(lacking)
    return 0
  }

  /** Of the last take. What is in memory was not enough for it, so it helps no further. */
  override shortage(nowMs: number): Shortage {
    const message = this.#tooMany(nowMs)
    const shortage = message === undefined ? this.runShortage() : ({ kind: 'too-many', message } as const)
    if (shortage.kind === 'refill') return shortage
    // Who hears this waits no more, and whoever does wants it again.
    this.wantNoPiece()
    if (shortage.kind !== 'failed' || shortage.code !== 'IDGEN_RANGE_EXHAUSTED' || this.left === 0)
      return shortage
    return {
      kind: 'too-many',
      message: `The ${this.#format.reset} has ${this.left} numbers left here; ask for fewer.`,
    }
  }

  override get refillLeast(): number {
    return Math.max(1, this.lacking)
  }

  override takeRun(count: number, nowMs: number, out: IdBatch): boolean {
    if (nowMs >= this.#untilMs) this.#endDate(nowMs)
    return super.takeRun(count, nowMs, out)
  }

  override install(grant: SegmentGrant, nowMs: number, asked = this.holds): void {
    super.install(grant, nowMs, asked)
    const period = periodOf(this.#space, grant.lo)
    this.#reached = { period, share: shareOfCell(this.#space, grant.hi) }
    const endMs = periodStartMs(this.#format, period + 1)
    if (endMs > nowMs) this.#graceMs = 0
    this.#untilMs = Math.min(this.#untilMs, Math.max(endMs, nowMs + this.#graceMs))
    // One that was on its way at midnight is burnt. If the next one has the old date too, the store's clock is behind: it is
    // used for a while, or segment after segment would be taken to be burnt at once.
    if (endMs <= nowMs) this.#graceMs = Math.min(GRACE_MAX_MS, Math.max(GRACE_MIN_MS, this.#graceMs * 2))
  }

  /** `least`: as the store was asked (refillLeast). */
  override refused(code: ErrorCode, message: string, nowMs: number, least = 1): void {
    if (code === 'IDGEN_COUNT_OUT_OF_RANGE') {
      this.#refusedMany = { lacking: least, message, atMs: nowMs }
      this.forgive()
      return this.wantNoPiece()
    }
    super.refused(code, message, nowMs)
    // Who still waits wants it again; left standing it would make the next date's first segment as long.
    this.wantNoPiece()
    if (code === 'IDGEN_RANGE_EXHAUSTED') this.#reached = { period: periodAt(this.#format, nowMs), share: 1 }
  }

  /** Share of the present date's numbers of this data centre that is granted, as far as this process knows, 0..1. */
  dateUsed(nowMs: number): number | undefined {
    if (this.#reached === undefined) return undefined
    return this.#reached.period < periodAt(this.#format, nowMs) ? 0 : this.#reached.share
  }

  /** Why the last take will not get its numbers; undefined: they may come. */
  #tooMany(nowMs: number): string | undefined {
    const { count, lacking } = this.#short
    const { cellSize } = this.#space
    if (count > cellSize)
      return `${count} IDs at once are more than a ${this.#format.reset} has in this data centre: ${cellSize}. Ask for fewer.`
    const refused = this.#refusedMany
    if (refused === undefined || lacking < refused.lacking) return undefined
    const sinceMs = nowMs - refused.atMs
    return sinceMs >= 0 && sinceMs < REFUSED_MANY_MS ? refused.message : undefined
  }

  #endDate(nowMs: number): void {
    const period = periodAt(this.#format, nowMs)
    this.burnBelow(firstOfPeriod(this.#space, period))
    this.#refusedMany = undefined
    // What came ahead for the new date stays.
    this.#untilMs = this.left > 0 ? periodStartMs(this.#format, period + 1) : Number.POSITIVE_INFINITY
  }
}

/** Of the cell that ends at `hi`, or holds it. */
function shareOfCell({ startAt, cellSize }: NumberSpace, hi: number): number {
  return (((hi - 1 - startAt) % cellSize) + 1) / cellSize
}

/** Then the store is asked again: a process that stopped may have given numbers back, or a date has begun. */
const REFUSED_MANY_MS = 1000
/** More than clocks differ that are set by NTP; doubled each time, so that an hour's difference burns 65 segments. */
const GRACE_MIN_MS = 1000
const GRACE_MAX_MS = 60_000
