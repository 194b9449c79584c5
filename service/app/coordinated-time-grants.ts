import {
  authorityKey,
  workerKey,
  workersOf,
  workerTimeKey,
  workerTimesOf,
} from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import type { TimeCopy, TimeCopyStore } from '../ports/time-copy-store.ts'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../ports/time-grant-store.ts'
import { CopiedTime, type TimeGrantEvent } from './copied-time.ts'
import { earliestTime } from './store-time.ts'
import { authorityChanged, checkAuthority, fixAuthority } from './time-authority.ts'
import { freeWorkers, noneFree, workerView } from './worker-choice.ts'
import { WorkerHold } from './worker-hold.ts'
import { parseTime, printHolder } from './worker-record.ts'

export interface CoordinatedTimeGrantsOptions {
  readonly coordinator: Coordinator
  readonly copies: TimeCopyStore
  readonly clock: Clock
  readonly log: Log
  /** Worker ids 0..workers-1 of each data centre; default 256, what 8 bits hold. */
  readonly workers?: number
  /** Must not throw. */
  readonly onFlag?: (event: TimeGrantEvent) => void
}

/** One hold of this process, beside its keys in etcd. */
interface Held {
  readonly keys: WorkerHold
  /** Where the hold began to stamp: everything from here to untilMs is its own. */
  readonly beganMs: number
  /** As far as etcd is known to have granted. */
  untilMs: number
  /** As this hold last read or wrote it. */
  copy: TimeCopy
  readonly leaseMs: number
  /** Monotonic time of this machine before the last call that prolonged the lease of a window that was then used. */
  contactMs: number
}

/** A free worker id whose holder key was just written. */
interface Taken {
  readonly worker: number
  readonly revision: number
  readonly holderText: string
  readonly timeText: string | undefined
  readonly timeMs: number
}

/** What the tries to take a worker id have in common. */
interface Taking {
  readonly request: HoldRequest
  readonly leaseId: string
  readonly authorityText: string
  readonly nowMs: number
  /** Monotonic time of this machine before the lease was asked for. */
  readonly askedMs: number
}

/**
 * Time grants out of etcd, guarded by a copy in PostgreSQL (design.md section 2, modelled in docs/proofs/):
 *
 *     acquire   one transaction: nobody holds the id, write holder, read its time ──▶ read the copy ──▶ begin at the greater
 *     extend    etcd: still ours? raise the time ──▶ PostgreSQL: copy as we left it? raise it ──▶ etcd: still so? use it
 *     release   (stamping has stopped) PostgreSQL: lower the copy ──▶ etcd: lower the time and let go
 *
 * Two holds of a worker id never share a millisecond: etcd alone decides who extends; a restored etcd, which may
 * revive an old holder, meets the copy, which is raised by compare-and-set on what the hold itself last saw there.
 * Without PostgreSQL a window is extended all the same, flagged, but none is acquired, and none is extended by a hold
 * that was silent for longer than its lease: both might meet an etcd that was restored (docs/proofs/).
 * Leases, clocks and the order of messages decide nothing.
 */
export class CoordinatedTimeGrants implements TimeGrantStore {
  readonly #options: CoordinatedTimeGrantsOptions
  readonly #workers: number
  readonly #copies: CopiedTime
  /** By nonce. A process has one for each of server.workerIds. */
  readonly #held = new Map<string, Held>()

