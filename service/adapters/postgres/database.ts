import { type Compilable, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { IdgenError } from '../../core/errors.ts'
import type { Log } from '../../ports/log.ts'
import { NO_TRACER, type Span, type Tracer, traced } from '../../ports/tracer.ts'
import { parseInt8 } from './int8.ts'
import { PooledClient } from './pooled-client.ts'
import { fromPostgres } from './postgres-error.ts'
import { begin, commit, Session } from './session.ts'
import type { Tables } from './tables.ts'

export interface DatabaseOptions {
  /** postgres://user:password@host:port/database?sslmode=… */
  readonly url: string
  readonly log: Log
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
  /** Most connections of this process; default 100. The server's max_connections must allow it. */
  readonly poolMax?: number
  /** Connections kept when idle; default 10. */
  readonly poolMin?: number
  /** Longest wait for a connection, milliseconds; default 5000. Then IDGEN_STORE_UNAVAILABLE. */
  readonly acquireTimeoutMs?: number
  /** Longest time for one transaction or read, milliseconds; default 10000. Then its connection is dropped. */
  readonly deadlineMs?: number
  /** What pg_stat_activity shows; default `idgen`. */
  readonly applicationName?: string
}

export interface PoolStats {
  readonly max: number
  readonly total: number
  readonly idle: number
  /** Callers waiting for a connection. */
  readonly waiting: number
}

/** The connection pool and the two ways to use it: one read, or one transaction whose commit was checked. */
export class PostgresDatabase {
  /** Builds queries and runs migrations; the stores run what it builds through `read` and `transaction`. */
  readonly kysely: Kysely<Tables>
  readonly #pool: pg.Pool
  readonly #poolMax: number
  readonly #deadlineMs: number
  readonly #tracer: Tracer

  constructor(options: DatabaseOptions) {
    this.#poolMax = options.poolMax ?? 100
    this.#deadlineMs = options.deadlineMs ?? 10_000
    this.#tracer = options.tracer ?? NO_TRACER
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: this.#poolMax,
      min: Math.min(options.poolMin ?? 10, this.#poolMax),
      connectionTimeoutMillis: options.acquireTimeoutMs ?? 5000,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      application_name: options.applicationName ?? 'idgen',
      keepAlive: true,
      types: exactTypes(),
    })
    this.#pool.on('error', (error) => {
      // While closing, the server may end a connection before our goodbye reached it.
      if (!this.#pool.ending) options.log.warn({ err: error }, 'idle database connection lost')
    })
    // A connection that breaks while it is lent emits 'error' too; without a listener Node ends the process. The
    // statement that runs on it gets the same error.
    this.#pool.on('connect', (client) => client.on('error', () => {}))
    this.kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.#pool }) })
  }

  /** One statement that changes nothing. `doing` completes "The database failed while …". */
  read<R>(doing: string, query: Compilable<R>, deadlineMs = this.#deadlineMs): Promise<R[]> {
    return this.#traced(doing, () => this.#read(doing, query, deadlineMs))
  }

  async #read<R>(doing: string, query: Compilable<R>, deadlineMs: number): Promise<R[]> {
    using lent = await this.#lend(doing, deadlineMs)
    try {
      const rows = await new Session(lent.client, this.#tracer).rows(query)
      lent.giveBack()
      return rows
    } catch (thrown) {
      if (leavesConnectionUsable(thrown)) lent.giveBack()
      throw fromPostgres(thrown, doing)
    }
  }

  /**
   * Runs `work` in one transaction. Resolves only after a checked commit; an error of `work` rolls back.
   * @throws IDGEN_STORE_UNAVAILABLE when the database does not answer, or when the outcome of the commit is unknown:
   * the caller must then treat everything as both done and not done (a grant is burnt)
   */
  transaction<T>(doing: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#traced(doing, () => this.#transaction(doing, work))
  }

  async #transaction<T>(doing: string, work: (session: Session) => Promise<T>): Promise<T> {
    using lent = await this.#lend(doing, this.#deadlineMs)
    let value: T
    try {
      await begin(lent.client)
      value = await work(new Session(lent.client, this.#tracer))
    } catch (thrown) {
      await rollBack(lent, thrown)
      throw fromPostgres(thrown, doing)
    }
    try {
      await traced(this.#tracer, COMMIT_STEP, () => commit(lent.client))
    } catch (thrown) {
      throw new IdgenError(
        'IDGEN_STORE_UNAVAILABLE',
        `It is unknown whether the database kept the result of ${doing}; nothing of it is used.`,
        { cause: thrown },
      )
    }
    lent.giveBack()
    return value
  }

  /** undefined while the database answers within `deadlineMs`, else why not. Never rejects. */
  async health(deadlineMs = 1000): Promise<string | undefined> {
    try {
      await this.read('checking its health', this.kysely.selectNoFrom(sql<number>`1`.as('one')), deadlineMs)
      return undefined
    } catch (thrown) {
      return IdgenError.from(thrown).message
    }
  }

  poolStats(): PoolStats {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return { max: this.#poolMax, total: totalCount, idle: idleCount, waiting: waitingCount }
  }

  /** Closes idle connections and waits for lent ones, at most CLOSE_DEADLINE_MS: a dead server never says goodbye. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, CLOSE_DEADLINE_MS)
    await Promise.race([this.#pool.end(), late.promise])
    clearTimeout(timer)
  }

  #traced<T>(doing: string, work: (span: Span | undefined) => Promise<T>): Promise<T> {
    // `doing` is one of a few dozen: names of tags and the like stand in the parameters, which are not recorded.
    return traced(this.#tracer, { name: `postgresql: ${doing}`, kind: 'client', facts: POSTGRES }, work)
  }

  async #lend(doing: string, deadlineMs: number): Promise<PooledClient> {
    try {
      return new PooledClient(await this.#pool.connect(), deadlineMs)
    } catch (thrown) {
      throw fromPostgres(thrown, doing)
    }
  }
}

const POSTGRES = { 'db.system.name': 'postgresql' } as const
const COMMIT_STEP = { name: 'COMMIT', kind: 'client', facts: POSTGRES } as const

async function rollBack(lent: PooledClient, thrown: unknown): Promise<void> {
  if (!leavesConnectionUsable(thrown)) return lent.drop()
  try {
    await lent.client.query('ROLLBACK')
    lent.giveBack()
  } catch {
    // The first error says more than the failed rollback; a closed connection rolls back as well.
    lent.drop()
  }
}

/** Our own refusals, and faults that the server reports about a statement rather than about the connection. */
function leavesConnectionUsable(thrown: unknown): boolean {
  return thrown instanceof IdgenError || (thrown instanceof pg.DatabaseError && thrown.severity === 'ERROR')
}

function exactTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides()
  types.setTypeParser(pg.types.builtins.INT8, parseInt8)
  return types
}

/** Longer than the gap between two polls of the catalogue, so that a quiet server keeps its connections. */
const IDLE_TIMEOUT_MS = 30_000
/** Inside the 30 s of a graceful shutdown. */
const CLOSE_DEADLINE_MS = 5000
