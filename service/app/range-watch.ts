import { RANGES, TOMBSTONES } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { printRangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import { tagPath } from '../core/tag.ts'
import { parseTombstone } from '../core/tombstone.ts'
import type { CatalogStore, NameGrave } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import { allPublications } from './differing-paths.ts'
import { Repeat } from './repeat.ts'
import { pathOfKey, type SharedNames } from './shared-names.ts'
import type { TagSync } from './tag-sync.ts'

export interface RangeWatchOptions {
  readonly catalog: CatalogStore
  readonly coordinator: Coordinator
  readonly names: SharedNames
  readonly sync: TagSync
  readonly log: Log
  readonly clock: Clock
  /**
   * All claims were compared. These names are not claimed as this database has them; for all others of this database the
   * claim is its own, whatever tombstone lies beside it (core/name-layouts.ts).
   */
  readonly onLooked?: (doubtful: ReadonlySet<string>) => void
  /** Default one hour. */
  readonly checkEveryMs?: number
}

/**
 * Asserts at the start and every hour that the numbers of every tag are claimed as this database has them, and that no
 * tombstone lies below what its deleted tags were granted: an etcd that was restored, or is new, knows less. Claims that
 * differ are looked at by TagSync: it claims what nobody did, and tells of conflicts. A check that failed is tried again within
 * seconds: until one succeeds, each tag that is loaded asks etcd before its first snowflake (LayoutClaims).
 */
export class RangeWatch {
  readonly #options: RangeWatchOptions
  readonly #repeat: Repeat
  #retryMs = RETRY_MIN_MS
  #retry: Disposable | undefined
  #stopped = false

  constructor(options: RangeWatchOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.checkEveryMs ?? EVERY_MS, () => this.check())
  }

  async start(): Promise<void> {
    await this.check()
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#retry?.[Symbol.dispose]()
    await this.#repeat.stop()
  }

  /** Never rejects: that etcd is away is told elsewhere, and allocations have the witness besides. */
  async check(): Promise<void> {
    const { catalog, coordinator, sync, log, onLooked } = this.#options
    try {
      await this.#raiseTombstones()
      const { entries } = await coordinator.list(RANGES)
      const claims = new Map(entries.map(({ key, value }) => [pathOfKey(key, RANGES), value]))
      const doubtful = new Set<string>()
      for await (const { tag } of allPublications(catalog)) {
        const path = tagPath(tag)
        if (claims.get(path) === printRangeClaim(rangeClaimOf(tag))) continue
        doubtful.add(path)
        sync.notice(path)
      }
      onLooked?.(doubtful)
      this.#retryMs = RETRY_MIN_MS
      await sync.settled()
    } catch (thrown) {
      log.warn({ err: IdgenError.from(thrown) }, 'range claims could not be checked')
      this.#tryAgain()
    }
  }

  #tryAgain(): void {
    if (this.#stopped) return
    this.#retry?.[Symbol.dispose]()
    this.#retry = this.#options.clock.after(this.#retryMs, () => this.#repeat.soon())
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2)
  }

  async #raiseTombstones(): Promise<void> {
    const { catalog, coordinator, names } = this.#options
    const { entries } = await coordinator.list(TOMBSTONES)
    const known = new Map(
      entries.map(({ key, value }) => [pathOfKey(key, TOMBSTONES), parseTombstone(value)?.highWater]),
    )
    // Also one that says 0 must be there: the name had a tag, and takes no format.
    for await (const grave of allGraves(catalog))
      if ((known.get(grave.path) ?? -1) < grave.highWater) await names.raiseTombstone(grave.path, grave)
  }
}

async function* allGraves(catalog: CatalogStore): AsyncIterable<NameGrave> {
  for (let after = ''; ; ) {
    const page = await catalog.listGraves(after, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    after = last.path
  }
}

/** Some ten KB an answer. */
const PAGE = 500

const EVERY_MS = 3_600_000
/** An election of etcd takes about as long; doubled with each failure. */
const RETRY_MIN_MS = 2000
/** A check may read 100,000 claims and tags: a store that fails in the middle is not kept busy with it. */
const RETRY_MAX_MS = 60_000
