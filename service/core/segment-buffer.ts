import type { Algorithm, AlgorithmStats, Shortage } from './algorithm.ts'
import type { ErrorCode } from './errors.ts'
import type { SegmentGrant } from './grant.ts'
import type { IdBatch } from './id-batch.ts'
import { invariant } from './invariant.ts'
import { PRELOAD_EARLIEST } from './preload-share.ts'
import { RateMeter } from './rate-meter.ts'
import type { SegmentInUse } from './segment-in-use.ts'
import { nextStep } from './segment-step.ts'
import { SEGMENT_LIMIT, STEP_MAX, type StepBounds } from './tag.ts'

export interface SegmentBufferOptions {
  readonly step: StepBounds
  /** Fewest segments kept ready beside the current one, 1..CHAIN_MAX; 1 is the classic double buffer. */
  readonly prefetch?: number
  /** Share of a segment left below which a busy tag fetches the next one, 0.1..0.5; left out: 0.5. */
  readonly preloadAt?: number
}

/** Events since the start, for metrics. */
export interface SegmentCounters {
  /** Times a segment was used up and the next one was needed. */
  readonly switches: number
  /** Those that found the next one in memory. */
  readonly switchesReady: number
  readonly refills: number
  readonly refusals: number
}

/**
 * Numbers of one tag out of segment grants.
 *
 *     current                               ready (first in, first out)
 *     lo ░░░░░░░░░ #next ─────── #end       │ [lo, hi) │ [lo, hi) │ …      up to #wanted, at most CHAIN_MAX
 *        issued          left
 *
 * While the current segment is used the next one is fetched, so a switch costs two assignments. A tag whose
 * segments last less than HUNGRY_MS, or that ran dry, gets a longer chain, one segment per switch; a calm one
 * gets it back. The step grows with the measured rate as well (segment-step.ts).
 */
export class SegmentBuffer implements Algorithm {
  readonly name = 'segment'
  readonly #ready: SegmentGrant[] = []
  readonly #prefetch: number
  readonly #preloadAt: number
  readonly #rate = new RateMeter()
  #step: StepBounds
  #wanted: number
  #next = 0
  #end = 0
  #size = 0
  /** End of the newest grant. */
  #grantedTo = 0
  /** When the current segment came into use. */
  #sinceMs = 0
  #dry = false
  #drained = false
  #held = false
  #holds = 0
  /** What the last short take lacked: the next step covers it, or one large batch would need many allocations. */
  #lacking = 0
  /** Somebody waits for more in one piece than memory has: a segment is wanted whatever else is there. */
  #pieceWanted = false
  #refusal: { readonly code: ErrorCode; readonly message: string; readonly atMs: number } | undefined
  #backoffMs = 0
  /** Nothing is to be fetched while `#next` is below the one and the time before the other: `wantsRefill` found so. */
  #calmBelow = 0
  #calmUntilMs = 0
  #issued = 0
  #granted = 0
  readonly #counters = { switches: 0, switchesReady: 0, refills: 0, refusals: 0 }

  constructor(options: SegmentBufferOptions) {
    this.#step = options.step
    this.#prefetch = Math.min(CHAIN_MAX, Math.max(1, options.prefetch ?? 1))
    this.#wanted = this.#prefetch
    this.#preloadAt = options.preloadAt ?? PRELOAD_EARLIEST
  }

