import { IdgenError } from '../core/errors.ts'
import type { Snowflake } from '../core/snowflake.ts'
import { firstStampMs, type SnowflakeLayout } from '../core/snowflake-layout.ts'
import { nextUntil, startMs } from '../core/time-window.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../ports/time-grant-store.ts'

export interface TimeGrantKeeperOptions {
  readonly store: TimeGrantStore
  readonly snowflake: Snowflake
  readonly layout: SnowflakeLayout
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What to ask for; the keeper adds a new nonce for every hold. */
  readonly request: Omit<HoldRequest, 'nonce'>
  /** Time stamped ahead of the clock by one grant; milliseconds. A crash burns at most this much of one worker id. */
  readonly windowMs: number
  readonly renewEveryMs: number
  /** A clock further ahead of the store's than this gets no grant: a forward jump would burn time for ever. */
  readonly maxClockAheadMs: number
  /** Must not throw. */
  readonly onWorker?: (event: WorkerEvent) => void
}

/** What happened to the worker id of this process: alerts, audit log, metrics. */
export interface WorkerEvent {
  /** unavailable: a try to get one failed; told at every try. */
  readonly kind: 'acquired' | 'lost' | 'released' | 'unavailable'
  readonly dc: number
  /** undefined while there is none. */
  readonly worker: number | undefined
  readonly reason: string
}

/**
 * Holds a worker id for this process and keeps the snowflake cursor supplied with time grants.
 *
 *     free ──acquire──▶ held ──extend every renewEveryMs──▶ held …       (window raised in the store first)
 *      ▲                 │
 *      └── refused ──────┘  revoked at once: another process may hold the worker id by now
 *
 * The store being away changes nothing until the window or four fifths of the lease end; then the cursor reports a
 * shortage and the router degrades until a grant comes.
 */
export class TimeGrantKeeper {
  readonly #options: TimeGrantKeeperOptions
  readonly #stop = new AbortController()
  #hold: TimeHold | undefined
  /** Highest `untilMs` this hold asked for. */
  #askedMs = 0
  /** Why the last try granted nothing. What was granted before is stamped on meanwhile. */
  #refusal: string | undefined = 'no worker id was acquired yet'
  #clockAheadMs: number | undefined
  /** Monotonic. */
  #grantedAtMs: number | undefined
  /** As the cursor knows it: monotonic. */
  #leaseEndMs = 0
  /** When the first try began after the last one that granted something: monotonic. */
  #triedSinceMs: number | undefined
  #flight: Promise<void> | undefined
  #loop: Promise<void> | undefined

