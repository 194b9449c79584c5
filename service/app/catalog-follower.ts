import { IdgenError } from '../core/errors.ts'
import type { CatalogChanges, CatalogStore } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyNews } from '../ports/key-news.ts'
import type { Log } from '../ports/log.ts'
import type { Authenticator } from './authenticator.ts'
import { Repeat } from './repeat.ts'
import type { SharedKeys } from './shared-keys.ts'
import type { TagDirectory } from './tag-directory.ts'

export interface CatalogFollowerOptions {
  readonly catalog: CatalogStore
  readonly directory: TagDirectory
  readonly authenticator: Authenticator
  /** The cache of keys that the instances share; left out where there is none. */
  readonly sharedKeys?: Pick<SharedKeys, 'learnt' | 'heard'> | undefined
  /** Changes of keys before the poll finds them; left out where nobody tells them. */
  readonly keyNews?: KeyNews | undefined
  readonly clock: Clock
  readonly log: Log
  readonly pollEveryMs: number
}

/**
 * Brings what other processes changed (tags, keys) into this one, about once a second; changes of keys at once, while news
 * come. A revoked key must stop within two seconds, which a poll of a slow database does not keep.
 */
export class CatalogFollower {
  readonly #options: CatalogFollowerOptions
  readonly #repeat: Repeat
  #last: CatalogChanges | undefined
  #following: Disposable | undefined
  #fault: string | undefined
  /** Keys that were told of in this turn: as many as one piece from the connection holds, a thousand or two. */
  #told = new Set<string>()

  constructor(options: CatalogFollowerOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.pollEveryMs, () => this.poll())
  }

  /** Why the store could not be asked the last time, or undefined: the process' view of the database's health. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Whether changes of keys should be told at once (database.listen): where they need not, nobody misses it. */
  get listens(): boolean {
    return this.#options.keyNews !== undefined
  }

  /** Why changes of keys are found by the poll alone, though they should be told; undefined while they are told at once. */
  get deaf(): string | undefined {
    return this.#options.keyNews?.fault()
  }

  async start(): Promise<void> {
    // Before the first poll: between them nothing may be missed.
    this.#following = this.#options.keyNews?.follow({
      onKey: (id, revision) => this.#onKey(id, revision),
      // Nobody tells again what was missed, and a poll may be far away.
      onAll: () => this.#repeat.soon(),
    })
    await this.poll()
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    this.#following?.[Symbol.dispose]()
    await this.#repeat.stop()
  }

  /** Never rejects; what failed is asked again by the next poll, from the same revision. */
  async poll(): Promise<void> {
    const { catalog, directory, authenticator, sharedKeys, log, clock } = this.#options
    // A database that hangs is told long before the store gives up on it.
    using _slow = clock.after(SLOW_MS, () => this.#failed(`It has not answered for ${SLOW_MS} ms.`))
    try {
      const changes = await catalog.changesSince(this.#last?.revision ?? 0)
      // Before anything is asked again, or an old answer would come out of the cache.
      sharedKeys?.learnt(changes)
      if (!follows(changes, this.#last)) {
        // Where to begin. What was loaded before the first answer may be stale already, and so may everything when
        // the database lost changes.
        authenticator.forgetAll()
        for (const tag of directory.all()) await directory.refresh(tag.path)
      } else {
        for (const keyId of changes.keyIds) authenticator.forget(keyId)
        for (const path of changes.tagPaths) await directory.refresh(path)
      }
      this.#last = changes
      if (this.#fault !== undefined) log.info({}, 'database answers again')
      this.#fault = undefined
    } catch (thrown) {
      this.#failed(IdgenError.from(thrown).message)
    }
  }

  #onKey(id: string, revision: number): void {
    this.#options.sharedKeys?.heard(id, revision)
    // News that come in one piece are taken together: each of a flood would else look through all keys that are remembered.
    if (this.#told.size === 0) queueMicrotask(() => this.#forgetTold())
    this.#told.add(id)
  }

  #forgetTold(): void {
    const told = this.#told
    this.#told = new Set()
    this.#options.authenticator.forgetSome(told)
  }

  #failed(why: string): void {
    if (this.#fault === undefined) this.#options.log.error({ why }, 'database does not answer')
    this.#fault = why
  }
}

/** Whether they tell all that changed since the last ones, which a database restored from a backup cannot. */
function follows(changes: CatalogChanges, last: CatalogChanges | undefined): boolean {
  return changes.history === last?.history && changes.revision >= last.revision
}

/** A look at one row takes a millisecond; two seconds are a database in trouble. */
const SLOW_MS = 2000
