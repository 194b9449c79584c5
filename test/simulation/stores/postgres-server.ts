import { IdgenError } from '../../../service/core/errors.ts'
import type { Prng } from '../world/prng.ts'
import type { Tally } from '../world/tally.ts'
import { EPOCH_MS, type VirtualTime } from '../world/virtual-time.ts'
import type { PostgresState } from './postgres-state.ts'

/** What a server answers to COMMIT. Only the first counts (design.md section 2). */
export type CommitTag = 'COMMIT' | 'COMMIT with a notice' | 'ROLLBACK'

/** One transaction that locks a row. */
export interface Session {
  readonly server: PostgresServer
  readonly row: string
  ended: boolean
  idle: Disposable | undefined
}

export interface ServerIdentity {
  readonly system: string
  readonly timeline: number
  /** Counts starts of all servers of the cluster: no two are alike. */
  readonly start: number
}

export interface ServerSurroundings {
  readonly time: VirtualTime
  readonly random: Prng
  readonly tally: Tally
  /** Commits wait for the standby: what was answered with a plain COMMIT survives a failover. */
  readonly synchronous: boolean
}

/** One PostgreSQL server: row locks, a state that only commits change, and the older states it may be thrown back to. */
export class PostgresServer {
  readonly identity: ServerIdentity
  /** Of a commit, 0..1: answered with the tag ROLLBACK, with a notice, or not at all though it was done. */
  readonly trouble = { rollback: 0, notice: 0, silent: 0 }
  down: string | undefined
  /** How far its wall clock is ahead of true time: says which date a tag writes. A promoted standby has a clock of its own. */
  aheadMs = 0
  readonly #around: ServerSurroundings
  readonly #states: PostgresState[]
  /** Index of the newest state that the standby has for certain. */
  #safe = 0
  readonly #locks = new Map<string, Session>()
  readonly #queues = new Map<string, { readonly session: Session; readonly lock: () => void }[]>()
  readonly #sessions = new Set<Session>()

  constructor(identity: ServerIdentity, state: PostgresState, around: ServerSurroundings) {
    this.identity = identity
    this.#states = [state]
    this.#around = around
  }

  get history(): string {
    const { system, timeline, start } = this.identity
    return `${system}/${timeline}/${start}`
  }

  get wallMs(): number {
    return Math.floor(EPOCH_MS + this.#around.time.nowMs + this.aheadMs)
  }

  get state(): PostgresState {
    const newest = this.#states.at(-1)
    if (newest === undefined) throw new Error('a server always has a state')
    return newest
  }

  /** The state without its last `commits` commits, as far as a standby may lack them. */
  before(commits: number): PostgresState {
    const least = this.#around.synchronous ? this.#safe : 0
    return this.#states[Math.max(least, this.#states.length - 1 - commits)] ?? this.state
  }

  /** The last `commits` commits are gone and nothing shows it: the memory of the machine was rolled back. */
  forgetInvisibly(commits: number): void {
    this.dropAll()
    this.#states.length = Math.max(1, this.#states.length - commits)
  }

  /** How many commits a standby may lack. */
  get lossesMax(): number {
    return this.#states.length - 1 - (this.#around.synchronous ? this.#safe : 0)
  }

  /** A connection that is going to lock `row`. */
  connect(row: string): Session {
    return { server: this, row, ended: false, idle: undefined }
  }

  /**
   * Resolves when the row is locked. A client that left meanwhile is noticed then, not before.
   * @throws IDGEN_STORE_UNAVAILABLE when the connection is closed
   */
  async lock(session: Session): Promise<void> {
    const { row } = session
    if (session.ended) throw connectionLost('the connection is closed')
    this.#sessions.add(session)
    if (this.#locks.has(row)) {
      this.#around.tally.add('waited for a row lock')
      await new Promise<void>((resolve) => {
        const queue = this.#queues.get(row) ?? []
        this.#queues.set(row, queue)
        queue.push({ session, lock: resolve })
      })
    }
    this.#locks.set(row, session)
    this.#watch(session)
  }

  /** A client that is silent for too long is dropped, and its transaction rolled back. */
  #watch(session: Session): void {
    session.idle?.[Symbol.dispose]()
    session.idle = this.#around.time.after(IDLE_MAX_MS, () => {
      if (session.ended) return
      this.#around.tally.add('row lock freed from a silent client')
      this.end(session)
    })
  }

  end(session: Session): void {
    if (session.ended) return
    session.ended = true
    session.idle?.[Symbol.dispose]()
    this.#sessions.delete(session)
    if (this.#locks.get(session.row) !== session) return
    this.#locks.delete(session.row)
    const queue = this.#queues.get(session.row) ?? []
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.session.ended) continue
      this.#locks.set(session.row, next.session)
      next.lock()
      return
    }
  }

  /** The server goes: every connection breaks. */
  dropAll(): void {
    for (const session of this.#sessions) {
      session.ended = true
      session.idle?.[Symbol.dispose]()
    }
    this.#sessions.clear()
    this.#locks.clear()
    this.#queues.clear()
  }

  /** @throws where the connection is gone; never resolves where the answer is lost with it */
  async commitSession(session: Session, change: (state: PostgresState) => PostgresState): Promise<CommitTag> {
    if (session.ended) throw connectionLost('the connection was closed by the server')
    const tag = this.#commit(change)
    this.end(session)
    return await tag
  }

  /** A transaction of one statement. `change` returns the state as it was where it changes nothing. */
  async transact<T>(
    change: (state: PostgresState) => { readonly state: PostgresState; readonly result: T },
  ): Promise<{ readonly tag: CommitTag; readonly result: T }> {
    const made = change(this.state)
    if (made.state === this.state) return { tag: 'COMMIT', result: made.result }
    return { tag: await this.#commit(() => made.state), result: made.result }
  }

  #commit(change: (state: PostgresState) => PostgresState): Promise<CommitTag> {
    const { random, tally, synchronous } = this.#around
    if (random.chance(this.trouble.rollback)) {
      tally.add('COMMIT answered ROLLBACK')
      return Promise.resolve('ROLLBACK')
    }
    this.#states.push(change(this.state))
    if (this.#states.length > STATES_MAX) {
      this.#states.shift()
      this.#safe = Math.max(0, this.#safe - 1)
    }
    if (random.chance(this.trouble.notice)) {
      tally.add('COMMIT answered with a notice')
      return Promise.resolve('COMMIT with a notice')
    }
    if (random.chance(this.trouble.silent)) {
      tally.add('COMMIT done, answer lost')
      return new Promise(() => {})
    }
    if (synchronous) this.#safe = this.#states.length - 1
    return Promise.resolve('COMMIT')
  }
}

export function connectionLost(why: string): IdgenError {
  return new IdgenError('IDGEN_STORE_UNAVAILABLE', `The database did not answer: ${why}.`)
}

/** As idle_in_transaction_session_timeout and TCP keep-alive together. */
const IDLE_MAX_MS = 4000
/** No standby is further behind. */
const STATES_MAX = 300
