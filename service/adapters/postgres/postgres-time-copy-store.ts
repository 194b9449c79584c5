import { sql } from 'kysely'
import { invariant } from '../../core/invariant.ts'
import type { AuthorityStanding, TimeAuthorityRecords } from '../../ports/time-authority-records.ts'
import type {
  TimeAuthority,
  TimeAuthorityStore,
  TimeCopy,
  TimeCopyStore,
} from '../../ports/time-copy-store.ts'
import type { PostgresDatabase } from './database.ts'
import type { Session } from './session.ts'
import { fixAuthority, hasAuthority, knownStore } from './time-authority.ts'

/**
 * The copy of etcd's time grants: until_ms and copy_nonce of worker_times.
 *
 * Order of locks as in PostgresTimeGrantStore: time_authority (FOR SHARE, or FOR UPDATE to move it), then
 * worker_times. So a move waits for every extension under way, and every later one is refused.
 */
export class PostgresTimeCopyStore implements TimeCopyStore, TimeAuthorityRecords {
  readonly #database: PostgresDatabase

  constructor(database: PostgresDatabase) {
    this.#database = database
  }

  async nowMs(): Promise<number> {
    const query = this.#database.kysely.selectNoFrom(NOW_MS.as('now_ms'))
    const [row] = await this.#database.read("asking for the database's time", query)
    invariant(row !== undefined, 'a select without a table answers one row')
    return row.now_ms
  }

  async authority(dc: number, wanted: TimeAuthority): Promise<TimeAuthority> {
    return await this.#database.transaction('asking who grants time', (session) =>
      fixAuthority(this.#database, session, dc, wanted),
    )
  }

  async read(dc: number, worker: number): Promise<TimeCopy> {
    const query = this.#database.kysely
      .selectFrom('worker_times')
      .select(['until_ms', 'copy_nonce'])
      .where('dc', '=', dc)
      .where('worker', '=', worker)
    const [row] = await this.#database.read('reading the copy of a time grant', query)
    return { untilMs: row?.until_ms ?? 0, nonce: row?.copy_nonce ?? '' }
  }

  async replace(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean> {
    const lowestMs = Math.min(before.untilMs, after.untilMs)
    const highestMs = Math.max(before.untilMs, after.untilMs)
    return await this.#database.transaction('copying a time grant', async (session) => {
      if (!(await hasAuthority(this.#database, session, dc, 'etcd'))) return false
      const replaced = await session.write(
        this.#database.kysely
          .updateTable('worker_times')
          .set({ until_ms: after.untilMs, copy_nonce: after.nonce, updated_at: CLOCK })
          // Left from a time when the database granted: only there to be no greater than until_ms.
          .set({ held_from_ms: sql`least(held_from_ms, ${after.untilMs}::bigint)` })
          .where('dc', '=', dc)
          .where('worker', '=', worker)
          .where((eb) =>
            eb.or([
              eb.and([eb('until_ms', '=', before.untilMs), eb('copy_nonce', '=', before.nonce)]),
              eb.and([
                eb('copy_nonce', '=', after.nonce),
                eb('until_ms', '>=', lowestMs),
                eb('until_ms', '<=', highestMs),
              ]),
            ]),
          ),
      )
      return replaced === 1
    })
  }

  async readAll(dc: number): Promise<ReadonlyMap<number, number>> {
    const query = this.#database.kysely
      .selectFrom('worker_times')
      .select(['worker', 'until_ms'])
      .where('dc', '=', dc)
    const rows = await this.#database.read('reading the copies of all time grants', query)
    return new Map(rows.map(({ worker, until_ms }) => [worker, until_ms]))
  }

  async standing(dc: number): Promise<AuthorityStanding | undefined> {
    const { kysely } = this.#database
    return await this.#database.transaction('reading who grants time', async (session) => {
      // Locked, so that a move under way is waited for: whatever it comes to shows here.
      const row = await session.first(
        kysely
          .selectFrom('time_authority')
          .select(['store', 'layout_hash', 'moves'])
          .where('dc', '=', dc)
          .forShare(),
      )
      if (row === undefined) return undefined
      const holders = await session.rows(
        kysely
          .selectFrom('worker_times')
          .select(['worker', 'holder'])
          .where('dc', '=', dc)
          .where('lease_until', '>=', CLOCK)
          .orderBy('worker'),
      )
      return {
        store: knownStore(row.store),
        layoutHash: row.layout_hash,
        moves: row.moves,
        holders: holders.map(({ worker, holder }) => ({ worker, holder: holder ?? '' })),
      }
    })
  }

  async moveAuthority(
    dc: number,
    moves: number,
    to: TimeAuthorityStore,
    untilMs: ReadonlyMap<number, number>,
  ): Promise<boolean> {
    return await this.#database.transaction('moving the authority over time', async (session) => {
      const moved = await session.write(
        this.#database.kysely
          .updateTable('time_authority')
          .set({ store: to, moves: moves + 1, updated_at: CLOCK })
          .where('dc', '=', dc)
          .where('moves', '=', moves),
      )
      if (moved !== 1) return false
      await this.#forgetHolders(session, dc)
      for (const [worker, ms] of untilMs) await this.#raise(session, dc, worker, ms)
      return true
    })
  }

  #forgetHolders(session: Session, dc: number): Promise<number> {
    return session.write(
      this.#database.kysely
        .updateTable('worker_times')
        .set({ nonce: null, holder: null, lease_until: null, copy_nonce: '', updated_at: CLOCK })
        .where('dc', '=', dc),
    )
  }

  /** At most 256 of them, once in the life of an installation. */
  #raise(session: Session, dc: number, worker: number, ms: number): Promise<number> {
    return session.write(
      this.#database.kysely
        .updateTable('worker_times')
        .set({ until_ms: ms, updated_at: CLOCK })
        .where('dc', '=', dc)
        .where('worker', '=', worker)
        .where('until_ms', '<', ms),
    )
  }
}

/** clock_timestamp(), not now(): now() is the time at which the transaction began, before it waited for locks. */
const CLOCK = sql<Date>`clock_timestamp()`
const NOW_MS = sql<number>`floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
