import type { PoolClient } from 'pg'

/**
 * A connection out of the pool, for one piece of work with a deadline.
 *
 *     lent ──giveBack()──▶ pool          clean: no statement runs, no transaction is open
 *       └────drop()──────▶ closed        anything else, and at the deadline
 *
 * A statement is never cancelled: a cancelled COMMIT that waits for its synchronous standby answers success
 * although the standby does not have it. Closing the socket leaves the outcome to the server and the caller
 * without an answer, which counts as unknown.
 */
export class PooledClient implements Disposable {
  readonly client: PoolClient
  readonly #timer: NodeJS.Timeout
  #lent = true

  constructor(client: PoolClient, deadlineMs: number) {
    this.client = client
    this.#timer = setTimeout(() => this.drop(), deadlineMs)
  }

  giveBack(): void {
    this.#end(false)
  }

  drop(): void {
    this.#end(true)
  }

  /** What was neither given back nor dropped is in an unknown state. */
  [Symbol.dispose](): void {
    this.drop()
  }

  #end(destroy: boolean): void {
    clearTimeout(this.#timer)
    if (!this.#lent) return
    this.#lent = false
    this.client.release(destroy)
  }
}
