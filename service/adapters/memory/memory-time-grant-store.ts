import { IdgenError } from '../../core/errors.ts'
import { invariant } from '../../core/invariant.ts'
import type { Clock } from '../../ports/clock.ts'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../../ports/time-grant-store.ts'
import { FREE, MemoryWorkerTimes, type WorkerTimeRow } from './memory-worker-times.ts'

export interface MemoryTimeGrantOptions {
  /** Worker ids 0..workers-1 of each data centre; default 256. */
  readonly workers?: number
}

/** `clock` is the store's own clock: give it another one than the holders' to test clocks that disagree. */
export class MemoryTimeGrantStore implements TimeGrantStore {
  readonly #clock: Clock
  readonly #workers: number
  readonly #times: MemoryWorkerTimes

  constructor(clock: Clock, options: MemoryTimeGrantOptions = {}, times = new MemoryWorkerTimes()) {
    this.#clock = clock
    this.#workers = options.workers ?? WORKERS_MAX
    this.#times = times
  }

  /** Another view of the same data, with fewer worker ids to choose from. */
  limitedTo(workers: number): MemoryTimeGrantStore {
    return new MemoryTimeGrantStore(this.#clock, { workers }, this.#times)
  }

  /** Lets the lease of this hold run out at once, without moving the clock. */
  endLease(hold: TimeHold): void {
    const time = this.#held(hold)
    if (time !== undefined) time.leaseUntilMs = FREE
  }

  async nowMs(): Promise<number> {
    return this.#clock.nowMs()
  }

  async acquire({ dc, nonce, holder, leaseMs, layoutHash }: HoldRequest): Promise<TimeHold> {
    const workers = this.#dataCentre(dc, layoutHash).workers.slice(0, this.#workers)
    const nowMs = this.#clock.nowMs()
    let chosen = -1
    for (const [worker, { leaseUntilMs, untilMs }] of workers.entries()) {
      if (leaseUntilMs >= nowMs || untilMs > nowMs) continue
      if (chosen < 0 || untilMs < (workers[chosen]?.untilMs ?? 0)) chosen = worker
    }
    const free = workers[chosen]
    if (free === undefined) throw noneFree(dc, workers, nowMs)
    free.nonce = nonce
    free.holder = holder
    free.revision += 1
    free.heldFromMs = free.untilMs
    free.leaseUntilMs = nowMs + leaseMs
    return { dc, worker: chosen, nonce, revision: free.revision, untilMs: free.untilMs }
  }

  async extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined> {
    invariant(untilMs >= hold.untilMs, 'an extension never lowers the window')
    const time = this.#held(hold)
    if (time === undefined || time.untilMs < hold.untilMs || time.untilMs > untilMs) return undefined
    if (this.#times.find(hold.dc)?.authority.store !== STORE) return undefined
    time.untilMs = untilMs
    time.leaseUntilMs = this.#clock.nowMs() + leaseMs
    return { ...hold, untilMs }
  }

  async release(hold: TimeHold, untilMs: number): Promise<boolean> {
    const time = this.#held(hold)
    if (time === undefined) return false
    time.untilMs = Math.max(untilMs, time.heldFromMs)
    time.nonce = undefined
    time.leaseUntilMs = FREE
    return true
  }

  #held(hold: TimeHold): WorkerTimeRow | undefined {
    const time = this.#times.find(hold.dc)?.workers[hold.worker]
    return time?.nonce === hold.nonce && time.revision === hold.revision ? time : undefined
  }

  #dataCentre(dc: number, layoutHash: string): { readonly workers: readonly WorkerTimeRow[] } {
    const known = this.#times.fix(dc, { store: STORE, layoutHash })
    const { store, layoutHash: recorded } = known.authority
    if (store !== STORE)
      throw new IdgenError(
        'IDGEN_COORDINATION_MISMATCH',
        `The time of data centre ${dc} is granted by ${store}; move it with idgen coordination switch.`,
      )
    if (recorded === layoutHash) return known
    throw new IdgenError(
      'IDGEN_LAYOUT_MISMATCH',
      `Data centre ${dc} stamps with the snowflake layout ${recorded}, this process is configured for ${layoutHash}.`,
    )
  }
}

function noneFree(dc: number, workers: readonly WorkerTimeRow[], nowMs: number): IdgenError {
  const soonestMs = Math.min(...workers.map((time) => Math.max(time.untilMs, time.leaseUntilMs)))
  return new IdgenError('IDGEN_WORKER_UNAVAILABLE', `Data centre ${dc} has no free worker id.`, {
    retryAfterMs: Math.min(Math.max(1, soonestMs - nowMs), RETRY_MAX_MS),
  })
}

const STORE = 'postgres'
/** A holder may end earlier than his lease, so nobody waits for one longer than this. */
const RETRY_MAX_MS = 30_000
/** 8 bits of the snowflake layout. */
const WORKERS_MAX = 256
