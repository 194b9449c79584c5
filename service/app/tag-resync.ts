import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import { CoordinatorLock } from './coordinator-lock.ts'
import type { RangeConflicts } from './range-conflicts.ts'
import { Repeat } from './repeat.ts'
import type { TagSync } from './tag-sync.ts'

export interface TagResyncOptions {
  readonly sync: TagSync
  readonly conflicts: RangeConflicts
  readonly coordinator: Coordinator
  readonly log: Log
  readonly clock: Clock
  /** As SharedNames has it: each database needs a process that looks. */
  readonly database: string
  /** Who this process is, for people who read the lock. */
  readonly instance: string
  /** Default 60,000 ms. */
  readonly resyncEveryMs?: number
}

/**
 * Looks at all tags on both sides now and then, for what no event told of: a publication that failed and whose process
 * is gone. One process per database does it each time; the lock spares the others the work and decides nothing.
 */
export class TagResync {
  readonly #options: TagResyncOptions
  readonly #repeat: Repeat
  /** Held until shortly before this process' next pass, so that the others skip theirs. */
  readonly #lock: CoordinatorLock
  readonly #name: string

  constructor(options: TagResyncOptions) {
    this.#options = options
    const { coordinator, database, instance, clock, resyncEveryMs: everyMs = EVERY_MS } = options
    this.#repeat = new Repeat(clock, everyMs, () => this.pass())
    this.#lock = new CoordinatorLock({ coordinator, holder: instance, ttlMs: everyMs * TURN_SHARE })
    this.#name = `tag-sync/${encodeURIComponent(database)}`
  }

  /** The first look at everything comes with the connection (TagSync.start). */
  start(): void {
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    await this.#repeat.stop()
  }

  /** Never rejects. */
  async pass(): Promise<void> {
    const { conflicts, sync, log } = this.#options
    // Every process must learn by itself that a conflict is over: allocation is refused in each of them.
    for (const path of conflicts.paths) sync.notice(path)
    try {
      await this.#lock.takeTurn(this.#name, () => sync.compareAll())
    } catch (thrown) {
      log.warn({ err: IdgenError.from(thrown) }, 'tags could not be compared with etcd')
    }
  }
}

const EVERY_MS = 60_000
/** Longer than a look at everything takes; etcd keeps a lease a second or two longer than asked. */
const TURN_SHARE = 0.8
