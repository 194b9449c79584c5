import { IdgenError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RecordCache } from '../../ports/record-cache.ts'

interface Kept {
  readonly value: string
  /** Monotonic. */
  readonly untilMs: number
}

export type RecordSnapshot = ReadonlyMap<string, Kept>

/** A record cache with the faults of Redis, for tests and the simulation. */
export class MemoryRecordCache implements RecordCache {
  readonly #clock: Clock
  #records = new Map<string, Kept>()
  /** While true every call fails and changes nothing. */
  away = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async get(key: string): Promise<string | undefined> {
    this.#reach()
    const kept = this.#records.get(key)
    return kept !== undefined && kept.untilMs > this.#clock.monotonicMs() ? kept.value : undefined
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.#reach()
    if (Buffer.byteLength(value) > VALUE_MAX)
      throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'The value is too long.')
    this.#records.set(key, { value, untilMs: this.#clock.monotonicMs() + ttlMs })
  }

  async remove(key: string): Promise<void> {
    this.#reach()
    this.#records.delete(key)
  }

  /** FLUSHALL. */
  flush(): void {
    this.#records.clear()
  }

  /** SAVE. */
  snapshot(): RecordSnapshot {
    return new Map(this.#records)
  }

  /** An old dump is loaded: what was removed or replaced since is back. */
  restore(snapshot: RecordSnapshot): void {
    this.#records = new Map(snapshot)
  }

  #reach(): void {
    if (this.away) throw new IdgenError('IDGEN_CACHE_UNAVAILABLE', 'The cache is away.')
  }
}

/** As in Redis; bytes. */
const VALUE_MAX = 16_384