  constructor(options: CoordinatedTimeGrantsOptions) {
    this.#options = options
    this.#workers = options.workers ?? WORKERS_MAX
    invariant(this.#workers >= 1 && this.#workers <= WORKERS_MAX, 'a worker id has 8 bits')
    this.#copies = new CopiedTime(options)
  }

  /** Why the copy in PostgreSQL lags behind etcd now, or undefined. For people; alert on it. */
  get flagged(): string | undefined {
    return this.#copies.flagged
  }

  /** How often time was granted without the copy, since the start. */
  get copiesMissed(): number {
    return this.#copies.missed
  }

  /** The smaller of etcd's and PostgreSQL's time, of those that answer: a clock ahead of either gets no grant. */
  async nowMs(): Promise<number> {
    const { clock, coordinator, copies } = this.#options
    return await earliestTime(clock, [() => coordinator.nowMs(), () => copies.nowMs()])
  }

  /**
   * @throws IDGEN_COORDINATION_MISMATCH when another store grants the time of the data centre
   * @throws IDGEN_STORE_UNAVAILABLE PostgreSQL does not answer: etcd alone may have been restored
   * @throws IDGEN_COORDINATION_UNAVAILABLE
   */
  async acquire(request: HoldRequest): Promise<TimeHold> {
    const { clock, coordinator } = this.#options
    const { dc, leaseMs, nonce } = request
    const authorityText = await this.#authority(request)
    const nowMs = await this.nowMs()
    const copies = await this.#copies.readAll(dc)
    const holders = await coordinator.list(workersOf(dc))
    const times = await coordinator.list(workerTimesOf(dc))
    const view = workerView(dc, this.#workers, holders.entries, times.entries, copies)
    const free = freeWorkers(view, nowMs, Number.parseInt(nonce.slice(-8), 16) || 0)
    if (free.length === 0) throw noneFree(view, nowMs, leaseMs)
    const askedMs = clock.monotonicMs()
    const leaseId = await coordinator.grantLease(leaseMs)
    try {
      for (const worker of free.slice(0, TAKE_TRIES)) {
        const hold = await this.#hold({ request, leaseId, authorityText, nowMs, askedMs }, worker)
        if (hold !== undefined) return hold
      }
    } catch (thrown) {
      // The transaction may have been done: without the lease the holder key goes, or cannot come any more.
      await coordinator.revokeLease(leaseId).catch(() => {})
      throw thrown
    }
    await coordinator.revokeLease(leaseId).catch(() => {})
    throw new IdgenError(
      'IDGEN_WORKER_UNAVAILABLE',
      `Data centre ${dc} had free worker ids, but other processes took them first.`,
      { retryAfterMs: RETRY_MS },
    )
  }

  /**
   * `leaseMs` is fixed when the hold is acquired; here it is not looked at.
   * @throws IDGEN_COORDINATION_UNAVAILABLE outcome unknown, as IDGEN_STORE_UNAVAILABLE
   * @throws IDGEN_STORE_UNAVAILABLE this hold was silent for longer than its lease and PostgreSQL does not answer
   */
  async extend(hold: TimeHold, untilMs: number, _leaseMs?: number): Promise<TimeHold | undefined> {
    invariant(untilMs >= hold.untilMs, 'an extension never lowers the window')
    const held = this.#find(hold)
    if (held === undefined || hold.untilMs > held.untilMs || untilMs < held.untilMs) return undefined
    const sentMs = this.#options.clock.monotonicMs()
    // Side by side: one round trip, and a keep-alive that hangs does not hold up the transaction.
    const [verdict, prolonged] = await Promise.all([
      held.keys.raise(hold.untilMs, untilMs),
      held.keys.keepAlive(),
    ])
    if (verdict !== 'done') return await this.#refuse(held, verdict.refused)
    held.untilMs = untilMs
    const copied = await this.#copy(held, untilMs)
    if (copied === 'refused') return await this.#refuse(held, COPY_REFUSED)
    if (copied === 'away') this.#checkContact(held)
    const confirmed = await held.keys.confirm()
    if (confirmed !== 'done') return await this.#refuse(held, confirmed.refused)
    if (prolonged) held.contactMs = sentMs
    return { ...hold, untilMs }
  }

  /**
   * Lowers PostgreSQL first, then etcd: in between etcd still says that the time was used. Where the copy is not
   * what this hold last wrote nothing is lowered. @throws IDGEN_COORDINATION_UNAVAILABLE
   */
  async release(hold: TimeHold, untilMs: number): Promise<boolean> {
    const held = this.#find(hold)
    if (held === undefined) return false
    this.#held.delete(hold.nonce)
    this.#copies.ended(hold.worker)
    const loweredMs = Math.max(untilMs, held.beganMs)
    try {
      if (loweredMs < held.untilMs && (await this.#lowerCopy(held, loweredMs)))
        if (await held.keys.lowerAndLetGo(loweredMs)) return true
      return await held.keys.letGo()
    } finally {
      await held.keys.revokeLease()
    }
  }

  /** The text of etcd's record. Both stores must name etcd and our layout. */
  async #authority({ dc, layoutHash }: HoldRequest): Promise<string> {
    const wanted = { store: 'etcd', layoutHash } as const
    const copied = await this.#copies.authority(dc, wanted)
    checkAuthority(dc, copied, wanted, 'PostgreSQL')
    const entry = await fixAuthority(this.#options.coordinator, dc, wanted)
    checkAuthority(dc, entry.authority, wanted, 'etcd')
    return entry.text
  }

  /** undefined: not to be had, try the next one. */
  async #hold(taking: Taking, worker: number): Promise<TimeHold | undefined> {
    const { request, leaseId, authorityText, nowMs, askedMs } = taking
    const { dc, nonce, leaseMs } = request
    const taken = await this.#take(taking, worker)
    if (taken === undefined) return undefined
    // What etcd forgot the copy may know, so nothing begins without it: where this throws the lease goes.
    const copy = await this.#copies.read(dc, worker)
    const untilMs = Math.max(taken.timeMs, copy.untilMs)
    const { revision, holderText, timeText } = taken
    const hold: TimeHold = { dc, worker, nonce, revision, untilMs }
    const { coordinator } = this.#options
    const keys = new WorkerHold({ coordinator, hold, leaseId, holderText, authorityText, timeText })
    if (untilMs > nowMs) {
      // The list that chose it was older than this transaction, or etcd forgot what the copy remembers.
      await keys.letGo()
      return undefined
    }
    this.#remember({ keys, beganMs: untilMs, untilMs, copy, leaseMs, contactMs: askedMs })
    return hold
  }

  /** Writes the holder and reads the worker's time in one transaction: in between a holder could extend it. */
  async #take({ request, leaseId, authorityText }: Taking, worker: number): Promise<Taken | undefined> {
    const { coordinator, clock } = this.#options
    const { dc, nonce, holder } = request
    const key = workerKey(dc, worker)
    const timeKey = workerTimeKey(dc, worker)
    const authority = authorityKey(dc)
    const holderText = printHolder({ nonce, holder, sinceMs: clock.nowMs() })
    const { succeeded, revision, entries } = await coordinator.transact({
      compare: [
        { key, createRevision: 0 },
        { key: authority, value: authorityText },
      ],
      change: [{ put: key, value: holderText, leaseId }],
      read: [timeKey, authority],
    })
    if (entries.get(authority)?.value !== authorityText) throw authorityChanged(dc)
    if (!succeeded) return undefined
    const timeText = entries.get(timeKey)?.value
    const timeMs = timeText === undefined ? 0 : (parseTime(timeText)?.untilMs ?? Number.POSITIVE_INFINITY)
    return { worker, revision, holderText, timeText, timeMs }
  }

  #remember(held: Held): void {
    // Beyond this somebody acquires without releasing; the oldest hold is then refused, which is safe.
    const [oldest] = this.#held.keys()
    if (this.#held.size >= HOLDS_MAX && oldest !== undefined) this.#held.delete(oldest)
    this.#held.set(held.keys.hold.nonce, held)
  }

  #find({ dc, worker, nonce, revision }: TimeHold): Held | undefined {
    const held = this.#held.get(nonce)
    const own = held?.keys.hold
    return own?.dc === dc && own.worker === worker && own.revision === revision ? held : undefined
  }

  async #copy(held: Held, untilMs: number): Promise<'done' | 'away' | 'refused'> {
    const { dc, worker, nonce } = held.keys.hold
    const after = { untilMs, nonce }
    const replaced = await this.#copies.replace(dc, worker, held.copy, after)
    if (replaced === 'away') return 'away'
    if (!replaced) return 'refused'
    held.copy = after
    return 'done'
  }