  constructor(options: TimeGrantKeeperOptions) {
    this.#options = options
    options.snowflake.revoke(this.#refusal ?? '')
  }

  /** The worker id held, for people and metrics. */
  get worker(): number | undefined {
    return this.#hold?.worker
  }

  /**
   * Why there is no usable grant, or undefined; also when the clock alone is what makes it unusable. A renewal that failed
   * is no such reason while what was granted before lasts: `renewalFault`.
   */
  get fault(): string | undefined {
    const { snowflake, clock } = this.#options
    const fault = snowflake.fault(clock.nowMs())
    return fault === undefined ? undefined : (this.#refusal ?? fault)
  }

  /** Why the last try to get or to extend a grant failed, or undefined. */
  get renewalFault(): string | undefined {
    return this.#refusal
  }

  /** For how long a renewal is tried for in vain, one under way included; undefined without a worker id. */
  get renewalLateMs(): number | undefined {
    if (this.#hold === undefined) return undefined
    return this.#triedSinceMs === undefined ? 0 : this.#options.clock.monotonicMs() - this.#triedSinceMs
  }

  /** How far this machine's clock was ahead of the store's (negative: behind) when they were last compared. */
  get clockAheadMs(): number | undefined {
    return this.#clockAheadMs
  }

  /** Since the store last granted time; undefined without a worker id. */
  get grantAgeMs(): number | undefined {
    if (this.#hold === undefined || this.#grantedAtMs === undefined) return undefined
    return this.#options.clock.monotonicMs() - this.#grantedAtMs
  }

  /** For how long it can stamp from now on: to the end of the window or of its share of the lease; 0 without a grant. */
  get grantLeftMs(): number {
    const { snowflake, clock } = this.#options
    const grant = snowflake.currentGrant()
    if (grant === undefined) return 0
    return Math.max(0, Math.min(grant.untilMs - clock.nowMs(), this.#leaseEndMs - clock.monotonicMs()))
  }

  /** Begins to acquire and renew; the first try is over when the promise resolves, whatever came of it. */
  async start(): Promise<void> {
    await this.renew()
    this.#loop = this.#keepRenewing()
  }

  /**
   * Extends (or acquires) now, once for all who ask at the same time. Resolves whatever came of it, at the latest
   * after EXTEND_WAIT_MS: a store that hangs must not hold callers, who go down the chain; the try itself goes on.
   */
  async extendNow(): Promise<void> {
    const ended = new AbortController()
    const late = sleep(this.#options.clock, EXTEND_WAIT_MS, ended.signal).then(() => {
      if (!ended.signal.aborted)
        this.#options.snowflake.refused(`no answer of the store within ${EXTEND_WAIT_MS} ms`)
    })
    await Promise.race([this.renew(), late])
    ended.abort()
  }

  /** One try; concurrent calls share it. Never rejects. */
  renew(): Promise<void> {
    this.#flight ??= this.#renewOnce().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  /**
   * Stops stamping first, then lowers the window in the store to what was really used, then lets go. In between it
   * waits for `quiet`: that no other thread issues what was stamped here. Where that rejects the window counts as used
   * and the lease runs out.
   */
  async stop(quiet: Promise<void> = Promise.resolve()): Promise<void> {
    this.#stop.abort()
    const { snowflake, store, log } = this.#options
    const unusedMs = snowflake.firstUnusedMs()
    snowflake.revoke('this server is shutting down')
    const [threads] = await Promise.allSettled([quiet, this.#loop, this.#flight])
    const hold = this.#hold
    this.#hold = undefined
    if (hold === undefined) return
    try {
      if (threads.status === 'rejected') throw threads.reason
      await store.release(hold, unusedMs ?? hold.untilMs)
      this.#tell('released', hold.worker, 'this server is shutting down')
    } catch (error) {
      // Nothing is lost: the window simply counts as used and the lease runs out.
      log.warn({ err: error, worker: hold.worker }, 'worker id could not be released')
    }
  }

  async #keepRenewing(): Promise<void> {
    const { clock, renewEveryMs } = this.#options
    let backoffMs = RETRY_MIN_MS
    while (!this.#stop.signal.aborted) {
      const failed = this.#refusal !== undefined
      await sleep(clock, failed ? backoffMs : renewEveryMs, this.#stop.signal)
      if (this.#stop.signal.aborted) return
      await this.renew()
      backoffMs = failed ? Math.min(backoffMs * 2, RETRY_MAX_MS, renewEveryMs) : RETRY_MIN_MS
    }
  }

  async #renewOnce(): Promise<void> {
    // A request that still waits may ask: an extension must not arrive beside the release.
    if (this.#stop.signal.aborted) return
    const { log, snowflake } = this.#options
    const before = this.#hold
    this.#triedSinceMs ??= this.#options.clock.monotonicMs()
    try {
      this.#refusal = await this.#grantOnce()
      // A worker id that was lost is replaced at once: callers degrade until there is another one.
      if (before !== undefined && this.#hold === undefined) this.#refusal = await this.#grantOnce()
      if (this.#refusal === undefined) this.#triedSinceMs = undefined
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      if (this.#refusal !== error.message)
        log.warn({ err: error, code: error.code, worker: this.worker }, 'no time grant')
      this.#refusal = error.message
      // While a window is still open the cursor goes on; after that it tells callers why it cannot.
      if (this.#hold === undefined) {
        snowflake.revoke(error.message)
        this.#tell('unavailable', undefined, error.message)
      } else snowflake.refused(error.message)
    }
  }

  /** @returns why no grant was given, or undefined when the cursor has its window */
  async #grantOnce(): Promise<string | undefined> {
    const held = this.#hold !== undefined || (await this.#acquire())
    return held ? await this.#extend() : this.#refusal
  }

  async #acquire(): Promise<boolean> {
    if (this.#stop.signal.aborted) return false
    const { store, request, random, log } = this.#options
    const nonce = new Uint8Array(NONCE_BYTES)
    random.fill(nonce)
    this.#hold = await store.acquire({ ...request, nonce: Buffer.from(nonce).toString('hex') })
    this.#askedMs = this.#hold.untilMs
    // Until now there was nothing to renew.
    this.#triedSinceMs = this.#options.clock.monotonicMs()
    log.info({ dc: request.dc, worker: this.#hold.worker, holder: request.holder }, 'worker id acquired')
    this.#tell('acquired', this.#hold.worker, request.holder)
    return true
  }

  /** @returns why no grant was given, or undefined when the cursor has its window */
  async #extend(): Promise<string | undefined> {
    const { store, request, clock, layout, windowMs, maxClockAheadMs, snowflake } = this.#options
    const before = this.#hold
    if (before === undefined) return this.#refusal
    const storeMs = await this.#storeTime()
    this.#clockAheadMs = clock.nowMs() - storeMs
    const decision = nextUntil(clock.nowMs(), storeMs, {
      windowMs,
      maxAheadMs: maxClockAheadMs,
      firstStampMs: firstStampMs(layout),
    })
    if ('refused' in decision) throw new IdgenError('IDGEN_CLOCK_UNUSABLE', decision.refused)
    const fresh = snowflake.currentGrant() === undefined
    const fromMs = fresh ? startMs(before.untilMs, clock.nowMs(), layout) : before.untilMs
    // Never less than an earlier try asked for, whose answer may have been lost: the store may stand there already.
    const untilMs = Math.max(decision.untilMs, before.untilMs, this.#askedMs, fresh ? fromMs + 1 : 0)
    this.#askedMs = untilMs
    const sentMs = clock.monotonicMs()
    const hold = await store.extend(before, untilMs, request.leaseMs)
    if (hold === undefined) return this.#lost(before)
    this.#hold = hold
    this.#grantedAtMs = sentMs
    if (this.#stop.signal.aborted) return undefined
    // Counted from the sending: the store began its lease later than that, whenever the answer came.
    this.#leaseEndMs = sentMs + request.leaseMs * LEASE_SHARE
    snowflake.leaseUntil(this.#leaseEndMs)
    if (fresh) snowflake.install({ dc: hold.dc, worker: hold.worker, fromMs, untilMs: hold.untilMs })
    else snowflake.extend(hold.untilMs)
    return undefined
  }

  /** @throws IDGEN_STORE_UNAVAILABLE when the answer was on its way for so long that it says nothing of now */
  async #storeTime(): Promise<number> {
    const { clock, store } = this.#options
    const askedMs = clock.monotonicMs()
    const storeMs = await store.nowMs()
    const tookMs = clock.monotonicMs() - askedMs
    if (tookMs <= CLOCK_ANSWER_MAX_MS) return storeMs
    throw new IdgenError(
      'IDGEN_STORE_UNAVAILABLE',
      `The store took ${Math.round(tookMs)} ms to tell its time; more than ${CLOCK_ANSWER_MAX_MS} ms is no comparison of clocks.`,
    )
  }

  #lost(hold: TimeHold): string {
    const { snowflake, log } = this.#options
    const reason = `the store refused worker id ${hold.worker}: another process took it over, or its lease ran out`
    this.#hold = undefined
    // The next one is asked for at once: callers wait for that rather than go down the chain for seconds.
    snowflake.revoke(reason, true)
    snowflake.leaseUntil(undefined)
    log.error({ dc: hold.dc, worker: hold.worker }, 'worker id lost')
    this.#tell('lost', hold.worker, reason)
    return reason
  }

  #tell(kind: WorkerEvent['kind'], worker: number | undefined, reason: string): void {
    const { onWorker, request } = this.#options
    onWorker?.({ kind, dc: request.dc, worker, reason })
  }
}

const NONCE_BYTES = 16
/** A fifth of the default snowflake.maxClockAhead: an older answer would hide that this clock runs ahead. */
const CLOCK_ANSWER_MAX_MS = 2000
/** Of the lease, by this machine's monotonic clock: the rest is for clocks that run at different speeds. */
const LEASE_SHARE = 0.8
/** Well inside the default request deadline of 2 s, so that a caller can still be served by the next algorithm. */
const EXTEND_WAIT_MS = 1000
/** First retry after a failure; doubles so that a store that comes back is not flooded. */
const RETRY_MIN_MS = 200
/**
 * A store that is back is noticed within a second, at a few hundred calls a second from a data centre full of workers.
 * IdgenTimeGrantEnds rests on it: a renewal that is late for longer than 5.5 s is none of a store that was away for 4 s.
 */
const RETRY_MAX_MS = 1000
