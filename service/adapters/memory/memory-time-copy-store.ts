import { IdgenError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AuthorityStanding, TimeAuthorityRecords } from '../../ports/time-authority-records.ts'
import type {
  TimeAuthority,
  TimeAuthorityStore,
  TimeCopy,
  TimeCopyStore,
} from '../../ports/time-copy-store.ts'
import { FREE, MemoryWorkerTimes } from './memory-worker-times.ts'

/** `clock` is the store's own clock. Every call takes effect at once. */
export class MemoryTimeCopyStore implements TimeCopyStore, TimeAuthorityRecords {
  /** Why nobody can reach the store now; undefined: it is there. */
  away: string | undefined
  readonly #clock: Clock
  readonly #times: MemoryWorkerTimes

  constructor(clock: Clock, times = new MemoryWorkerTimes()) {
    this.#clock = clock
    this.#times = times
  }

  async nowMs(): Promise<number> {
    this.#enter()
    return this.#clock.nowMs()
  }

  async authority(dc: number, wanted: TimeAuthority): Promise<TimeAuthority> {
    this.#enter()
    return this.#times.fix(dc, wanted).authority
  }

  async read(dc: number, worker: number): Promise<TimeCopy> {
    this.#enter()
    const row = this.#times.find(dc)?.workers[worker]
    return { untilMs: row?.untilMs ?? 0, nonce: row?.copyNonce ?? '' }
  }

  async replace(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean> {
    this.#enter()
    const known = this.#times.find(dc)
    const row = known?.workers[worker]
    if (row === undefined || known?.authority.store !== 'etcd') return false
    const same = row.untilMs === before.untilMs && row.copyNonce === before.nonce
    const earlierTry =
      row.copyNonce === after.nonce &&
      row.untilMs >= Math.min(before.untilMs, after.untilMs) &&
      row.untilMs <= Math.max(before.untilMs, after.untilMs)
    if (!same && !earlierTry) return false
    row.untilMs = after.untilMs
    row.copyNonce = after.nonce
    row.heldFromMs = Math.min(row.heldFromMs, after.untilMs)
    return true
  }

  async readAll(dc: number): Promise<ReadonlyMap<number, number>> {
    this.#enter()
    const workers = this.#times.find(dc)?.workers ?? []
    return new Map(workers.map(({ untilMs }, worker) => [worker, untilMs]))
  }

  async standing(dc: number): Promise<AuthorityStanding | undefined> {
    this.#enter()
    const known = this.#times.find(dc)
    if (known === undefined) return undefined
    const nowMs = this.#clock.nowMs()
    const holders = [...known.workers.entries()]
      .filter(([, row]) => row.nonce !== undefined && row.leaseUntilMs >= nowMs)
      .map(([worker, { holder }]) => ({ worker, holder }))
    return { ...known.authority, moves: known.moves, holders }
  }

  async moveAuthority(
    dc: number,
    moves: number,
    to: TimeAuthorityStore,
    untilMs: ReadonlyMap<number, number>,
  ): Promise<boolean> {
    this.#enter()
    const known = this.#times.find(dc)
    if (known?.moves !== moves) return false
    this.#times.setAuthority(dc, { ...known.authority, store: to })
    for (const [worker, row] of known.workers.entries()) {
      row.untilMs = Math.max(row.untilMs, untilMs.get(worker) ?? 0)
      row.nonce = undefined
      row.leaseUntilMs = FREE
      row.copyNonce = ''
    }
    return true
  }

  #enter(): void {
    if (this.away === undefined) return
    throw new IdgenError('IDGEN_STORE_UNAVAILABLE', `The database cannot be reached: ${this.away}.`)
  }
}
