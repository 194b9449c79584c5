import { CONFIGS } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Refusal } from '../core/tag-sync-plan.ts'
import type { CatalogStore, TagRef } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { CoordinatedKeys, Coordinator } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'
import { differingPaths } from './differing-paths.ts'
import { PathQueue } from './path-queue.ts'
import type { RangeConflicts } from './range-conflicts.ts'
import { pathOfKey, type SharedNames } from './shared-names.ts'
import { SyncReport } from './sync-report.ts'
import { parseTagPath } from './tag-directory.ts'
import { TagSettling } from './tag-settling.ts'

export interface TagSyncOptions {
  /** The database's own catalogue. */
  readonly catalog: CatalogStore
  readonly coordinator: Coordinator
  readonly names: SharedNames
  readonly conflicts: RangeConflicts
  readonly audit: AuditTrail
  readonly log: Log
  readonly clock: Clock
  /** A tag was made, changed or deleted in the database because the coordinator said so. */
  readonly onImported?: (path: string) => void
}

/** One name made the same on both sides, as TagSync does it. */
export type NameSync = Pick<TagSync, 'sync' | 'notice' | 'whyNotTaken'>

/** The two sides, as the rows of a batch see them. */
export interface SyncedStores {
  readonly catalog: CatalogStore
  readonly coordinator: CoordinatedKeys
  readonly names: SharedNames
}

/**
 * Keeps the tags of this database and their configuration keys in etcd the same. Every process of
 * every data centre does it: whatever happens to a name, it is read on both sides, core/tag-sync-plan.ts says what
 * follows, and a compare on the side that is written lets one of them do it.
 *
 * While etcd is away nothing changes: the processes follow the database.
 */
export class TagSync {
  readonly #options: TagSyncOptions
  readonly #queue: PathQueue
  readonly #report: SyncReport
  readonly #settling: TagSettling
  /** Keys that were deleted and not looked at yet: that somebody did so is worth a record. */
  readonly #deleted = new Set<string>()
  #following: Disposable | undefined
  #fault: string | undefined = 'not connected yet'

  constructor(options: TagSyncOptions) {
    this.#options = options
    this.#report = new SyncReport(options.audit, options.log)
    this.#settling = new TagSettling({ ...options, report: this.#report })
    this.#queue = new PathQueue({
      clock: options.clock,
      work: (path) => (path === EVERYTHING ? this.compareAll() : this.#settle(path.slice(1), this.#settling)),
      onFailure: (path, thrown, again) =>
        options.log.warn(
          { path: path.slice(1), err: IdgenError.from(thrown), again },
          'tag could not be synchronised',
        ),
    })
  }

  /** Why etcd cannot be followed now, or undefined. */
  get fault(): string | undefined {
    return this.#fault
  }

  start(): void {
    this.#following ??= this.#options.coordinator.follow(CONFIGS, {
      onSnapshot: () => {
        this.#fault = undefined
        this.#queue.add(EVERYTHING)
      },
      onPut: ({ key }) => this.notice(pathOfKey(key, CONFIGS)),
      onDelete: (key) => {
        const path = pathOfKey(key, CONFIGS)
        // Before it is noticed: that may look at it at once.
        this.#deleted.add(path)
        if (!this.notice(path)) this.#deleted.delete(path)
      },
      onLost: (why) => {
        this.#fault = why
      },
    })
  }

  async stop(): Promise<void> {
    this.#following?.[Symbol.dispose]()
    await this.#queue.stop()
  }

  /** Makes both sides the same for one tag, now. Never rejects: what fails is tried again in the background. */
  sync(path: string): Promise<void> {
    return this.#sync(path, this.#settling)
  }

  /** The same by way of other connections. */
  through(stores: SyncedStores): NameSync {
    const { conflicts, onImported } = this.#options
    const settling = new TagSettling({ ...stores, conflicts, onImported, report: this.#report })
    return {
      sync: (path) => this.#sync(path, settling),
      notice: (path) => this.notice(path),
      whyNotTaken: (path) => settling.whyNotTaken(path, parseTagPath(path)),
    }
  }

  async #sync(path: string, settling: TagSettling): Promise<void> {
    try {
      await this.#settle(path, settling)
    } catch (thrown) {
      this.#options.log.warn({ path, err: IdgenError.from(thrown) }, 'tag is not synchronised yet')
      this.notice(path)
    }
  }

  /** Looks at the name again, in the background; false where too many wait. */
  notice(path: string): boolean {
    return this.#queue.add(`${ONE}${path}`)
  }

  /** The same, and resolves when it was looked at, or there is too much to look at. */
  async noticed(path: string): Promise<void> {
    if (this.notice(path)) await this.settled()
  }

  /** Resolves when nothing is left to do of what was noticed so far. */
  settled(): Promise<void> {
    return this.#queue.settled()
  }

  /** Looks at all names on both sides. @throws IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE */
  async compareAll(): Promise<void> {
    const { coordinator, catalog } = this.#options
    for await (const path of differingPaths(coordinator, catalog)) this.notice(path)
  }

  /**
   * Why this database does not take in the tag that etcd has under this name; undefined: it has one, or takes it in.
   * @throws IDGEN_COORDINATION_UNAVAILABLE, IDGEN_STORE_UNAVAILABLE, IDGEN_NAME_INVALID
   */
  whyNotTaken(path: string): Promise<string | undefined> {
    return this.#settling.whyNotTaken(path, parseTagPath(path))
  }

  async #settle(path: string, settling: TagSettling): Promise<void> {
    const ref = this.#refOf(path)
    const wasDeleted = this.#deleted.delete(path)
    if (ref !== undefined) await settling.settle(path, ref, wasDeleted)
  }

  #refOf(path: string): TagRef | undefined {
    try {
      return parseTagPath(path)
    } catch {
      this.#report.ignored(path, 0, NO_TAG)
      return undefined
    }
  }
}

/** What waits in the queue: a look at all names, or at one, whose key a person may have written in any way. */
const EVERYTHING = '*'
const ONE = '='
const NO_TAG: Refusal = { code: 'IDGEN_CONFIG_INVALID', why: 'the key does not name a tag', faults: [] }
