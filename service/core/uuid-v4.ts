import type { Algorithm, AlgorithmStats, Shortage } from './algorithm.ts'
import type { IdBatch } from './id-batch.ts'
import { UuidPool } from './uuid-pool.ts'

/**
 * UUID version 4 (RFC 9562 section 5.4): 122 random bits, in no order. Last of the default chain: it needs no
 * store, no clock and no worker id. Unique by randomness, not by a grant.
 */
export class UuidV4 implements Algorithm {
  readonly name = 'uuid-v4'
  readonly #pool: UuidPool
  #issued = 0

  /** `fill` writes strong randomness into all of the bytes. */
  constructor(fill: (bytes: Uint8Array) => void, pool: UuidPool = new UuidPool(fill)) {
    this.#pool = pool
  }

  /** Never short. Throws only what `fill` throws. */
  take(count: number, _nowMs: number, out: IdBatch): number {
    this.#pool.take(count, out.reserveUuids(count))
    this.#issued += count
    return count
  }

  shortage(): Shortage {
    return { kind: 'wait', ms: 1 }
  }

  fault(): string | undefined {
    return undefined
  }

  stats(): AlgorithmStats {
    return { issued: this.#issued, granted: 0 }
  }

  /** UUIDs made ahead: the app asks `pool.needsRefill()` and calls `pool.refill()` between requests. */
  get pool(): UuidPool {
    return this.#pool
  }

  /** Forgets fetched randomness and UUIDs made ahead. Call after a fork or a restored memory snapshot. */
  dropPool(): void {
    this.#pool.drop()
  }
}
