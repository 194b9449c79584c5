import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { SegmentStore, SegmentUsage } from '../ports/segment-store.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { CoordinatorLock } from './coordinator-lock.ts'
import { Repeat } from './repeat.ts'

export interface CapacityWatchOptions {
  readonly store: SegmentStore
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly log: Log
  readonly dc: number
  readonly checkEveryMs: number
  /** Share of a data centre's number space, 0..1, above which a tag raises the alert (R-2.2.4: 0.8). */
  readonly alertShare: number
  /** Lets one process of a data centre open its ranges, where there is an etcd. */
  readonly lock?: CoordinatorLock
}

/** Opens this data centre's ranges at the start and looks every hour how much of them is used. */
export class CapacityWatch {
  #options: CapacityWatchOptions
  readonly #repeat: Repeat
  /** Tags above the share now: one alert when it begins, one line when it ends. */
  readonly #alerting = new Set<number>()
  /** Of the last check: those that a share could be set for. Of 100,000 tags hardly one is among them. */
  #usages: readonly SegmentUsage[] = []
  #largestShare: number | undefined

  constructor(options: CapacityWatchOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, options.checkEveryMs, () => this.check())
  }

  /** Share of the fullest tag at the last check that succeeded, 0..1; undefined: none has yet. */
  get largestShare(): number | undefined {
    return this.#largestShare
  }

  get alerting(): number {
    return this.#alerting.size
  }

  /** Live configuration: what the last check found is judged anew at once. */
  configure(limits: Pick<CapacityWatchOptions, 'alertShare'>): void {
    this.#options = { ...this.#options, ...limits }
    this.#judgeAll()
  }

  async start(): Promise<void> {
    await this.check()
    this.#repeat.start()
  }

  async stop(): Promise<void> {
    await this.#repeat.stop()
  }

  /** Never rejects: the store being away is told elsewhere, and the next check asks again. */
  async check(): Promise<void> {
    const { store, dc, log } = this.#options
    try {
      await this.#openRanges()
      const usages = await store.usage(dc)
      this.#usages = usages.filter(({ usedShare }) => usedShare > LEAST_ALERT_SHARE)
      this.#largestShare = usages.reduce((most, { usedShare }) => Math.max(most, usedShare), 0)
      const named = new Set(this.#usages.map(({ tagId }) => tagId))
      for (const tagId of this.#alerting) if (!named.has(tagId)) this.#alerting.delete(tagId)
      this.#judgeAll()
    } catch (thrown) {
      log.warn({ err: IdgenError.from(thrown), dc }, 'capacity could not be checked')
    }
  }

  async #openRanges(): Promise<void> {
    const { store, dc, log, lock } = this.#options
    const open = async (): Promise<void> => {
      const opened = await store.initialiseAll(dc)
      if (opened > 0) log.info({ dc, tags: opened }, 'ranges opened')
    }
    try {
      if (lock === undefined) await open()
      else await lock.run(`ranges/${dc}`, open)
    } catch (thrown) {
      if (IdgenError.from(thrown).code !== 'IDGEN_COORDINATION_UNAVAILABLE') throw thrown
      // The lock only spares work, and the database decides by itself.
      await open()
    }
  }

  #judgeAll(): void {
    for (const { tagId, usedShare } of this.#usages) this.#judge(tagId, usedShare)
  }

  #judge(tagId: number, usedShare: number): void {
    const { log, audit, dc, alertShare } = this.#options
    const above = usedShare > alertShare
    if (above === this.#alerting.has(tagId)) return
    const fields = { tagId, dc, usedShare: Number(usedShare.toFixed(4)), alertShare }
    if (above) {
      this.#alerting.add(tagId)
      log.error(fields, 'number space nearly used up')
    } else {
      this.#alerting.delete(tagId)
      log.info(fields, 'number space has room again')
    }
    audit.record({
      action: above ? 'capacity.alert' : 'capacity.clear',
      subject: `tag ${tagId}`,
      detail: fields,
    })
  }
}

/** The configuration allows none below (capacity.alertShare). */
const LEAST_ALERT_SHARE = 0.01
