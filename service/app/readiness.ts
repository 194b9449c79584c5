import type { Clock } from '../ports/clock.ts'
import type { CatalogFollower } from './catalog-follower.ts'
import type { TagDirectory } from './tag-directory.ts'
import type { WorkerIds } from './worker-ids.ts'

export interface ReadinessReport {
  /** false: send no traffic. Trouble with a dependency alone does not make it false while tags can be served. */
  readonly ready: boolean
  readonly draining: boolean
  /** What works only in part, with the reason. */
  readonly degraded: readonly Trouble[]
}

/** Something that works only in part or not at all, and why; for people. */
export interface Trouble {
  readonly what: string
  readonly why: string
}

export interface ReadinessOptions {
  readonly directory: TagDirectory
  readonly follower: CatalogFollower
  readonly workerIds: WorkerIds
  readonly clock: Clock
  /** What is wrong with the second store and the cache, where there are any. */
  readonly elsewhere?: () => readonly Trouble[]
}

/** Tags named in one report: enough to see what is wrong, not a page for every tag of the installation. */
const TAGS_NAMED_MAX = 20

/**
 * How old a remembered report may be, milliseconds: shorter than any probe's period, and four walks over all tags a second
 * are the most that strangers can cause.
 */
export const REMEMBERED_MS = 250

/**
 * Whether this process can serve. An outage of the database must not take every pod out of service at
 * once: they go on from what is in memory, so /readyz stays 200 and says what is degraded.
 */
export class Readiness {
  readonly #options: ReadinessOptions
  #started = false
  #draining = false
  #wasReady = false
  #remembered: { readonly report: ReadinessReport; readonly atMs: number } | undefined
  readonly #others: (() => readonly Trouble[])[] = []

  constructor(options: ReadinessOptions) {
    this.#options = options
  }

  /** Also reports what this one says, from now on. */
  watch(troubles: () => readonly Trouble[]): void {
    this.#others.push(troubles)
  }

  started(): void {
    this.#started = true
    this.#remembered = undefined
  }

  /** Shows in the next answer, whatever is remembered. */
  drain(): void {
    this.#draining = true
    this.#remembered = undefined
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Somebody was told that it is ready, and sends traffic until the change is known everywhere: also if that was a moment ago. */
  expectsTraffic(): boolean {
    return this.report().ready || this.#wasReady
  }

  /** For who may ask without a key and without a limit: up to REMEMBERED_MS old, but for the start and the end of the service. */
  recent(): ReadinessReport {
    const atMs = this.#options.clock.monotonicMs()
    if (this.#remembered === undefined || atMs - this.#remembered.atMs >= REMEMBERED_MS)
      this.#remembered = { report: this.report(), atMs }
    return this.#remembered.report
  }

  /** As it is now. Looks at every tag in memory. */
  report(): ReadinessReport {
    const { directory, follower, workerIds, clock, elsewhere } = this.#options
    const nowMs = clock.nowMs()
    const degraded: Trouble[] = []
    if (follower.fault !== undefined) degraded.push({ what: 'database', why: follower.fault })
    degraded.push(...workerIds.troubles())
    degraded.push(...(elsewhere?.() ?? []), ...this.#others.flatMap((troubles) => troubles()))
    for (const tag of directory.all()) {
      if (degraded.length >= TAGS_NAMED_MAX) break
      const fault = tag.router.active.fault(nowMs)
      if (fault !== undefined) degraded.push({ what: `tag ${tag.path}`, why: fault })
      else if (tag.router.degraded)
        degraded.push({ what: `tag ${tag.path}`, why: `served by ${tag.router.active.name}` })
    }
    // Without the database only tags that are already loaded, and not at their end, can be served.
    const servable = follower.fault === undefined || this.#anyServable(nowMs)
    const ready = this.#started && !this.#draining && servable
    this.#wasReady ||= ready
    return { ready, draining: this.#draining, degraded }
  }

  #anyServable(nowMs: number): boolean {
    for (const tag of this.#options.directory.all())
      if (tag.router.active.fault(nowMs) === undefined) return true
    return false
  }
}
