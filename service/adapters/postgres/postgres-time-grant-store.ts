import { sql } from 'kysely'
import { IdgenError } from '../../core/errors.ts'
import { invariant } from '../../core/invariant.ts'
import type { TimeAuthorityStore } from '../../ports/time-copy-store.ts'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../../ports/time-grant-store.ts'
import type { PostgresDatabase } from './database.ts'
import type { Session } from './session.ts'
import { fixAuthority, hasAuthority, WORKERS_MAX } from './time-authority.ts'

export interface TimeGrantStoreOptions {
  /** Worker ids 0..workers-1 of each data centre; default 256, what 8 bits hold. */
  readonly workers?: number
}

/**
 * Time grants out of PostgreSQL, for installations without etcd: the same rules, decided by row locks and a
 * compare-and-set on (nonce, revision, until_ms). All times are the database's, never this machine's.
 *
 * Order of locks in every transaction: time_authority FOR SHARE, then one worker_times row.
 */
export class PostgresTimeGrantStore implements TimeGrantStore {
  readonly #database: PostgresDatabase
  readonly #workers: number

  constructor(database: PostgresDatabase, options: TimeGrantStoreOptions = {}) {
    this.#database = database
    this.#workers = options.workers ?? WORKERS_MAX
    invariant(this.#workers >= 1 && this.#workers <= WORKERS_MAX, 'a worker id has 8 bits')
  }

  async nowMs(): Promise<number> {
    const query = this.#database.kysely.selectNoFrom(NOW_MS.as('now_ms'))
    const [row] = await this.#database.read("asking for the database's time", query)
    invariant(row !== undefined, 'a select without a table answers one row')
    return row.now_ms
  }

  async acquire(request: HoldRequest): Promise<TimeHold> {
    return await this.#database.transaction('acquiring a worker id', async (session) => {
      await this.#checkAuthority(session, request)
      const free = await this.#lockFree(session, request.dc)
      if (free === undefined) throw await this.#noneFree(session, request.dc)
      const { dc, nonce } = request
      const revision = free.revision + 1
      await session.write(
        this.#database.kysely
          .updateTable('worker_times')
          .set({ nonce, revision, holder: request.holder, held_from_ms: free.until_ms })
          .set({ lease_until: leaseEnd(request.leaseMs), updated_at: CLOCK })
          .where('dc', '=', dc)
          .where('worker', '=', free.worker),
      )
      return { dc, worker: free.worker, nonce, revision, untilMs: free.until_ms }
    })
  }

  async extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined> {
    invariant(untilMs >= hold.untilMs, 'an extension never lowers the window')
    return await this.#database.transaction('extending a time grant', async (session) => {
      if (!(await hasAuthority(this.#database, session, hold.dc, STORE))) return undefined
      const raised = await session.write(
        this.#database.kysely
          .updateTable('worker_times')
          .set({ until_ms: untilMs, lease_until: leaseEnd(leaseMs), updated_at: CLOCK })
          .where('dc', '=', hold.dc)
          .where('worker', '=', hold.worker)
          .where('nonce', '=', hold.nonce)
          .where('revision', '=', hold.revision)
          // An earlier try with an unknown outcome may have raised it already, but only up to what it asked for.
          .where('until_ms', '>=', hold.untilMs)
          .where('until_ms', '<=', untilMs),
      )
      return raised === 1 ? { ...hold, untilMs } : undefined
    })
  }

  async release(hold: TimeHold, untilMs: number): Promise<boolean> {
    return await this.#database.transaction('releasing a worker id', async (session) => {
      const freed = await session.write(
        this.#database.kysely
          .updateTable('worker_times')
          // Never below what this hold began with: that time belonged to an earlier holder.
          .set({ until_ms: sql`greatest(${untilMs}::bigint, held_from_ms)` })
          .set({ nonce: null, holder: null, lease_until: null, updated_at: CLOCK })
          .where('dc', '=', hold.dc)
          .where('worker', '=', hold.worker)
          .where('nonce', '=', hold.nonce)
          .where('revision', '=', hold.revision),
      )
      return freed === 1
    })
  }

  /** The first holder of a data centre records store and layout; everybody after him must match. */
  async #checkAuthority(session: Session, { dc, layoutHash }: HoldRequest): Promise<void> {
    const found = await fixAuthority(this.#database, session, dc, { store: STORE, layoutHash })
    if (found.store !== STORE) throw otherStore(dc, found.store)
    if (found.layoutHash === layoutHash) return
    throw new IdgenError(
      'IDGEN_LAYOUT_MISMATCH',
      `Data centre ${dc} stamps with the snowflake layout ${found.layoutHash}, this process is configured for ${layoutHash}: two layouts would make equal IDs. Set the recorded layout.`,
    )
  }

  /** The free worker id used longest ago. Rows that others are just taking are skipped, not waited for. */
  #lockFree(
    session: Session,
    dc: number,
  ): Promise<{ worker: number; revision: number; until_ms: number } | undefined> {
    return session.first(
      this.#database.kysely
        .selectFrom('worker_times')
        .select(['worker', 'revision', 'until_ms'])
        .where('dc', '=', dc)
        .where('worker', '<', this.#workers)
        .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<', CLOCK)]))
        .where('until_ms', '<=', NOW_MS)
        .orderBy('until_ms')
        .orderBy('worker')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
  }

  async #noneFree(session: Session, dc: number): Promise<IdgenError> {
    const soonest = await session.first(
      this.#database.kysely
        .selectFrom('worker_times')
        .select((eb) => [
          sql<number>`min(greatest(until_ms, coalesce(${epochMs('lease_until')}, 0)) - ${NOW_MS})`.as(
            'wait_ms',
          ),
          eb.fn.countAll<number>().filterWhere('lease_until', '>=', CLOCK).as('held'),
        ])
        .where('dc', '=', dc)
        .where('worker', '<', this.#workers),
    )
    const held = soonest?.held ?? 0
    const why =
      held === this.#workers
        ? `all ${this.#workers} are held by other processes`
        : `${held} of ${this.#workers} are held and the time of the others lies ahead of the database's clock`
    return new IdgenError('IDGEN_WORKER_UNAVAILABLE', `Data centre ${dc} has no free worker id: ${why}.`, {
      retryAfterMs: Math.min(Math.max(soonest?.wait_ms ?? 0, RETRY_MIN_MS), RETRY_MAX_MS),
    })
  }
}

/** clock_timestamp(), not now(): now() is the time at which the transaction began, before it waited for locks. */
const CLOCK = sql<Date>`clock_timestamp()`
const NOW_MS = sql<number>`floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
const STORE = 'postgres'
/** A row locked at this very moment looks free and is not. */
const RETRY_MIN_MS = 100
/** A holder may end earlier than his lease, so nobody waits for one longer than this. */
const RETRY_MAX_MS = 30_000

function epochMs(column: string) {
  return sql<number>`floor(extract(epoch FROM ${sql.ref(column)}) * 1000)::bigint`
}

function leaseEnd(leaseMs: number) {
  return sql<Date>`clock_timestamp() + ${leaseMs}::int * interval '1 millisecond'`
}

function otherStore(dc: number, store: TimeAuthorityStore): IdgenError {
  const message =
    store === 'moving'
      ? `The time of data centre ${dc} is moving to another store. Wait, or run idgen coordination switch again if it was interrupted.`
      : `The time of data centre ${dc} is granted by ${store}, this process is configured for PostgreSQL. Configure ${store}, or move the authority with idgen coordination switch.`
  return new IdgenError('IDGEN_COORDINATION_MISMATCH', message)
}
