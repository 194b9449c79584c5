import type { Compilable } from 'kysely'
import type { ClientBase, QueryResult } from 'pg'
import { type Tracer, traced } from '../../ports/tracer.ts'

/** Runs kysely's queries inside one transaction of one connection, one at a time. */
export class Session {
  readonly #client: ClientBase
  readonly #tracer: Tracer

  constructor(client: ClientBase, tracer: Tracer) {
    this.#client = client
    this.#tracer = tracer
  }

  async rows<R>(query: Compilable<R>): Promise<R[]> {
    return (await this.#query(query)).rows as R[]
  }

  async first<R>(query: Compilable<R>): Promise<R | undefined> {
    return (await this.rows(query))[0]
  }

  /** @returns how many rows the statement wrote */
  async write(query: Compilable<unknown>): Promise<number> {
    return (await this.#query(query)).rowCount ?? 0
  }

  #query(query: Compilable<unknown>): Promise<QueryResult> {
    const { sql, parameters } = query.compile()
    // Values are not recorded: only `$1` and the like stand in the text.
    const facts = { 'db.system.name': 'postgresql', 'db.query.text': sql.slice(0, SQL_MAX) }
    const step = { name: sql.slice(0, sql.indexOf(' ')).toUpperCase(), kind: 'client', facts } as const
    return traced(this.#tracer, step, () => this.#client.query(sql, [...parameters]))
  }
}

const SQL_MAX = 2000

/**
 * READ COMMITTED, whatever the server's default: the stores lock rows and need each statement to see what was
 * committed while they waited. synchronous_commit is at least `on`: with less, a crash of the server forgets
 * grants it acknowledged, and they would be given twice. A client that falls silent (paused, or cut off without a word)
 * loses its transaction and its row locks: everybody else's allocations of that tag wait for them.
 */
export async function begin(client: ClientBase): Promise<void> {
  await client.query(BEGIN)
}

/**
 * Resolves only for the command tag COMMIT without any notice. An aborted transaction answers ROLLBACK without an
 * error, and a cancelled wait for the synchronous standby answers COMMIT with WARNING 01000 (design.md section 2).
 * @throws what pg threw, or an Error that says what came instead; either way the outcome is unknown
 */
export async function commit(client: ClientBase): Promise<void> {
  const notices: string[] = []
  const collect = (notice: { message: string | undefined }): void => {
    notices.push(notice.message ?? 'without text')
  }
  client.on('notice', collect)
  try {
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error(`the server answered ${command} to COMMIT`)
    if (notices.length > 0) throw new Error(`the server answered COMMIT with a notice: ${notices[0]}`)
  } finally {
    client.removeListener('notice', collect)
  }
}

/**
 * One round trip: statements without parameters may be sent together. Between two statements of an allocation lie at
 * most some calls to etcd of 200 ms each; five seconds are none of ours.
 */
const BEGIN = `
  BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
  SELECT set_config('synchronous_commit', 'on', true)
   WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');
  SET LOCAL idle_in_transaction_session_timeout = '5s'`
