import { Phases } from '../core/spread-evenly.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLoop } from '../ports/event-loop.ts'
import { ISSUING_PROTOCOLS, type IssuingProtocol, type ProtocolCounts } from './protocol-counts.ts'

export interface TurnWatchOptions {
  readonly clock: Clock
  readonly loop: EventLoop
  /** What this thread answers; left out where others answer. */
  readonly protocols?: ProtocolCounts
  /** Grows with what is asked of it beside these. */
  readonly asked?: () => number
  /** Told at each look that changes it, where another thread reads along. */
  readonly onWorst?: (ms: number) => void
}

/**
 * How late a thread comes to its work: because it has no CPU, is stopped, collects garbage or works on something long.
 * What arrives meanwhile lies unread, and no clock is looked at per request, so nobody else would know.
 *
 *     look ──10 ms──▶ due ── late ──▶ look, reads on
 *          arrived: answered at once   lay unread
 *
 * Requests of such an interval are taken as having come evenly over it: the share of its late part lay unread, from none
 * of it to all of it. They are counted at the end of the turn, because the thread may read them before or after it looks.
 *
 * Nobody asks for a while: it dozes, and looks less often. Where it hears of what is read, the first request wakes it in the
 * turn that reads it, so what is read in a late turn of one that dozes came while it was late, all of it. When a standstill
 * began inside the doze nobody knows: it is seen shorter by as much as lay before the look was due, and not at all if it ended
 * before that.
 */
export class TurnWatch {
  readonly #options: TurnWatchOptions
  readonly #phases = new Phases()
  /** Requests that nobody timed, at the last look. */
  readonly #seen: Record<IssuingProtocol, number> = { http: 0, grpc: 0, resp: 0 }
  #seenAtMs = 0
  /** All that was asked, also what was timed by itself, at the last look. */
  #askedBefore = 0
  #awakeUntilMs = 0
  #dozes = false
  #hearsOfReading = false
  #lateMs = 0
  #timer: Disposable | undefined
  #dueMs = 0
  /** The worst of the present window and of the one before. */
  #worst: readonly [present: number, before: number] = [0, 0]
  #windowFromMs = 0
  #told = 0

