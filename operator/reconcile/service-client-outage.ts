import type { Fact } from '../core/biz-tag-conditions.ts'
import { BackOff } from '../runtime/back-off.ts'
import type { Clock, Random } from '../runtime/clock.ts'

interface Outage {
  readonly fact: Fact
  /** On the monotonic clock. */
  probeAtMs: number
  /** Tags that wait for its end. */
  readonly waiting: Set<string>
}

/**
 * Services that cannot be reached, by IdGenerator. One probe asks for all its tags: thousands of them that try on their
 * own would each wait for the same silence, and keep the workers from the tags of other IdGenerators.
 */
export class ServiceOutages {
  readonly #clock: Clock
  readonly #random: Random
  readonly #outages = new Map<string, Outage>()
  /** Kept over the end of an outage: a service that answers the probe and nothing else must not be asked at once again. */
  readonly #backOffs = new Map<string, { readonly backOff: BackOff; endedAtMs: number }>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Why the service cannot be asked; undefined: it can, as far as is known. */
  fact(generatorKey: string): Fact | undefined {
    return this.#outages.get(generatorKey)?.fact
  }

  /** True when it was not known yet: somebody must probe. */
  begin(generatorKey: string, fact: Fact): boolean {
    if (this.#outages.has(generatorKey)) return false
    const nowMs = this.#clock.monotonicMs()
    const known = this.#backOffs.get(generatorKey)
    if (known === undefined || nowMs - known.endedAtMs > WELL_MS)
      this.#backOffs.set(generatorKey, { backOff: new BackOff(PROBE, this.#random), endedAtMs: nowMs })
    this.#outages.set(generatorKey, {
      fact,
      probeAtMs: nowMs + this.#nextMs(generatorKey),
      waiting: new Set(),
    })
    return true
  }

  /** 0: probe now. */
  probeInMs(generatorKey: string): number {
    const { probeAtMs = 0 } = this.#outages.get(generatorKey) ?? {}
    return Math.max(0, probeAtMs - this.#clock.monotonicMs())
  }

  /** How long to wait before the next probe. */
  probeFailed(generatorKey: string): number {
    const outage = this.#outages.get(generatorKey)
    if (outage !== undefined) outage.probeAtMs = this.#clock.monotonicMs() + this.#nextMs(generatorKey)
    return this.probeInMs(generatorKey)
  }

  wait(generatorKey: string, tagKey: string): void {
    this.#outages.get(generatorKey)?.waiting.add(tagKey)
  }

  /** The tags that waited for it. */
  end(generatorKey: string): Iterable<string> {
    const waiting = this.#outages.get(generatorKey)?.waiting ?? []
    this.#outages.delete(generatorKey)
    const kept = this.#backOffs.get(generatorKey)
    if (kept !== undefined) kept.endedAtMs = this.#clock.monotonicMs()
    return waiting
  }

  /** The IdGenerator is gone. */
  forget(generatorKey: string): void {
    this.#outages.delete(generatorKey)
    this.#backOffs.delete(generatorKey)
  }

  #nextMs(generatorKey: string): number {
    return PROBE.firstMs + (this.#backOffs.get(generatorKey)?.backOff.next() ?? 0)
  }
}

/** People who repair a service watch it: half a minute at most. */
const PROBE = { firstMs: 500, maxMs: 30_000 }
/** An outage that begins sooner after the last one is the same. */
const WELL_MS = 60_000
