import { type DurationCounts, DurationHistogram } from '../core/duration-histogram.ts'
import { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import { unreachable } from '../core/invariant.ts'
import type { RouterEvent } from '../core/router.ts'
import { tagClassOf } from '../core/tag-waits.ts'
import { WAIT_STEPS } from '../core/trace-examples.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import { NO_TRACER, type Tracer, traced } from '../ports/tracer.ts'
import { type LiveTag, noneServed } from './live-tag.ts'

export interface GenerateOptions {
  readonly clock: Clock
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
  /** A request that could not be served within this time fails; milliseconds. */
  readonly deadlineMs: number
  /** Requests that may wait for a grant at once; more are refused, or memory would grow without bound. */
  readonly maxWaiting: number
  /** Called on every degradation and recovery: logged, counted and audited. */
  readonly onRouterEvent: (tag: LiveTag, event: RouterEvent) => void
  /** Called after every take of a UUID v4: fills their pool between requests when it is low. Cheap when not. */
  readonly refillUuids: () => void
  /** Resolves when the time grant was extended, lost or is late. */
  readonly extendTime: () => Promise<void>
}

export type WaitLimits = Pick<GenerateOptions, 'deadlineMs' | 'maxWaiting'>

/** The one path to an ID, behind every protocol. */
export class GenerateIds {
  /** Of all tags, those too that are gone: it never becomes less. */
  readonly served = noneServed()
  #options: GenerateOptions
  #waiting = 0
  #draining = false
  #answered = 0
  /** Of those, the ones that had to wait: only they are timed, so that an ID in memory costs no look at the clock. */
  #answeredLate = 0
  #degraded = 0
  readonly #durations = new DurationHistogram()

  constructor(options: GenerateOptions) {
    this.#options = options
  }

  /** Requests that wait for a grant now. */
  get waiting(): number {
    return this.#waiting
  }

  /** Requests that were answered by another algorithm than the tag's first. */
  get degraded(): number {
    return this.#degraded
  }

  /** How long requests took until their IDs were there, or until they failed. */
  get durations(): DurationCounts {
    return this.#durations.counts(this.#answered - this.#answeredLate)
  }

  /** As configured now. */
  get limits(): WaitLimits {
    const { deadlineMs, maxWaiting } = this.#options
    return { deadlineMs, maxWaiting }
  }

  /** Live configuration: counts for requests that come after it. */
  configure(limits: WaitLimits): void {
    this.#options = { ...this.#options, ...limits }
  }

  /** From now on nothing is issued; what waits ends with IDGEN_SHUTTING_DOWN. */
  stop(): void {
    this.#draining = true
  }

  /**
   * Issues `count` (1 or more; the edge checks the limits) IDs into the empty `batch` if all are in memory.
   * No promise, no allocation. false: call `take` with the same batch to wait for the rest. `requests`: of how many
   * callers' commands this is the sum; 0: a share of a protocol thread, which answers nobody yet (see `count`).
   */
  tryTake(
    tag: LiveTag,
    count: number,
    batch: IdBatch,
    requests = 1,
    nowMs = this.#options.clock.nowMs(),
  ): boolean {
    if (this.#draining || tag.removed) return false
    const router = tag.router
    const algorithm = router.active
    // Another request may have moved the router while this one waited with part of its IDs.
    if (batch.count > 0 && batch.algorithm !== algorithm.name) batch.clear()
    batch.algorithm = algorithm.name
    batch.printer = tag.printer
    algorithm.take(count - batch.count, nowMs, batch)
    if (algorithm.name === 'segment') tag.refiller.preload(nowMs)
    else if (algorithm.name === 'uuid-v4') this.#options.refillUuids()
    if (batch.count < count) return false
    this.#finish(tag, count, batch, requests)
    return true
  }

  /**
   * Issues `count` (1..STEP_MAX) consecutive numbers into the empty `batch` as one run, if they are in memory; if not,
   * nothing is spent. No promise, no allocation.
   * @throws IDGEN_REQUEST_INVALID, IDGEN_COUNT_OUT_OF_RANGE, IDGEN_ALGORITHMS_EXHAUSTED where the tag has no such runs
   */
  tryTakeRun(tag: LiveTag, count: number, batch: IdBatch, requests = 1): boolean {
    if (this.#draining || tag.removed) return false
    refuseRun(tag, count)
    const nowMs = this.#options.clock.nowMs()
    batch.algorithm = 'segment'
    batch.printer = tag.printer
    const taken = tag.buffer.takeRun(count, nowMs, batch)
    tag.refiller.preload(nowMs)
    if (taken) this.#finish(tag, count, batch, requests)
    return taken
  }

  /**
   * As tryTakeRun, waiting for a grant that is long enough. Never moves the tag down its chain: others may be served
   * on out of memory while a long run is not to be had. `durations`: as `take`.
   * @throws as tryTakeRun and take
   */
  takeRun(
    tag: LiveTag,
    count: number,
    batch: IdBatch,
    requests = 1,
    durations?: DurationHistogram,
  ): Promise<void> {
    return this.#traced(tag, count, () =>
      this.#wait(tag, requests, durations, () => this.#takeRunWaiting(tag, count, batch, requests)),
    )
  }

  /**
   * `requests` were answered with `ids` IDs of the algorithm that `by` names, out of shares: as the thread that gave
   * them says. `tag`: undefined when it is gone meanwhile, and its counters with it.
   */
  count(
    tag: LiveTag | undefined,
    by: Pick<IdBatch, 'algorithm' | 'degraded'>,
    requests: number,
    ids: number,
  ): void {
    this.#answered += requests
    if (by.degraded) this.#degraded += requests
    const all = this.served[by.algorithm]
    all.requests += requests
    all.ids += ids
    if (tag === undefined) return
    const served = tag.served[by.algorithm]
    served.requests += requests
    served.ids += ids
  }

  /** Of the requests that `count` was told of, `late` had to wait; `cells`: how long, and those that failed. */
  countWaits(late: number, cells: Float64Array): void {
    this.#answeredLate += late
    this.#durations.add(cells)
  }

  /**
   * Issues `count` IDs into `batch`, waiting for grants and moving down the tag's chain as needed.
   * On an error what was taken is burnt. All IDs of one batch come from one algorithm. `durations`: where the wait
   * counts, too.
   * @throws IDGEN_DEADLINE_EXCEEDED, IDGEN_OVERLOADED, IDGEN_SHUTTING_DOWN, IDGEN_TAG_NOT_FOUND, or the
   * failure at the end of the chain (IDGEN_ALGORITHMS_EXHAUSTED, IDGEN_RANGE_EXHAUSTED …)
   */
  take(
    tag: LiveTag,
    count: number,
    batch: IdBatch,
    requests = 1,
    durations?: DurationHistogram,
  ): Promise<void> {
    return this.#traced(tag, count, () =>
      this.#wait(tag, requests, durations, () => this.#takeWaiting(tag, count, batch, requests)),
    )
  }

  #traced(tag: LiveTag, count: number, taken: () => Promise<void>): Promise<void> {
    const { tracer = NO_TRACER } = this.#options
    return traced(tracer, { name: WAIT_STEPS.grant, kind: 'internal' }, (span) => {
      span?.set('idgen.tag', tag.path)
      span?.set('idgen.count', count)
      span?.set('idgen.algorithm', tag.router.active.name)
      return taken()
    })
  }

  async #wait(
    tag: LiveTag,
    requests: number,
    durations: DurationHistogram | undefined,
    taken: () => Promise<void>,
  ): Promise<void> {
    const { clock, maxWaiting } = this.#options
    if (this.#waiting >= maxWaiting) {
      throw new IdgenError(
        'IDGEN_OVERLOADED',
        `${this.#waiting} requests already wait for IDs here; ask another instance or try again.`,
        { retryAfterMs: 1000 },
      )
    }
    this.#waiting += 1
    tag.waiting += 1
    const fromMs = clock.monotonicMs()
    let answered = false
    try {
      await taken()
      this.#answeredLate += requests
      answered = true
    } finally {
      this.#waiting -= 1
      tag.waiting -= 1
      const ms = clock.monotonicMs() - fromMs
      // A share, of 0 requests, is waited for by nobody, or by a thread that times its own.
      this.#durations.observe(ms, requests)
      durations?.observe(ms, requests)
      tag.waits?.add(tagClassOf(ms), requests, (Math.max(0, ms) / 1000) * requests, answered)
    }
  }

  async #takeWaiting(tag: LiveTag, count: number, batch: IdBatch, requests: number): Promise<void> {
    const { clock, deadlineMs } = this.#options
    const endsAtMs = clock.monotonicMs() + deadlineMs
    // Every round either finishes, waits at least a millisecond or for a store, or moves down a finite chain;
    // the deadline bounds them all.
    for (;;) {
      this.#refuseWhenStopped(tag)
      if (this.tryTake(tag, count, batch, requests)) return
      if (clock.monotonicMs() > endsAtMs) throw this.#tooLate(tag, count, batch)
      await this.#overcomeShortage(tag, batch, Math.max(1, endsAtMs - clock.monotonicMs()))
    }
  }

  async #takeRunWaiting(tag: LiveTag, count: number, batch: IdBatch, requests: number): Promise<void> {
    const { clock, deadlineMs } = this.#options
    const endsAtMs = clock.monotonicMs() + deadlineMs
    // Every round waits for an allocation or ends; the deadline bounds them all.
    for (;;) {
      this.#refuseWhenStopped(tag)
      if (this.tryTakeRun(tag, count, batch, requests)) return
      if (clock.monotonicMs() > endsAtMs) throw this.#tooLate(tag, count, batch)
      const shortage = tag.buffer.runShortage()
      if (shortage.kind === 'failed')
        throw new IdgenError(shortage.code, shortage.message, { retryAfterMs: 1000 })
      await tag.refiller.refill(clock.nowMs())
    }
  }

  async #overcomeShortage(tag: LiveTag, batch: IdBatch, leftMs: number): Promise<void> {
    const { clock, extendTime, onRouterEvent } = this.#options
    const router = tag.router
    const nowMs = clock.nowMs()
    const shortage = router.active.shortage(nowMs)
    switch (shortage.kind) {
      case 'wait':
        return sleep(clock, Math.min(shortage.ms, leftMs))
      case 'refill':
        return router.active.name === 'segment' ? tag.refiller.refill(nowMs) : extendTime()
      case 'too-many':
        throw new IdgenError('IDGEN_COUNT_OUT_OF_RANGE', shortage.message)
      case 'failed': {
        const event = router.degrade(shortage, nowMs)
        batch.clear()
        if (event === undefined) throw chainEnded(tag, shortage)
        onRouterEvent(tag, event)
        return
      }
      default:
        return unreachable(shortage)
    }
  }

  #finish(tag: LiveTag, count: number, batch: IdBatch, requests: number): void {
    batch.degraded = tag.router.degraded
    tag.used = true
    if (requests > 0) this.count(tag, batch, requests, count)
  }

  #refuseWhenStopped(tag: LiveTag): void {
    if (this.#draining)
      throw new IdgenError('IDGEN_SHUTTING_DOWN', 'This server is shutting down; ask another one.', {
        retryAfterMs: 1000,
      })
    if (tag.removed) throw new IdgenError('IDGEN_TAG_NOT_FOUND', `The tag ${tag.path} was deleted.`)
  }

  #tooLate(tag: LiveTag, count: number, batch: IdBatch): IdgenError {
    return new IdgenError(
      'IDGEN_DEADLINE_EXCEEDED',
      `Only ${batch.count} of ${count} IDs of ${tag.path} could be had within ${this.#options.deadlineMs} ms; ask for fewer at a time or try again.`,
      { retryAfterMs: 1000 },
    )
  }
}

