import type { TimeAuthority, TimeCopy, TimeCopyStore } from '../../../service/ports/time-copy-store.ts'
import { EPOCH_MS, type VirtualTime } from '../world/virtual-time.ts'
import type { PostgresClient } from './postgres-client.ts'
import { type PostgresState, timeOf, withAuthority, withTime } from './postgres-state.ts'

export interface SimTimeCopiesOptions {
  readonly client: PostgresClient
  readonly time: VirtualTime
  /** The limits of the promise ask for an answer now (checks/promise-limits.ts). */
  readonly spared: () => boolean
  /** How the last look at the copy went, for those limits. */
  readonly onAnswer: (answered: boolean) => void
}

/** The copy of time grants in a simulated PostgreSQL, as service/adapters/postgres/postgres-time-copy-store.ts. */
export class SimTimeCopies implements TimeCopyStore {
  readonly #options: SimTimeCopiesOptions

  constructor(options: SimTimeCopiesOptions) {
    this.#options = options
  }

  async nowMs(): Promise<number> {
    const { client, time } = this.#options
    return await client.ask('time: now', () => Math.floor(EPOCH_MS + time.nowMs))
  }

  async authority(dc: number, wanted: TimeAuthority): Promise<TimeAuthority> {
    return await this.#transact(`authority of dc ${dc}`, (before) => {
      const state = withAuthority(before, dc, wanted)
      return { state, result: state.authority.get(dc) ?? wanted }
    })
  }

  async read(dc: number, worker: number): Promise<TimeCopy> {
    return await this.#transact(`copy of ${dc}/${worker}: read`, (state) => {
      const { untilMs, copyNonce } = timeOf(state, dc, worker)
      return { state, result: { untilMs, nonce: copyNonce } }
    })
  }

  async replace(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean> {
    return await this.#transact(`copy of ${dc}/${worker}: ${before.untilMs} to ${after.untilMs}`, (state) => {
      const row = timeOf(state, dc, worker)
      const same = row.untilMs === before.untilMs && row.copyNonce === before.nonce
      const earlierTry =
        row.copyNonce === after.nonce &&
        row.untilMs >= Math.min(before.untilMs, after.untilMs) &&
        row.untilMs <= Math.max(before.untilMs, after.untilMs)
      if (state.authority.get(dc)?.store !== 'etcd' || (!same && !earlierTry)) return { state, result: false }
      const { untilMs, nonce: copyNonce } = after
      const heldFromMs = Math.min(row.heldFromMs, untilMs)
      return { state: withTime(state, dc, worker, { ...row, untilMs, copyNonce, heldFromMs }), result: true }
    })
  }

  async readAll(dc: number): Promise<ReadonlyMap<number, number>> {
    return await this.#options.client.ask('copies: read all', ({ state }) => {
      const found = new Map<number, number>()
      for (const [key, { untilMs }] of state.times) {
        const [of, worker] = key.split('/')
        if (Number(of) === dc) found.set(Number(worker), untilMs)
      }
      return found
    })
  }

  async #transact<T>(
    what: string,
    change: (state: PostgresState) => { readonly state: PostgresState; readonly result: T },
  ): Promise<T> {
    const { client, spared, onAnswer } = this.#options
    try {
      const result = await client.transact(what, change, spared())
      onAnswer(true)
      return result
    } catch (thrown) {
      onAnswer(false)
      throw thrown
    }
  }
}
