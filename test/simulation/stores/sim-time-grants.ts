import { IdgenError } from '../../../service/core/errors.ts'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../../../service/ports/time-grant-store.ts'
import { EPOCH_MS, type VirtualTime } from '../world/virtual-time.ts'
import type { PostgresClient } from './postgres-client.ts'
import { type PostgresState, type TimeRow, timeOf, withAuthority, withTime } from './postgres-state.ts'

export interface SimTimeGrantsOptions {
  readonly client: PostgresClient
  readonly time: VirtualTime
  readonly workers: number
}

/** Time grants where there is no etcd, as service/adapters/postgres/postgres-time-grant-store.ts. */
export class SimTimeGrants implements TimeGrantStore {
  readonly #options: SimTimeGrantsOptions

  constructor(options: SimTimeGrantsOptions) {
    this.#options = options
  }

  async nowMs(): Promise<number> {
    return await this.#options.client.ask('time: now', () => this.#now())
  }

  async acquire({ dc, nonce, leaseMs, layoutHash }: HoldRequest): Promise<TimeHold> {
    return await this.#options.client.transact(`acquire in dc ${dc}`, (before) => {
      const state = withAuthority(before, dc, { store: 'postgres', layoutHash })
      const worker = this.#longestAgo(state, dc)
      if (worker === undefined)
        throw new IdgenError('IDGEN_WORKER_UNAVAILABLE', `Data centre ${dc} has no free worker id.`)
      const row = timeOf(state, dc, worker)
      const revision = row.revision + 1
      const taken: TimeRow = {
        ...row,
        nonce,
        revision,
        heldFromMs: row.untilMs,
        leaseUntilMs: this.#now() + leaseMs,
      }
      return {
        state: withTime(state, dc, worker, taken),
        result: { dc, worker, nonce, revision, untilMs: row.untilMs },
      }
    })
  }

  async extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined> {
    const what = `extend ${hold.dc}/${hold.worker} to ${untilMs}`
    return await this.#options.client.transact<TimeHold | undefined>(what, (state) => {
      const row = this.#held(state, hold)
      if (row === undefined || row.untilMs < hold.untilMs || row.untilMs > untilMs)
        return { state, result: undefined }
      const raised = { ...row, untilMs, leaseUntilMs: this.#now() + leaseMs }
      return { state: withTime(state, hold.dc, hold.worker, raised), result: { ...hold, untilMs } }
    })
  }

  async release(hold: TimeHold, untilMs: number): Promise<boolean> {
    return await this.#options.client.transact(`release ${hold.dc}/${hold.worker} at ${untilMs}`, (state) => {
      const row = this.#held(state, hold)
      if (row === undefined) return { state, result: false }
      const leaseUntilMs = Number.NEGATIVE_INFINITY
      const freed = { ...row, untilMs: Math.max(untilMs, row.heldFromMs), nonce: undefined, leaseUntilMs }
      return { state: withTime(state, hold.dc, hold.worker, freed), result: true }
    })
  }

  #held(state: PostgresState, { dc, worker, nonce, revision }: TimeHold): TimeRow | undefined {
    const row = timeOf(state, dc, worker)
    return row.nonce === nonce && row.revision === revision ? row : undefined
  }

  #longestAgo(state: PostgresState, dc: number): number | undefined {
    const nowMs = this.#now()
    let chosen: number | undefined
    for (let worker = 0; worker < this.#options.workers; worker += 1) {
      const { leaseUntilMs, untilMs } = timeOf(state, dc, worker)
      if (leaseUntilMs >= nowMs || untilMs > nowMs) continue
      if (chosen === undefined || untilMs < timeOf(state, dc, chosen).untilMs) chosen = worker
    }
    return chosen
  }

  #now(): number {
    return Math.floor(EPOCH_MS + this.#options.time.nowMs)
  }
}
