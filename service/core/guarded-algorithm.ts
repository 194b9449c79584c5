import type { Algorithm, AlgorithmName, AlgorithmStats, Shortage } from './algorithm.ts'
import type { IdBatch } from './id-batch.ts'

/** Whether a tag may be stamped now: looked at with every take. */
export interface StampGuard {
  /** Why not, or undefined. */
  refusal(): Shortage | undefined
}

/** An algorithm that gives nothing as long as the guard refuses. */
export class GuardedAlgorithm implements Algorithm {
  readonly name: AlgorithmName
  readonly #inner: Algorithm
  readonly #guard: StampGuard

  constructor(inner: Algorithm, guard: StampGuard) {
    this.name = inner.name
    this.#inner = inner
    this.#guard = guard
  }

  take(count: number, nowMs: number, out: IdBatch): number {
    return this.#guard.refusal() === undefined ? this.#inner.take(count, nowMs, out) : 0
  }

  shortage(nowMs: number): Shortage {
    return this.#guard.refusal() ?? this.#inner.shortage(nowMs)
  }

  fault(nowMs: number): string | undefined {
    const refusal = this.#guard.refusal()
    if (refusal === undefined) return this.#inner.fault(nowMs)
    return refusal.kind === 'failed' ? refusal.message : 'its claim in etcd is being looked at'
  }

  stats(): AlgorithmStats {
    return this.#inner.stats()
  }
}