/** Before anything is spent: what the tag cannot give as a run. */
function refuseRun(tag: LiveTag, count: number): void {
  const { chain, space } = tag.tag
  if (tag.printer !== undefined)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${tag.path} writes its IDs in a format, which are no numbers that follow on one another; ask for them one by one, as text.`,
    )
  const { name } = tag.router.active
  if (name !== 'segment' && chain[0] === 'segment')
    throw new IdgenError(
      'IDGEN_ALGORITHMS_EXHAUSTED',
      `${tag.path} has degraded to ${name}, whose IDs do not follow on one another; ask for them one by one, or again later.`,
      { retryAfterMs: 1000 },
    )
  if (name !== 'segment')
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `${tag.path} issues by ${name}, whose IDs do not follow on one another; ask for them one by one.`,
    )
  // No segment goes beyond its cell, so no longer run will ever come.
  if (count > space.cellSize)
    throw new IdgenError(
      'IDGEN_COUNT_OUT_OF_RANGE',
      `${count} consecutive numbers of ${tag.path} are not to be had: its cells hold ${space.cellSize}.`,
    )
}

function chainEnded(tag: LiveTag, last: { code: IdgenError['code']; message: string }): IdgenError {
  if (tag.tag.chain.length === 1) return new IdgenError(last.code, last.message, { retryAfterMs: 1000 })
  const reasons = tag.router.failures().join('; ')
  return new IdgenError(
    'IDGEN_ALGORITHMS_EXHAUSTED',
    `No algorithm of ${tag.path} can issue now: ${reasons}.`,
    {
      retryAfterMs: 1000,
    },
  )
}
