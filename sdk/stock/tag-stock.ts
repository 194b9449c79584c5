import { restAfter } from '../core/back-off.ts'
import type { Moment } from '../core/block-bond.ts'
import { type BlockTuning, wantedNow } from '../core/block-size.ts'
import { asClientError, IdgenClientError } from '../core/client-error.ts'
import type { AnswerForm, IdAnswer } from '../core/id-answer.ts'
import { RateMeter } from '../core/rate-meter.ts'
import type { RetryBudget } from '../core/retry-budget.ts'
import { RunQueue } from '../core/run-queue.ts'
import { SeenAnswers } from '../core/seen-answers.ts'
import { type EndpointCaller, isEndpointFault } from '../endpoints/endpoint-caller.ts'
import type { Clock } from '../ports/clock.ts'
import { type CallOptions, Waiters } from './waiters.ts'

export interface StockSettings {
  readonly path: string
  readonly form: AnswerForm
  readonly tuning: BlockTuning
  readonly clock: Clock
  readonly caller: EndpointCaller
  readonly budget: RetryBudget
  readonly maxWaiting: number
  readonly deadlineMs: number
  /** Told what went wrong while nobody waited. */
  readonly warn: (error: IdgenClientError) => void
}

/**
 * The IDs of one tag that this client holds, and how they are replaced:
 *
 *     take ──▶ queue ──(half of what is wanted is used)──▶ one flight ──▶ service
 *                ▲                                             │
 *                └──────── checked, never seen before ─────────┘        callers who find nothing wait in `waiters`
 *
 * One request at a time is under way for a tag. What fails or comes too late is burnt, never used.
 */
export class TagStock {
  readonly queue: RunQueue = new RunQueue()
  readonly path: string
  readonly #settings: StockSettings
  readonly #rate = new RateMeter()
  readonly #seen = new SeenAnswers()
  readonly #waiters: Waiters
  /** Calls that want IDs to be here, and take none. */
  readonly #wishes: Waiters
  #tuning: BlockTuning
  #flying = false
  #looked = false
  #missed = 0
  /** Most IDs to ask for at the moment: half of what took too long, twice what did not. */
  #most = Number.POSITIVE_INFINITY
  #failures = 0
  #restUntilMs = 0
  #wakeUp: () => void = () => undefined
  #lookAgainMs = 0
  #closed = false
  /** Counts calls of `drop`: what was asked for before one is burnt too. */
  #era = 0

  constructor(settings: StockSettings) {
    this.#settings = settings
    this.#tuning = settings.tuning
    this.path = settings.path
    this.#waiters = new Waiters(settings.clock, settings.path, settings.maxWaiting)
    this.#wishes = new Waiters(settings.clock, settings.path, settings.maxWaiting)
  }

  get keep(): number {
    return this.#tuning.keep
  }

  /** Changes how far ahead IDs are fetched, from now on. */
  tune(change: (tuning: BlockTuning) => BlockTuning): void {
    this.#tuning = change(this.#tuning)
  }

  /** Of the request that brought the IDs in memory. */
  origin: { readonly algorithm: string | undefined; readonly degraded: boolean } | undefined

