import { IdgenError } from '../../core/errors.ts'
import { emptyOfAll, mostLevelMs } from '../../core/rate-settlement.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  COUNTED_FOR,
  type NamedReport,
  type RateLevels,
  type SettledLevels,
  type Settling,
} from '../../ports/rate-levels.ts'

/** Buckets of all instances, as Redis has them, for tests. */
export class MemoryRateLevels implements RateLevels {
  readonly #clock: Clock
  readonly #seenMs = new Map<string, number>()
  readonly #emptyMs = new Map<string, number>()
  /** While true every call fails and changes nothing. */
  away = false
  /** Reports so far. */
  reports = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async settle(
    { group, instance, everyMs, fullMs }: Settling,
    reports: readonly NamedReport[],
  ): Promise<SettledLevels> {
    if (this.away) throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'The cache is away.')
    this.reports += reports.length
    const nowMs = this.#clock.monotonicMs()
    this.#seenMs.set(`${group} ${instance}`, nowMs)
    const fromMs = nowMs - everyMs * COUNTED_FOR
    const seen = [...this.#seenMs].filter(([who, atMs]) => who.startsWith(`${group} `) && atMs > fromMs)
    const instances = seen.length
    const mostMs = mostLevelMs(fullMs, everyMs, instances)
    const levelsMs = reports.map((report) => {
      const key = `${group} ${report.name}`
      const emptyMs = emptyOfAll(this.#emptyMs.get(key) ?? Number.NEGATIVE_INFINITY, nowMs, report, mostMs)
      this.#emptyMs.set(key, emptyMs)
      return Math.max(0, emptyMs - nowMs)
    })
    return { instances, levelsMs }
  }

  /** FLUSHALL. */
  flush(): void {
    this.#seenMs.clear()
    this.#emptyMs.clear()
  }
}