  /**
   * A hold silent for longer than its lease may have been taken over, and a restored etcd may hold it up as the holder
   * again: only the copy can tell. @throws IDGEN_STORE_UNAVAILABLE try again, with an `untilMs` no smaller
   */
  #checkContact({ keys, leaseMs, contactMs }: Held): void {
    if (this.#options.clock.monotonicMs() - contactMs < leaseMs) return
    throw new IdgenError(
      'IDGEN_STORE_UNAVAILABLE',
      `Worker id ${keys.hold.worker} was not prolonged in etcd for ${leaseMs} ms, so another process may have taken it; its copy in the database must say that none did, and that does not answer: ${this.flagged}`,
      { retryAfterMs: RETRY_MS },
    )
  }

  /** false: the copy is not known to be exactly what this hold last wrote, so nothing may be lowered. */
  async #lowerCopy(held: Held, untilMs: number): Promise<boolean> {
    const { dc, worker, nonce } = held.keys.hold
    const { copy } = held
    if (copy.nonce !== nonce || copy.untilMs !== held.untilMs) return false
    return await this.#copies.lower(dc, worker, copy, { untilMs, nonce })
  }

  /** For good. Also lets the worker id go, so that nobody waits for a lease that serves nobody. */
  async #refuse({ keys }: Held, reason: string): Promise<undefined> {
    const { dc, worker, nonce } = keys.hold
    this.#held.delete(nonce)
    this.#copies.ended(worker)
    this.#options.log.warn({ dc, worker, reason }, 'time grant refused, the hold has ended')
    this.#options.onFlag?.({ kind: 'hold-refused', dc, worker, reason })
    await keys.letGo().catch(() => false)
    await keys.revokeLease()
  }
}

/** 8 bits of the snowflake layout. */
const WORKERS_MAX = 256
/** Most worker ids asked for in one acquisition: each is a round trip, and the next acquisition lists them anew. */
const TAKE_TRIES = 32
/** The next list shows who took them. */
const RETRY_MS = 100
/** A process needs 16 at most; tests have more. */
const HOLDS_MAX = 1024
const COPY_REFUSED =
  'the copy in PostgreSQL is not as this hold left it: another process used the worker id, or the authority moved'