  /** Looks at clocks and process, so that the queue may be taken from; asks for more where it is time. */
  refresh(): void {
    if (this.#closed) throw closedError()
    const { clock } = this.#settings
    const now = clock.moment()
    this.queue.look(now, this.#tuning.lifetimeMs, TAKES_PER_LOOK)
    if (!this.#looked) {
      this.#looked = true
      clock.atTurnEnd(() => {
        this.#looked = false
        this.queue.pause()
      })
    }
    this.#askIfNeeded(now)
  }

  /** What a synchronous call throws that wants more than is here. More is on its way then. */
  shortage(count: number): IdgenClientError {
    this.#missed += count
    this.#askIfNeeded(this.#settings.clock.moment(), count)
    return new IdgenClientError(
      'IDGEN_CLIENT_EMPTY',
      `${count} IDs of ${this.path} were asked for and ${this.queue.left} are in memory. Call prefetch(${count}) and await it before, keep some with the option keep, or await next().`,
    )
  }

  /**
   * What is here does not serve the caller, because the tag degraded. One ID is asked for now and then, so that the end
   * of that is noticed before the block's, which may live for `lifetimeMs`.
   */
  lookForOther(): void {
    const { clock } = this.#settings
    const nowMs = clock.monotonicMs()
    if (this.#flying || nowMs < Math.max(this.#lookAgainMs, this.#restUntilMs)) return
    this.#lookAgainMs = nowMs + LOOK_AGAIN_MS * (0.5 + clock.random())
    this.#flying = true
    void this.#fly(0, 1)
  }

  /** `take` is called for `count` IDs altogether, with how many of the queue's present run; now or later. */
  async take(count: number, take: (count: number) => void, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.refresh()
    // Whoever finds IDs here overtakes nobody: while calls wait the queue is empty.
    let left = count
    while (left > 0 && this.queue.left > 0) left -= this.#takeChunk(left, take)
    if (left === 0) return this.refresh()
    const deadlineMs = options.deadlineMs ?? this.#settings.deadlineMs
    const waiting = this.#waiters.wait(left, (n) => void this.#takeChunk(n, take), deadlineMs, options.signal)
    this.#askIfNeeded(this.#settings.clock.moment())
    await waiting
  }

  /**
   * The same at once, or nothing is taken. `unsafe`: given where only values that fit a JavaScript number will do. Others
   * are passed over and burnt, and it makes what is thrown when too few would be left.
   * @throws IDGEN_CLIENT_EMPTY
   */
  takeSync(count: number, take: (count: number) => void, unsafe?: () => IdgenClientError): void {
    this.refresh()
    const { queue } = this
    // They could not be given, and would count as stock for as long as they live.
    if (unsafe !== undefined) queue.skipToSafe()
    this.refresh()
    if (queue.left < count) throw this.shortage(count)
    if (unsafe !== undefined && queue.safeLeft < count) throw unsafe()
    for (let left = count; left > 0; ) {
      if (unsafe !== undefined) queue.skipToSafe()
      left -= this.#takeChunk(left, take)
    }
    this.refresh()
  }

  /** Resolves once `count` IDs are in memory. */
  async prefetch(count: number, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    if (count > this.#tuning.maxBlock)
      throw new IdgenClientError(
        'IDGEN_CLIENT_OPTION_INVALID',
        `prefetch(${count}) is more than the option maxBlock, ${this.#tuning.maxBlock}, lets be in memory.`,
      )
    this.refresh()
    if (this.queue.left >= count) return
    const deadlineMs = options.deadlineMs ?? this.#settings.deadlineMs
    const waiting = this.#wishes.wait(count, () => undefined, deadlineMs, options.signal)
    this.#askIfNeeded(this.#settings.clock.moment())
    await waiting
  }

  /** Now and then, for stocks that keep some: renews what is about to be too old. */
  tend(): void {
    if (this.#closed || this.keep === 0) return
    const { clock } = this.#settings
    const now = clock.moment()
    this.queue.look(now, this.#tuning.lifetimeMs, 0)
    const { newest } = this.queue
    const isAging =
      newest !== undefined && now.monotonicMs - newest.monotonicMs > this.#tuning.lifetimeMs * RENEW_AT
    this.#askIfNeeded(now, isAging ? this.keep : 0)
  }

  /** All that is in memory or under way is burnt. */
  drop(): void {
    this.#era += 1
    this.queue.drop()
  }

  close(): void {
    this.#closed = true
    this.drop()
    this.#waiters.failAll(closedError())
    this.#wishes.failAll(closedError())
    this.#wakeUp()
  }

  #takeChunk(most: number, take: (count: number) => void): number {
    const { queue } = this
    const count = queue.chunk(most)
    take(count)
    queue.offset += count
    return count
  }

  #wanted(nowMs: number, missing = 0): number {
    const { queue } = this
    const rate = this.#rate.perSecond(queue.taken + this.#missed, nowMs)
    const wished = Math.max(0, this.#wishes.largest - queue.left)
    const wanted = wantedNow(queue.left, this.#waiters.awaited + wished + missing, rate, this.#tuning)
    return Math.min(this.#most, wanted)
  }

  #askIfNeeded(now: Moment, missing = 0): void {
    if (this.#flying || this.#wanted(now.monotonicMs, missing) === 0) return
    const isAwaited = this.#isAwaited()
    // In vain a moment ago: only for those who wait, and after the rest.
    if (!isAwaited && now.monotonicMs < this.#restUntilMs) return
    this.#flying = true
    void this.#fly(missing)
  }

  #isAwaited(): boolean {
    return this.#waiters.awaited > 0 || this.#wishes.awaited > 0
  }

  /** Never rejects. Ends when nothing more is wanted, or nobody waits and it cannot be had now. */
  async #fly(missing: number, least = 0): Promise<void> {
    const { path, form, caller } = this.#settings
    let failed: IdgenClientError | undefined
    try {
      for (let [more, few] = [missing, least]; !this.#closed; more = 0, few = 0) {
        if (!(await this.#rested())) return
        const born = this.#settings.clock.moment()
        const era = this.#era
        const count = Math.max(few, this.#wanted(born.monotonicMs, more))
        if (count === 0 || this.#closed) return
        try {
          const answer = await caller.issue({ path, form, count }, failed?.endpoint)
          failed = undefined
          if (era === this.#era) this.#land(answer, born)
        } catch (thrown) {
          failed = asClientError(thrown, path)
          if (!this.#mayRepeat(failed, count)) return
        }
      }
    } finally {
      this.#flying = false
      // Somebody may have come while it ended.
      if (this.#isAwaited()) this.#askIfNeeded(this.#settings.clock.moment())
    }
  }

  #land(answer: IdAnswer, born: Moment): void {
    if (!this.#seen.admit(answer, born.monotonicMs))
      throw new IdgenClientError(
        'IDGEN_CLIENT_ANSWER_REPEATED',
        `An answer with IDs of ${this.path} came twice and was thrown away: a proxy or cache between here and idgen repeats answers to POST. Take it out of the way.`,
      )
    this.#failures = 0
    this.#most *= 2
    this.#waiters.lastError = undefined
    this.#wishes.lastError = undefined
    this.origin = { algorithm: answer.algorithm, degraded: answer.degraded }
    this.queue.put(answer, born)
    this.#serve()
  }

  #serve(): void {
    const { queue } = this
    queue.look(this.#settings.clock.moment(), this.#tuning.lifetimeMs, 0)
    this.#waiters.serve(() => queue.chunk(Number.MAX_SAFE_INTEGER))
    this.#wishes.serveWhole(queue.left)
  }

  /** After a failure: whether to ask once more. If not, whoever waits is told. */
  #mayRepeat(error: IdgenClientError, count: number): boolean {
    const { clock, budget, warn } = this.#settings
    if (this.#closed) return false
    if (error.code === 'IDGEN_COUNT_OUT_OF_RANGE' && count > 1) {
      // The limit of this service is lower than ours.
      const maxBlock = Math.floor(count / 2)
      this.#tuning = { ...this.#tuning, maxBlock, keep: Math.min(this.#tuning.keep, maxBlock) }
      return true
    }
    this.#waiters.lastError = error
    this.#wishes.lastError = error
    if (TOO_LATE.has(error.code)) this.#most = Math.max(1, Math.floor(count / 2))
    const nowMs = clock.monotonicMs()
    if (!isEndpointFault(error)) {
      this.#failures += 1
      this.#restUntilMs = nowMs + restAfter(this.#failures, clock.random(), error.retryAfterMs)
    }
    if (this.#isAwaited() && error.retryable && budget.take(nowMs)) return true
    if (!this.#isAwaited()) warn(error)
    this.#waiters.failAll(error)
    this.#wishes.failAll(error)
    return false
  }

  /** Waits until this tag and an endpoint may be asked. false: not now, and nobody waits for it any more. */
  async #rested(): Promise<boolean> {
    const { clock, caller } = this.#settings
    // Every call that waits has a deadline, which ends this too.
    for (;;) {
      const nowMs = clock.monotonicMs()
      const restMs = Math.max(this.#restUntilMs - nowMs, caller.waitMs(nowMs))
      if (restMs <= 0) return true
      if (!this.#isAwaited()) return false
      // Whole milliseconds: sums of fractions may fall short of the end by next to nothing, for ever.
      await this.#woken(Math.ceil(restMs))
    }
  }

  /** Resolves after so long, when another endpoint may be asked, and at the end. */
  async #woken(afterMs: number): Promise<void> {
    const { clock, caller } = this.#settings
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stopTimer()
        stopWatching()
        resolve()
      }
      const stopTimer = clock.after(afterMs, end, false)
      const stopWatching = caller.onNews(end)
      this.#wakeUp = end
    })
  }
}

function closedError(): IdgenClientError {
  return new IdgenClientError('IDGEN_CLIENT_CLOSED', 'The client was closed; make another one.')
}

/** Fewer IDs may come in time: a service that has to take many small segments for them is slow, and still there. */
const TOO_LATE = new Set(['IDGEN_CLIENT_TIMEOUT', 'IDGEN_DEADLINE_EXCEEDED'])
/** On average, for all of its callers. So much later, at most twice, is it noticed that a tag recovered: for one ID a second. */
const LOOK_AGAIN_MS = 1000
/** Two clock readings are shared by so many takes of one turn of the event loop. */
const TAKES_PER_LOOK = 256
/** Share of its life after which a kept block is renewed: there is time for three tries. */
const RENEW_AT = 2 / 3
