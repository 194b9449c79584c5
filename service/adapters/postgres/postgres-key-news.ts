import { randomBytes, randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { KeyListener, KeyNews } from '../../ports/key-news.ts'
import type { Log } from '../../ports/log.ts'
import { KEY_CHANNEL } from './catalog-revision.ts'
import type { PostgresDatabase } from './database.ts'
import { type NewsConnection, newsConnection } from './news-connection.ts'

export interface PostgresKeyNewsOptions {
  /** Of the server itself: a pooler in transaction mode lets no notification through. */
  readonly url: string
  readonly applicationName: string
  /** By which notifications are sent to see whether they arrive. */
  readonly database: PostgresDatabase
  readonly log: Log
}

/** LISTEN on a connection of its own, made anew for as long as somebody follows. */
export class PostgresKeyNews implements KeyNews {
  readonly #options: PostgresKeyNewsOptions
  readonly #ownChannel = `idgen_ring_${randomBytes(8).toString('hex')}`
  #fault: string | undefined = 'not connected yet'
  #told = false

  constructor(options: PostgresKeyNewsOptions) {
    this.#options = options
  }

  fault(): string | undefined {
    return this.#fault
  }

  follow(listener: KeyListener): Disposable {
    const stop = new AbortController()
    void this.#run(listener, stop.signal)
    return { [Symbol.dispose]: () => stop.abort() }
  }

  async #run(listener: KeyListener, signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures = Math.min(failures + 1, FAILURES_MAX)) {
      using connection = this.#connect(listener, () => {
        failures = 0
      })
      const disposed = (): void => connection[Symbol.dispose]()
      signal.addEventListener('abort', disposed, { once: true })
      const why = await connection.ended
      signal.removeEventListener('abort', disposed)
      if (signal.aborted) return
      this.#down(why)
      await backOff(failures, signal)
    }
  }

  #connect(listener: KeyListener, onUp: () => void): NewsConnection {
    const { url, applicationName, database } = this.#options
    return newsConnection({
      url,
      applicationName,
      channel: KEY_CHANNEL,
      ownChannel: this.#ownChannel,
      onNews: (payload) => this.#tell(listener, payload),
      onHeard: () => {
        onUp()
        this.#up(listener)
      },
      ring: () => {
        const sent = sql`pg_notify(${this.#ownChannel}, '')`.as('sent')
        return database.read('sending a notification to itself', database.kysely.selectNoFrom(sent))
      },
    })
  }

  /** Anybody who may connect to the database may send anything: at worst a key is looked up again. */
  #tell(listener: KeyListener, payload: string): void {
    const [, revision, id] = /^(\d{1,15}) ([a-z0-9]{12})$/.exec(payload) ?? []
    if (id !== undefined) listener.onKey(id, Number(revision))
  }

  #up(listener: KeyListener): void {
    if (this.#fault === undefined) return
    if (this.#told) this.#options.log.info({}, 'changes of API keys are told at once again')
    this.#told = false
    this.#fault = undefined
    listener.onAll()
  }

  #down(why: string): void {
    this.#fault = why
    if (this.#told) return
    this.#told = true
    this.#options.log.warn({ why }, 'changes of API keys are not told at once, only found by the poll')
  }
}

function backOff(failures: number, signal: AbortSignal): Promise<void> {
  const longestMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** failures)
  return new Promise((resolve) => {
    // Half of it by chance: after an outage not all processes come back at the same moment.
    const timer = setTimeout(done, longestMs / 2 + randomInt(Math.ceil(longestMs / 2)))
    timer.unref()
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

const BACK_OFF_MIN_MS = 100
/** Long enough to be no load for a server that is in trouble, or never lets notifications through. */
const BACK_OFF_MAX_MS = 10_000
/** Enough for the longest back-off; the power must stay finite. */
const FAILURES_MAX = 10