  constructor(options: TurnWatchOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#timer !== undefined) return
    const nowMs = this.#options.clock.monotonicMs()
    this.#windowFromMs = nowMs
    this.#remember(nowMs)
    this.#noteAsked(nowMs)
    this.#awakeUntilMs = nowMs + AWAKE_MS
    this.#arm(nowMs)
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]()
    this.#dozes = false
  }

  /** The most it was late in the last 15 to 30 s; milliseconds. Whoever reads it takes it from nobody. */
  get worstMs(): number {
    this.#turnWindow(this.#options.clock.monotonicMs())
    return Math.max(...this.#worst)
  }

  /**
   * How long a request lay unread that begins to wait for a grant now: it is timed by itself, from here on. By the same
   * measure as those that do not wait: 0, as a rule, and in a turn that is late up to all of it.
   */
  unreadMs(nowMs: number): number {
    if (this.#timer === undefined) return 0
    // The thread may read before it looks.
    const lateMs = this.#lateMs > 0 ? this.#lateMs : nowMs - this.#dueMs
    if (lateMs < LATE_MIN_MS) return 0
    const agoMs = this.#phases.next() * (nowMs - this.#openSinceMs)
    return agoMs <= lateMs ? Math.min(agoMs, LATE_MAX_MS) : 0
  }

  #arm(nowMs: number): void {
    this.#dozes = nowMs >= this.#awakeUntilMs
    const everyMs = this.#dozes ? DOZE_MS : LOOK_EVERY_MS
    this.#dueMs = nowMs + everyMs + TIMER_GRAIN_MS
    this.#timer = this.#options.clock.after(everyMs, () => this.#look())
    if (this.#dozes) this.#hearOfReading()
  }

  #look(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const lateMs = nowMs - this.#dueMs
    this.#noteWorst(nowMs, Math.max(0, lateMs))
    this.#seenAtMs = this.#openSinceMs
    this.#noteAsked(nowMs)
    if (lateMs >= LATE_WAKES_MS) this.#awakeUntilMs = nowMs + AWAKE_MS
    this.#arm(nowMs)
    if (this.#lateMs > 0) this.#lateMs = Math.max(this.#lateMs, lateMs)
    else if (lateMs < LATE_MIN_MS) this.#remember(nowMs)
    else {
      this.#lateMs = lateMs
      this.#options.loop.afterReading(() => this.#settle(nowMs))
    }
  }

  /** Since when requests may have come that are not yet settled. One that hears of reading was not asked before it was due. */
  get #openSinceMs(): number {
    const hears = this.#options.loop.onceRead !== undefined
    return hears && this.#dozes && this.#lateMs === 0 ? this.#dueMs : this.#seenAtMs
  }

  #hearOfReading(): void {
    const { loop } = this.#options
    if (this.#hearsOfReading || loop.onceRead === undefined) return
    this.#hearsOfReading = true
    loop.onceRead(() => {
      this.#hearsOfReading = false
      if (this.#dozes) this.#stir()
    })
  }

  /** It has read something while it dozed: a request, or the news of the main thread. */
  #stir(): void {
    if (this.#lateMs > 0 || this.#asked() === this.#askedBefore) return this.#hearOfReading()
    const nowMs = this.#options.clock.monotonicMs()
    // Late: it looks in its next turn, and takes these for what they are.
    if (nowMs > this.#dueMs) return
    this.#timer?.[Symbol.dispose]()
    this.#noteAsked(nowMs)
    this.#remember(nowMs)
    this.#arm(nowMs)
  }

  #noteAsked(nowMs: number): void {
    const asked = this.#asked()
    if (asked !== this.#askedBefore) this.#awakeUntilMs = nowMs + AWAKE_MS
    this.#askedBefore = asked
  }

  #asked(): number {
    const { protocols, asked } = this.#options
    let sum = asked?.() ?? 0
    if (protocols !== undefined)
      for (const protocol of ISSUING_PROTOCOLS) sum += protocols.durations[protocol].total
    return sum
  }

  #settle(lookedAtMs: number): void {
    const lateMs = Math.min(this.#lateMs, LATE_MAX_MS)
    const share = Math.min(1, this.#lateMs / (lookedAtMs - this.#seenAtMs))
    const { protocols } = this.#options
    this.#lateMs = 0
    if (protocols !== undefined)
      for (const protocol of ISSUING_PROTOCOLS) {
        const requests = protocols.durations[protocol].instant - this.#seen[protocol]
        if (requests === 0) continue
        const late = Math.floor(requests * share + this.#phases.next())
        protocols.readLate[protocol].observeSpread(late, lateMs, this.#phases.next())
      }
    this.#remember(lookedAtMs)
  }

  #remember(atMs: number): void {
    this.#seenAtMs = atMs
    const { protocols } = this.#options
    if (protocols === undefined) return
    for (const protocol of ISSUING_PROTOCOLS) this.#seen[protocol] = protocols.durations[protocol].instant
  }

  #noteWorst(nowMs: number, lateMs: number): void {
    this.#turnWindow(nowMs)
    const [present, before] = this.#worst
    this.#worst = [Math.max(present, lateMs), before]
    const worst = Math.max(...this.#worst)
    if (worst === this.#told) return
    this.#told = worst
    this.#options.onWorst?.(worst)
  }

  #turnWindow(nowMs: number): void {
    const agoMs = nowMs - this.#windowFromMs
    if (agoMs < WINDOW_MS) return
    this.#worst = [0, agoMs < 2 * WINDOW_MS ? this.#worst[0] : 0]
    this.#windowFromMs = nowMs
  }
}

/** holds P99 to 10 ms: what is late by as much is seen. A thread that is busy is awake as often anyway. */
const LOOK_EVERY_MS = 10
/**
 * To wake a hundred times a second took a thread that has nothing to do 1.2 % of a core. No longer, heard or not: a
 * standstill hides in a doze for as long as it takes, and its requests count as answered at once.
 */
const DOZE_MS = 50
/** Where a request comes every few seconds, each is measured as under load. */
const AWAKE_MS = 5000
/**
 * One that lacks the CPU is watched closely, though few ask it. Not for less: an idle thread of a busy machine is late by ten or
 * twenty now and then, and looks would add to what it has too much of.
 */
const LATE_WAKES_MS = 50
/** Timers count whole milliseconds, and one that is set between two of them goes off up to one later. */
const TIMER_GRAIN_MS = 1
/** The first class: what is less is quick all the same. */
const LATE_MIN_MS = 1
/**
 * After a pause of minutes, of a machine that was suspended, connections are dead and nobody waits any more. All that is
 * above the last class counts alike; this only bounds the sum.
 */
const LATE_MAX_MS = 60_000
/** Three scrapes of 5 s, as docs/dashboards.md wants them: none misses the worst, and several scrapers take nothing from each other. */
const WINDOW_MS = 15_000
