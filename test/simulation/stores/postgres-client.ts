import type { Host } from '../world/host.ts'
import type { Network } from '../world/network.ts'
import type { PostgresCluster } from './postgres-cluster.ts'
import { type CommitTag, connectionLost, type PostgresServer } from './postgres-server.ts'
import type { PostgresState } from './postgres-state.ts'

export interface PostgresClientOptions {
  readonly network: Network
  readonly host: Host
  readonly cluster: PostgresCluster
  /** Which answers to COMMIT count as done. The mutants loosen it. */
  readonly counts?: (tag: CommitTag) => boolean
}

/** What the stores of one process have in common: its way to the database, and which commits it believes. */
export class PostgresClient {
  readonly #options: PostgresClientOptions

  constructor(options: PostgresClientOptions) {
    this.#options = options
  }

  get host(): Host {
    return this.#options.host
  }

  get server(): PostgresServer {
    return this.#options.cluster.serverOf(this.#options.host)
  }

  /** @throws IDGEN_STORE_UNAVAILABLE */
  async ask<T>(what: string, serve: (server: PostgresServer) => T | Promise<T>, spared = false): Promise<T> {
    const { network, host, cluster } = this.#options
    return await network.call({
      host,
      store: cluster.name,
      what,
      deadlineMs: DEADLINE_MS,
      serve: () => serve(this.server),
      down: () => this.server.down,
      fail: connectionLost,
      spared,
    })
  }

  /** One transaction of one statement. @throws IDGEN_STORE_UNAVAILABLE when its commit does not count */
  async transact<T>(
    what: string,
    change: (state: PostgresState) => { readonly state: PostgresState; readonly result: T },
    spared = false,
  ): Promise<T> {
    const { tag, result } = await this.ask(
      what,
      (server) => (spared ? calmly(server, () => server.transact(change)) : server.transact(change)),
      spared,
    )
    this.mustCount(tag)
    return result
  }

  mustCount(tag: CommitTag): void {
    const { counts = isPlainCommit } = this.#options
    if (!counts(tag)) throw connectionLost(`it answered ${tag}, so the outcome is unknown`)
  }

  /** Closes a connection whose transaction is given up. */
  send(arrive: () => void): void {
    const { network, host, cluster } = this.#options
    network.send(host, cluster.name, arrive)
  }
}

/** As service/adapters/postgres/session.ts. */
export function isPlainCommit(tag: CommitTag): boolean {
  return tag === 'COMMIT'
}

function calmly<T>(server: PostgresServer, work: () => Promise<T>): Promise<T> {
  const trouble = { ...server.trouble }
  Object.assign(server.trouble, { rollback: 0, notice: 0, silent: 0 })
  const done = work()
  Object.assign(server.trouble, trouble)
  return done
}

/** Shorter than the adapter's ten seconds, so that a run meets more of them. */
const DEADLINE_MS = 3000
