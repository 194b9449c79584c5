import { setImmediate as afterReading } from 'node:timers/promises'
import { RespConnection } from './resp-connection.ts'

/** Where Redis clients are served; a caller follows when it changes, with its next connection. */
export interface RespTarget {
  readonly host: string
  readonly port: number
  readonly key: string
  /** Tags whose IDs are asked for as integers. */
  readonly integerTags: readonly string[]
}

/**
 * A Redis client on one connection, which it makes anew when the server has ended it between commands. Unlike real
 * clients it never sends a command twice: one that is not answered is a failure, so that none is hidden.
 */
export class RespCaller {
  readonly #target: RespTarget
  #connection: RespConnection | undefined

  constructor(target: RespTarget) {
    this.#target = target
  }

  /** @throws AskFailed */
  async one(tag: string): Promise<readonly string[]> {
    // An end that has arrived is known only once the event loop has read it; until then this would ask nobody.
    await afterReading()
    const { host, port, key, integerTags } = this.#target
    const question = [integerTags.includes(tag) ? 'INCR' : 'IDGEN.NEXT', tag]
    if (this.#connection?.open === true) return [await this.#connection.ask([question])]
    this.#connection = new RespConnection(host, port)
    return [await this.#connection.ask([['AUTH', key], question])]
  }

  /** The next question has a connection of its own. */
  close(): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}
