import { authorityKey, workerKey, workerTimeKey } from '../core/coordination-keys.ts'
import type { Compare, Coordinator, CoordinatorOutcome } from '../ports/coordinator.ts'
import type { TimeHold } from '../ports/time-grant-store.ts'
import { parseTime, printTime } from './worker-record.ts'

/** What `raise` and `lower` found: done, or why the store refuses this hold for good. */
export type HoldVerdict = 'done' | { readonly refused: string }

export interface WorkerHoldOptions {
  readonly coordinator: Coordinator
  /** As acquired. */
  readonly hold: TimeHold
  readonly leaseId: string
  /** The exact texts of the holder key and of the authority record, compared by every transaction. */
  readonly holderText: string
  readonly authorityText: string
  /** Of the worker's time, as the acquiring transaction read it; undefined: it was never used. */
  readonly timeText: string | undefined
}

/**
 * The keys of one hold in etcd. Every transaction compares who holds the worker id (create-revision and nonce: a
 * restored etcd may count revisions again), who grants time, and the exact time last known, so that an older
 * transaction that arrives late changes nothing.
 */
export class WorkerHold {
  readonly #options: WorkerHoldOptions
  readonly #holderKey: string
  readonly #timeKey: string
  readonly #authorityKey: string
  #timeText: string | undefined

  constructor(options: WorkerHoldOptions) {
    const { dc, worker } = options.hold
    this.#options = options
    this.#timeText = options.timeText
    this.#holderKey = workerKey(dc, worker)
    this.#timeKey = workerTimeKey(dc, worker)
    this.#authorityKey = authorityKey(dc)
  }

  get hold(): TimeHold {
    return this.#options.hold
  }

  /** false: not known to be prolonged. A lease that is gone took the holder key along, and `raise` is refused. */
  async keepAlive(): Promise<boolean> {
    const { coordinator, leaseId } = this.#options
    try {
      return await coordinator.keepAlive(leaseId)
    } catch {
      // The transaction beside it meets the same fault and reports it.
      return false
    }
  }

  /**
   * Raises the worker's time to `untilMs`. Where an earlier try of this hold with an unknown outcome raised it already,
   * to between `knownMs` and `untilMs`, it goes on from there. A time that another hold wrote never is such a try: a
   * switch of the authority carries over what others used in the meantime.
   * @throws IDGEN_COORDINATION_UNAVAILABLE outcome unknown
   */
  async raise(knownMs: number, untilMs: number): Promise<HoldVerdict> {
    let refused = ''
    for (let attempt = 0; attempt < RAISE_TRIES; attempt += 1) {
      const outcome = await this.#put(untilMs, [])
      if (outcome.succeeded) return 'done'
      refused = this.#whyRefused(outcome)
      const text = outcome.entries.get(this.#timeKey)?.value
      const found = text === undefined ? undefined : parseTime(text)
      if (refused !== '') break
      refused = `its time stands at ${found?.untilMs ?? 'nothing'} and not at ${knownMs}: etcd was restored, or somebody edited it`
      if (found?.nonce !== this.hold.nonce || found.untilMs < knownMs || found.untilMs > untilMs) break
      this.#timeText = text
    }
    return { refused }
  }

  /**
   * Whether etcd still has what `raise` wrote last. Asked after the copy in PostgreSQL was written: a restored etcd may
   * have forgotten the time meanwhile and given the worker id to somebody, whose copy a restored PostgreSQL forgot.
   * @throws IDGEN_COORDINATION_UNAVAILABLE
   */
  async confirm(): Promise<HoldVerdict> {
    const outcome = await this.#options.coordinator.transact({
      compare: this.#standing(),
      change: [],
      read: [this.#holderKey, this.#timeKey, this.#authorityKey],
    })
    if (outcome.succeeded) return 'done'
    const refused = this.#whyRefused(outcome)
    return { refused: refused === '' ? 'etcd forgot the time it had just granted: it was restored' : refused }
  }

  /** Lowers the worker's time and lets the worker id go, in one transaction. false: refused, nothing was changed. */
  async lowerAndLetGo(untilMs: number): Promise<boolean> {
    return (await this.#put(untilMs, [{ delete: this.#holderKey }])).succeeded
  }

  /** Lets the worker id go and leaves its time. false: somebody else holds it by now. */
  async letGo(): Promise<boolean> {
    const { succeeded } = await this.#options.coordinator.transact({
      compare: this.#holder(),
      change: [{ delete: this.#holderKey }],
    })
    return succeeded
  }

  /** The lease belongs to this hold alone. Never rejects: where it fails the lease runs out by itself. */
  async revokeLease(): Promise<void> {
    const { coordinator, leaseId } = this.#options
    await coordinator.revokeLease(leaseId).catch(() => {})
  }

  async #put(untilMs: number, more: readonly { readonly delete: string }[]): Promise<CoordinatorOutcome> {
    const { coordinator, hold } = this.#options
    const value = printTime({ untilMs, nonce: hold.nonce })
    const outcome = await coordinator.transact({
      compare: this.#standing(),
      change: [{ put: this.#timeKey, value }, ...more],
      read: [this.#holderKey, this.#timeKey, this.#authorityKey],
    })
    if (outcome.succeeded) this.#timeText = value
    return outcome
  }

  /** The worker id is this hold's, the authority unchanged, and the time is what this hold last knew. */
  #standing(): Compare[] {
    const time = this.#timeText
    return [
      ...this.#holder(),
      { key: this.#authorityKey, value: this.#options.authorityText },
      time === undefined ? { key: this.#timeKey, createRevision: 0 } : { key: this.#timeKey, value: time },
    ]
  }

  #holder(): Compare[] {
    const { hold, holderText } = this.#options
    return [
      { key: this.#holderKey, createRevision: hold.revision },
      { key: this.#holderKey, value: holderText },
    ]
  }

  /** '' when only the time differs. */
  #whyRefused({ entries }: CoordinatorOutcome): string {
    const { hold, holderText, authorityText } = this.#options
    // First of all: a switch of the authority also ends the holds, and it is what people must hear of.
    const authority = entries.get(this.#authorityKey)?.value
    if (authority !== authorityText) return `the authority record says ${authority ?? 'nothing'} by now`
    const holder = entries.get(this.#holderKey)
    if (holder === undefined) return 'its lease ran out'
    return holder.createRevision === hold.revision && holder.value === holderText
      ? ''
      : 'another process holds it'
  }
}

/** The second one after what an earlier try had left was read; a third would meet a fault that is not ours. */
const RAISE_TRIES = 2
