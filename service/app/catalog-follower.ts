import { IdgenError } from '../core/errors.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Authenticator } from './authenticator.ts'
import { Repeat } from './repeat.ts'
import type { TagDirectory } from './tag-directory.ts'

export interface CatalogFollowerOptions {
  readonly catalog: CatalogStore
  readonly directory: TagDirectory
  readonly authenticator: Authenticator
  readonly clock: Clock
  readonly log: Log
  readonly pollEveryMs: number
}

/** Brings what other processes changed (tags, keys) into this one, about once a second. */
export class CatalogFollower {
  readonly #options: CatalogFollowerOptions
  readonly #repeat: Repeat
  #revision: number | undefined
  #fault: string | undefined

  constructor(options: CatalogFollowerOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.pollEveryMs, () => this.poll())
  }

  /** Why the store could not be asked the last time, or undefined: the process' view of the database's health. */
  get fault(): string | undefined {
    return this.#fault
  }

  async start(): Promise<void> {
    await this.poll()
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    await this.#repeat.stop()
  }

  /** Never rejects; what failed is asked again by the next poll, from the same revision. */
  async poll(): Promise<void> {
    const { catalog, directory, authenticator, log, clock } = this.#options
    // A database that hangs is told long before the store gives up on it.
    using _slow = clock.after(SLOW_MS, () => this.#failed(`It has not answered for ${SLOW_MS} ms.`))
    try {
      const changes = await catalog.changesSince(this.#revision ?? 0)
      if (this.#revision === undefined || changes.revision < this.#revision) {
        // Where to begin: what was loaded before the first answer may be stale already, and a database that counts
        // from less was restored.
        for (const tag of directory.all()) await directory.refresh(tag.path)
        authenticator.forgetAll()
      } else {
        for (const keyId of changes.keyIds) authenticator.forget(keyId)
        for (const path of changes.tagPaths) await directory.refresh(path)
      }
      this.#revision = changes.revision
      if (this.#fault !== undefined) log.info({}, 'database answers again')
      this.#fault = undefined
    } catch (thrown) {
      this.#failed(IdgenError.from(thrown).message)
    }
  }

  #failed(why: string): void {
    if (this.#fault === undefined) this.#options.log.error({ why }, 'database does not answer')
    this.#fault = why
  }
}

/** A look at one row takes a millisecond; two seconds are a database in trouble. */
const SLOW_MS = 2000
