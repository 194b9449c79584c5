import type { AlgorithmName } from '../core/algorithm.ts'
import type { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { IdFormat } from '../core/id-format.ts'
import { type IdPrinter, printerOf } from '../core/id-printer.ts'
import { isScarce } from '../core/is-scarce.ts'
import { RateMeter } from '../core/rate-meter.ts'
import type { SubBlock } from '../core/sub-block.ts'
import type { NumberSpace } from '../core/tag.ts'
import { sameSpace } from '../core/tag-record.ts'
import type { Clock } from '../ports/clock.ts'

/** The one question of a thread about one tag that is not answered yet. */
export interface Flight {
  readonly number: number
  readonly count: number
  /** It asks for consecutive numbers, which may be refused where single ones are there. */
  readonly run: boolean
  /** undefined: a share was put on the shelf, or there is none to be had of it: take again. Never rejects. */
  readonly answer: Promise<IdgenError | undefined>
}

/**
 * The shares of one tag in one thread, used in the order in which they came:
 *
 *     #current ░░░░──────   #next ──────────   asked for when half of #current is used (a quarter of a second's IDs)
 *
 * Of a tag that writes dates nothing is asked for ahead of use, and each request takes all of its IDs or none: what is
 * not used within a share's short life is burnt, and a date has few numbers.
 */
export class SubBlockShelf {
  /** What the requests that wait here asked for, all together: one question covers it. */
  awaited = 0
  /** By what the tag would issue if all were well, as far as the lender said. */
  first: AlgorithmName | undefined
  #printer: IdPrinter | undefined
  /** As the lender said with the last share. */
  format: IdFormat | undefined
  readonly #rate = new RateMeter()
  #current: SubBlock | undefined
  #next: SubBlock | undefined
  #askAt = 0
  #issued = 0
  #flight: (Flight & { readonly end: (error: IdgenError | undefined) => void }) | undefined
  #restUntilMs = Number.NEGATIVE_INFINITY
  #isClosed = false
  readonly #maxCount: number
  /** Until then each request asks for its own IDs alone: more than there is was asked for together. */
  #apartUntilMs = Number.NEGATIVE_INFINITY

  /** `maxCount`: the longest share. What asks for more (a burst of commands) takes what there is of each. */
  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  /** No more shares come here: another one has its place, or the thread ends. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Of the share that is used now; undefined: there is none. */
  get algorithm(): AlgorithmName | undefined {
    return this.#head()?.algorithm
  }

  get flight(): Flight | undefined {
    return this.#flight
  }

  /** Writes its numbers as text; undefined: in decimal. */
  get printer(): IdPrinter | undefined {
    return this.#printer
  }

  /**
   * How the numbers of the tag are written, as the lender says with every share. Of one name it never changes: a name
   * that had a tag gets none with another format (refuseFormatOfUsedName).
   */
  writeAs(space: NumberSpace | undefined): void {
    this.format = space?.format
    if (space === undefined) this.#printer = undefined
    else if (this.#printer === undefined || !sameSpace(space, this.#printer.space))
      this.#printer = printerOf(space)
  }

  /** Nobody waits here and nothing is on its way: the shelf may go. */
  get idle(): boolean {
    return this.#flight === undefined && this.awaited === 0
  }

  /** Fills `batch` up to `count` IDs, as far as they are here. All IDs of one batch come from one algorithm. */
  take(count: number, owner: string, nowMs: number, batch: IdBatch): void {
    if (this.#isDated && count <= this.#maxCount && this.#usable(owner, nowMs) < count - batch.count) return
    for (let block = this.#head(); block !== undefined && batch.count < count; block = this.#head()) {
      if (batch.count > 0 && batch.algorithm !== block.algorithm) batch.clear()
      const taken = block.take(count - batch.count, owner, nowMs, batch)
      this.#issued += taken
      if (taken === 0) continue
      batch.algorithm = block.algorithm
      batch.degraded = block.degraded
      batch.printer = this.#printer
    }
  }

  /**
   * Takes `count` consecutive numbers of a segment, all or none. What stands before them is burnt, so that numbers
   * ascend.
   */
  takeRun(count: number, owner: string, nowMs: number, batch: IdBatch): boolean {
    // The lender says why such a tag has no runs.
    if (this.#printer !== undefined) return false
    const next = this.#next
    if (this.#takeRunOf(this.#head(), count, owner, nowMs, batch)) return true
    if (next === this.#current || !this.#takeRunOf(next, count, owner, nowMs, batch)) return false
    this.#current?.drop()
    this.#use(next)
    this.#next = undefined
    return true
  }

  /**
   * How many IDs to ask for ahead of use; 0: none now. Asked after every take, so as a rule it costs three comparisons;
   * the clock is looked at, and the rate with it, only where a share is half used, a few times a second of a busy tag.
   */
  wantedAhead(clock: Clock): number {
    if (this.#flight !== undefined || this.#next !== undefined || this.#isDated) return 0
    if ((this.#current?.remaining ?? 0) > this.#askAt) return 0
    const monotonicMs = clock.monotonicMs()
    const rate = this.#rate.perSecond(this.#issued, monotonicMs)
    return monotonicMs < this.#restUntilMs ? 0 : this.#ahead(rate)
  }

  /**
   * A quarter of a second of IDs at the present rate: what is left when it is asked for lasts while the main thread is
   * kept from its work for a tenth of a second, as by allocations for a hundred tags; a quarter of what a share lives, and all that a thread that dies can burn. Slow tags get 0: each request then asks for what it needs.
   */
  #ahead(rate: number): number {
    const most = this.#current?.algorithm === 'segment' ? AHEAD_MAX_SEGMENT : AHEAD_MAX
    return Math.min(most, Math.floor(rate * AHEAD_S))
  }

  /** What is missing for who wants `own` more; of a tag without dates all that is here is in their batch. */
  lacking(own: number): number {
    return Math.max(1, this.#isDated ? own - this.#remaining : own)
  }

  /** How many IDs to ask for when somebody waits who wants `own` more. */
  wantedNow(own: number, monotonicMs: number): number {
    if (monotonicMs < this.#apartUntilMs) return this.lacking(own)
    if (this.#isDated) return this.lacking(this.awaited)
    return Math.max(this.awaited, this.#ahead(this.#rate.perSecond(this.#issued, monotonicMs)))
  }

  asked(number: number, count: number, run: boolean): Flight {
    const { promise, resolve } = Promise.withResolvers<IdgenError | undefined>()
    this.#flight = { number, count, run, answer: promise, end: resolve }
    return this.#flight
  }

  /** false: nobody asked for it (any more), so it must not be used. */
  put(number: number, block: SubBlock): boolean {
    if (!this.#land(number, undefined)) return false
    // Two lie here at most; a third comes only where two were too few for a take of all or none, and the first is burnt.
    if (this.#next !== undefined) this.#current?.drop()
    if (this.#head() === undefined) this.#use(block)
    else this.#next = block
    return true
  }

  refused(number: number, error: IdgenError, monotonicMs: number): void {
    if (!this.#land(number, error)) return
    this.#restUntilMs = monotonicMs + REST_MS
    if (isScarce(error)) this.#apartUntilMs = monotonicMs + APART_MS
  }

  /** All that is here is burnt. */
  drop(): void {
    this.#current?.drop()
    this.#next?.drop()
    this.#current = undefined
    this.#next = undefined
  }

  /** Also gives up what is on its way. */
  close(error: IdgenError): void {
    this.#isClosed = true
    this.drop()
    if (this.#flight !== undefined) this.#land(this.#flight.number, error)
  }

  get #isDated(): boolean {
    return this.format?.reset !== undefined
  }

  #usable(owner: string, nowMs: number): number {
    return (this.#current?.usable(owner, nowMs) ?? 0) + (this.#next?.usable(owner, nowMs) ?? 0)
  }

  get #remaining(): number {
    return (this.#current?.remaining ?? 0) + (this.#next?.remaining ?? 0)
  }

  #takeRunOf(
    block: SubBlock | undefined,
    ...[count, owner, nowMs, batch]: Parameters<SubBlock['takeRun']>
  ): boolean {
    if (block?.algorithm !== 'segment' || !block.takeRun(count, owner, nowMs, batch)) return false
    this.#issued += count
    batch.algorithm = block.algorithm
    batch.degraded = block.degraded
    batch.printer = this.#printer
    return true
  }

  #land(number: number, error: IdgenError | undefined): boolean {
    const flight = this.#flight
    if (flight?.number !== number) return false
    this.#flight = undefined
    flight.end(error)
    return true
  }

  /** The share in use, if anything is left of it or of the next one. */
  #head(): SubBlock | undefined {
    if (this.#current !== undefined && this.#current.remaining > 0) return this.#current
    this.#use(this.#next)
    this.#next = undefined
    return this.#current
  }

  #use(block: SubBlock | undefined): void {
    this.#current = block
    this.#askAt = (block?.remaining ?? 0) * ASK_AT
  }
}

/** A date that has less than all ask for together has so for the rest of it; asking again costs one more question a second. */
const APART_MS = 1000
const AHEAD_S = 0.25
/** 64 ms of all that one worker id can stamp: threads must not run the snowflake cursor to its borrow limit. */
const AHEAD_MAX = 65_536
/** Numbers come as one run however many they are: a quarter of a second at two million a second of one thread. */
const AHEAD_MAX_SEGMENT = 524_288
/** Share of a share left at which the next one is asked for. */
const ASK_AT = 0.5
/** After a refusal nothing is asked for ahead of use for this long; who needs IDs now asks all the same. */
const REST_MS = 50