  take(count: number, nowMs: number, out: IdBatch): number {
    const next = this.#next
    // Written so that a count of none, or NaN, goes the other way.
    if (!(count > 0 && count <= this.#end - next)) return this.#takeRuns(count, nowMs, out)
    this.#next = next + count
    this.#issued += count
    // `>>> 0` keeps the low 32 bits of any integer below 2^53.
    out.pushRun((next / TWO_32) | 0, next >>> 0, count)
    return count
  }

  /** Over the end of the current segment, from one to the next. */
  #takeRuns(count: number, nowMs: number, out: IdBatch): number {
    let taken = 0
    while (taken < count) {
      if (this.#next === this.#end && !this.#switch(nowMs)) {
        this.#lacking = Math.max(this.#lacking, count - taken)
        break
      }
      const n = Math.min(count - taken, this.#end - this.#next)
      // `>>> 0` keeps the low 32 bits of any integer below 2^53.
      out.pushRun(Math.floor(this.#next / TWO_32), this.#next >>> 0, n)
      this.#next += n
      taken += n
    }
    this.#issued += taken
    return taken
  }

  /**
   * Issues `count` (1..STEP_MAX) consecutive numbers as one run; false: none, ask `runShortage` why. What stands in
   * memory before the run is burnt, and only once a run that is long enough is there.
   */
  takeRun(count: number, nowMs: number, out: IdBatch): boolean {
    if (this.#end - this.#next < count && !this.#skipTo(count, nowMs)) return false
    out.pushRun(Math.floor(this.#next / TWO_32), this.#next >>> 0, count)
    this.#next += count
    this.#issued += count
    return true
  }

  shortage(_nowMs?: number): Shortage {
    if (this.#refusal === undefined || this.#drained || this.left === 0) return this.runShortage()
    return { kind: 'refill' }
  }

  /** The same after a run was not to be had: numbers in memory that make no run do not help. */
  runShortage(): Shortage {
    if (this.#drained)
      return {
        kind: 'failed',
        code: 'IDGEN_SHUTTING_DOWN',
        message: 'The segments of this tag were given up.',
      }
    if (this.#refusal === undefined) return { kind: 'refill' }
    return { kind: 'failed', code: this.#refusal.code, message: this.#refusal.message }
  }

  /** A refusal is a fault only once nothing is left in memory: until then callers notice nothing. */
  fault(): string | undefined {
    if (this.#drained) return 'The segments of this tag were given up.'
    return this.left > 0 ? undefined : this.#refusal?.message
  }

  stats(): AlgorithmStats {
    return { issued: this.#issued, granted: this.#granted }
  }

  counters(): SegmentCounters {
    return { ...this.#counters }
  }

  /** Numbers in memory that were not issued yet. */
  get left(): number {
    let left = this.#end - this.#next
    for (const { lo, hi } of this.#ready) left += hi - lo
    return this.#drained ? 0 : left
  }

  /** The same in segments: below 0.1 the next one should be here, and is not. undefined without a segment. */
  get leftRatio(): number | undefined {
    return this.#size === 0 || this.#drained ? undefined : this.left / this.#size
  }

  /** Numbers in the segment in use; undefined without one. */
  get segmentSize(): number | undefined {
    return this.#size === 0 || this.#drained ? undefined : this.#size
  }

  /** For people, who see a picture of it; undefined without a segment in use. */
  get inUse(): SegmentInUse | undefined {
    const size = this.segmentSize
    if (size === undefined) return undefined
    const left = this.#end - this.#next
    const fetch = { from: this.#preloadAt, latest: PRELOAD_LATEST, reserveS: RESERVE_S }
    return { size, left, ready: this.#ready.map(({ lo, hi }) => hi - lo), fetch }
  }

  /** No refill is asked for before this Unix millisecond; undefined while no refusal stands. */
  get retryAtMs(): number | undefined {
    return this.#refusal === undefined ? undefined : this.#refusal.atMs + this.#backoffMs
  }

  /** Live configuration: counts from the next refill on. */
  setStep(bounds: StepBounds): void {
    this.#step = bounds
  }

  /**
   * How many numbers to ask the store for now; 0: nothing to fetch. Never 0 while `shortage` says `refill`.
   * Asked after every take, so the common answer costs a few comparisons. The caller keeps one refill in flight
   * and ends it with `install` or `refused`. `cpu`: this process' share of its processors, 0..1.
   */
  refillStep(nowMs: number, cpu: number): number {
    if (!this.wantsRefill(nowMs)) return 0
    const rate = this.#rate.perSecond(this.#issued, nowMs)
    // A request larger than the step gets a grant of its own size: many small ones would starve it and its tag.
    return Math.max(nextStep(this.#step, rate, cpu), Math.min(this.#lacking, STEP_MAX))
  }

  /** Of those, how many must come to help anybody: else the store rather keeps them for others. */
  get refillLeast(): number {
    return 1
  }

  /**
   * Whether refillStep says more than 0. After most takes two comparisons: the present segment is far from its end, and
   * whatever else would change the answer moves `#next` up, but a run that is waited for.
   */
  wantsRefill(nowMs: number): boolean {
    if (this.#next < this.#calmBelow && nowMs < this.#calmUntilMs) return false
    return this.#looksForMore(nowMs)
  }

  #looksForMore(nowMs: number): boolean {
    const rate = this.#rate.perSecond(this.#issued, nowMs)
    if (this.#drained) return false
    if (this.#wantsMore(rate)) return !this.#backsOff(nowMs)
    this.#calmBelow = this.#end - this.#size * this.#preloadAt
    this.#calmUntilMs = nowMs + CALM_LOOK_MS
    return false
  }

  /**
   * A grant of the store. One that comes after `drain` is kept for the next `drain` and never issued. It is burnt after
   * `hold`, also when that was released since: `asked` is what `holds` said when the store was asked for it.
   */
  install(grant: SegmentGrant, nowMs: number, asked = this.#holds): void {
    const { lo, hi } = grant
    invariant(
      Number.isSafeInteger(lo) && lo >= 0 && lo < hi && hi <= SEGMENT_LIMIT,
      'a segment grant is sane',
    )
    invariant(hi - lo < TWO_32, 'a segment fits one run')
    // A store that lost commits grants numbers again. Here that is seen for what this buffer itself was given.
    invariant(lo >= this.#grantedTo, 'a segment grant lies above the one before')
    this.#grantedTo = hi
    // The first rate is then measured from the first grant, not from the first take long after it.
    this.#rate.perSecond(this.#issued, nowMs)
    if (!this.#held && asked === this.#holds) this.#ready.push(grant)
    this.#granted += hi - lo
    this.#refusal = undefined
    this.#backoffMs = 0
    this.wantNoPiece()
    this.#counters.refills += 1
  }

  /** A refill failed. What is in memory is served on; after that a shortage is `failed` with this code. */
  refused(code: ErrorCode, message: string, nowMs: number, _least?: number): void {
    this.#backoffMs = Math.min(BACKOFF_MAX_MS, this.#backoffMs === 0 ? BACKOFF_MIN_MS : this.#backoffMs * 2)
    this.#refusal = { code, message, atMs: nowMs }
    this.#counters.refusals += 1
  }

  /**
   * Stops for good: nothing is issued after this. Returns the unused ends, newest grant first, each within its
   * own grant: the store takes them back one by one, as long as nobody took numbers after them.
   */
  drain(): SegmentGrant[] {
    this.#drained = true
    const unused = this.#ready.splice(0).reverse()
    if (this.#next < this.#end) unused.push({ lo: this.#next, hi: this.#end })
    this.#next = this.#end
    return unused
  }

  /**
   * Another database may give these numbers too: what is in memory is burnt, and so is each grant that was asked for before
   * `release`. Callers are told what the store says, which refuses meanwhile.
   */
  hold(): void {
    this.#held = true
    this.#holds += 1
    this.#ready.length = 0
    this.#next = this.#end
  }

  /** Calls of `hold`. */
  get holds(): number {
    return this.#holds
  }

  release(): void {
    this.#held = false
  }

  /** `lacking` more than what is in memory are wanted, whatever is there. */
  protected wantPiece(lacking: number): void {
    this.#lacking = Math.max(this.#lacking, lacking)
    this.#pieceWanted = true
    this.#calmBelow = 0
  }

  protected wantNoPiece(): void {
    this.#lacking = 0
    this.#pieceWanted = false
  }

  /** The store is there, whatever it said. */
  protected forgive(): void {
    this.#refusal = undefined
    this.#backoffMs = 0
  }

  protected get lacking(): number {
    return this.#lacking
  }

  /**
   * What lies below `floor` is not issued any more, and that no more was to be had there is forgotten. Grants lie wholly
   * below or wholly above it.
   */
  protected burnBelow(floor: number): void {
    if (this.#next < floor) this.#next = this.#end
    const kept = this.#ready.filter(({ lo }) => lo >= floor)
    this.#ready.splice(0, this.#ready.length, ...kept)
    this.forgive()
  }

  /** Puts the next ready segment in use; false when there is none, or when the buffer was drained. */
  #switch(nowMs: number): boolean {
    if (this.#drained) return false
    const grant = this.#ready.shift()
    if (grant === undefined) {
      this.#dry = this.#counters.refills > 0
      return false
    }
    if (this.#size > 0) this.#noteSwitch(nowMs)
    this.#next = grant.lo
    this.#end = grant.hi
    this.#size = grant.hi - grant.lo
    this.#sinceMs = nowMs
    this.#dry = false
    return true
  }

  /** Puts the first ready segment of at least `count` numbers in use; false, and nothing is burnt, without one. */
  #skipTo(count: number, nowMs: number): boolean {
    const at = this.#ready.findIndex(({ lo, hi }) => hi - lo >= count)
    if (at >= 0) {
      this.#ready.splice(0, at)
      return this.#switch(nowMs)
    }
    this.wantPiece(count)
    // Each wait that was given up leaves its segment here; only the newest of very many are worth the memory.
    if (this.#ready.length >= CHAIN_MAX) this.#switch(nowMs)
    return false
  }

  #noteSwitch(nowMs: number): void {
    this.#counters.switches += 1
    if (!this.#dry) this.#counters.switchesReady += 1
    const lastedMs = nowMs - this.#sinceMs
    if (this.#dry || (lastedMs >= 0 && lastedMs < HUNGRY_MS))
      this.#wanted = Math.min(CHAIN_MAX, this.#wanted + 1)
    else if (lastedMs >= CALM_MS) this.#wanted = Math.max(this.#prefetch, this.#wanted - 1)
  }

  /**
   * While more than half of the current segment is left one place of the chain stays empty: it is filled when the
   * rest would last less than RESERVE_S at the present rate, at the latest at 10 % (R-2.1.2). So a busy tag is
   * always ahead, and a slow one does not hold a second segment for hours that a stop would waste.
   */
  #wantsMore(rate: number): boolean {
    const ready = this.#ready.length
    if (this.#pieceWanted) return true
    if (this.#size === 0) return ready === 0
    const left = this.#end - this.#next
    if (ready >= this.#wanted) return false
    if (ready < this.#wanted - 1 || left <= this.#size * PRELOAD_LATEST) return true
    return left <= this.#size * this.#preloadAt && left <= rate * RESERVE_S
  }

  #backsOff(nowMs: number): boolean {
    if (this.#refusal === undefined) return false
    const sinceMs = nowMs - this.#refusal.atMs
    // A clock that stepped back ends the back-off early; waiting for it to catch up could take for ever.
    return sinceMs >= 0 && sinceMs < this.#backoffMs
  }
}

const TWO_32 = 2 ** 32
/** Share left at which it is fetched whatever the rate says: a burst may come. */
const PRELOAD_LATEST = 0.1
/** Seconds of numbers to have in memory: about what a failover of the database takes. */
const RESERVE_S = 60
/** A segment that lasts less is gone before a slow allocation (seconds, under a failover) is back. */
const HUNGRY_MS = 5000
/** So that the rate is still measured second by second. */
const CALM_LOOK_MS = 250
/** Three times HUNGRY_MS, so that a chain does not grow and shrink in turns. */
const CALM_MS = 15_000
/** Ready segments at most: 8 of 5 s each bridge a database failover; more would only be wasted at a crash. */
const CHAIN_MAX = 8
/** Between refills after refusals, doubling. No jitter: each process has its own moment of failure. */
const BACKOFF_MIN_MS = 50
/** A store that is back is noticed within 2 s. */
const BACKOFF_MAX_MS = 2000
