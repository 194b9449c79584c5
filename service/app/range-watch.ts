import { RANGES } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import { printRangeClaim, rangeClaimOf } from '../core/range-claim.ts'
import { tagPath } from '../core/tag.ts'
import type { CatalogStore } from '../ports/catalog-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Log } from '../ports/log.ts'
import { allPublications } from './differing-paths.ts'
import { Repeat } from './repeat.ts'
import { pathOfKey } from './shared-names.ts'
import type { TagSync } from './tag-sync.ts'

export interface RangeWatchOptions {
  readonly catalog: CatalogStore
  readonly coordinator: Coordinator
  readonly sync: TagSync
  readonly log: Log
  readonly clock: Clock
  /** Default one hour. */
  readonly checkEveryMs?: number
}

/**
 * Asserts at the start and every hour that the numbers of every tag are claimed as this database has them. What is not
 * so is looked at by TagSync: it claims what nobody did, and tells of conflicts.
 */
export class RangeWatch {
  readonly #options: RangeWatchOptions
  readonly #repeat: Repeat

  constructor(options: RangeWatchOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.checkEveryMs ?? EVERY_MS, () => this.check())
  }

  async start(): Promise<void> {
    await this.check()
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    await this.#repeat.stop()
  }

  /** Never rejects: that etcd is away is told elsewhere, and allocations have the witness besides. */
  async check(): Promise<void> {
    const { catalog, coordinator, sync, log } = this.#options
    try {
      const { entries } = await coordinator.list(RANGES)
      const claims = new Map(entries.map(({ key, value }) => [pathOfKey(key, RANGES), value]))
      for await (const { tag } of allPublications(catalog)) {
        const path = tagPath(tag)
        if (claims.get(path) !== printRangeClaim(rangeClaimOf(tag))) sync.notice(path)
      }
      await sync.settled()
    } catch (thrown) {
      log.warn({ err: IdgenError.from(thrown) }, 'range claims could not be checked')
    }
  }
}

const EVERY_MS = 3_600_000
