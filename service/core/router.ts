import type { Algorithm, AlgorithmName } from './algorithm.ts'
import type { ErrorCode } from './errors.ts'
import { invariant } from './invariant.ts'

/** A move along the chain: logged, counted and audited by the app. */
export interface RouterEvent {
  readonly kind: 'degraded' | 'recovered'
  readonly from: AlgorithmName
  readonly to: AlgorithmName
  /** Why: the failure when degraded; what the way back was for when recovered. */
  readonly reason: string
}

export interface RouterFailure {
  readonly code: ErrorCode
  readonly message: string
}

/** Where one algorithm of the chain stands. */
interface Link {
  readonly algorithm: Algorithm
  failure: RouterFailure | undefined
  /** Probes in a row that found no fault. */
  calm: number
  /** Calm probes asked for before moving up to it; doubles with every relapse. */
  needed: number
  recoveredAtMs: number
}

/**
 * Which algorithm of a tag's chain issues now.
 *
 *     segment ──failed──▶ snowflake ──failed──▶ uuid-v7 ──failed──▶ uuid-v4 ──failed──▶ (error; stays)
 *        ▲────────────────────┴─────────────────────┴────────────────────┘
 *          the first one that showed no fault for `recoveryProbes` probes in a row
 *
 * It never flaps: an algorithm that fails again within a minute of its recovery needs twice as many calm probes
 * the next time, up to 64.
 */
export class Router {
  readonly #links: readonly Link[]
  readonly #recoveryProbes: number
  readonly #first: Link
  #active: Link
  /** The last algorithm failed too: then there is no good place to stay, and no calm is waited for. */
  #exhausted = false
  #restartedAtMs = Number.NEGATIVE_INFINITY
  #degradedSinceMs: number | undefined

  /** `chain`: in order of preference, not empty. `recoveryProbes`: 1 or more, 3 by default. */
  constructor(chain: readonly Algorithm[], options: { readonly recoveryProbes?: number } = {}) {
    const needed = options.recoveryProbes ?? RECOVERY_PROBES
    invariant(needed >= 1, 'a recovery needs at least one probe')
    this.#recoveryProbes = needed
    this.#links = chain.map((algorithm) => ({
      algorithm,
      failure: undefined,
      calm: 0,
      needed,
      recoveredAtMs: Number.NEGATIVE_INFINITY,
    }))
    const first = this.#links[0]
    invariant(first !== undefined, 'a chain names at least one algorithm')
    this.#first = first
    this.#active = first
  }

  get active(): Algorithm {
    return this.#active.algorithm
  }

  /** True while the active algorithm is not the tag's first choice. */
  get degraded(): boolean {
    return this.#active !== this.#first
  }

  /** When the first choice was left, in Unix ms; undefined: it is the active one. */
  get degradedSinceMs(): number | undefined {
    return this.#degradedSinceMs
  }

  /**
   * The active algorithm failed: moves to the next one. undefined at the chain's end: answer the failure.
   * Call it in the same turn as the `shortage` that failed: after an await another request may have moved already.
   *
   * At the end the router stays on the last algorithm. When that fails again (the next request), and an earlier
   * one shows no fault by then, it starts from that one at once, at most once a second: so a request goes through
   * the chain at most twice, and an algorithm that hides its fault cannot flood the log.
   */
  degrade(failure: RouterFailure, nowMs: number): RouterEvent | undefined {
    const from = this.#active
    this.#noteRelapse(from, nowMs)
    from.failure = failure
    from.calm = 0
    const next = this.#links[this.#links.indexOf(from) + 1]
    if (next !== undefined) {
      this.#active = next
      this.#degradedSinceMs ??= nowMs
      return { kind: 'degraded', from: from.algorithm.name, to: next.algorithm.name, reason: failure.message }
    }
    if (this.#exhausted) return this.#restart(nowMs)
    this.#exhausted = true
    return undefined
  }

  /** The health check, about once a second: moves up to the first algorithm that has been calm for long enough. */
  probe(nowMs: number): RouterEvent | undefined {
    if (this.#exhausted && this.#active.algorithm.fault(nowMs) === undefined) this.#exhausted = false
    let target: Link | undefined
    for (const link of this.#links) {
      if (link === this.#active) break
      link.calm = link.algorithm.fault(nowMs) === undefined ? link.calm + 1 : 0
      if (target === undefined && link.calm >= (this.#exhausted ? 1 : link.needed)) target = link
    }
    return target === undefined ? undefined : this.#moveUp(target, nowMs)
  }

  /** `algorithm: message` of every algorithm that failed and was not tried successfully since, in chain order. */
  failures(): readonly string[] {
    return this.#links.flatMap(({ algorithm, failure }) =>
      failure === undefined ? [] : [`${algorithm.name}: ${failure.message}`],
    )
  }

  #restart(nowMs: number): RouterEvent | undefined {
    const sinceMs = nowMs - this.#restartedAtMs
    // A clock that stepped back counts as time passed, or a jump would block restarts until it caught up.
    if (sinceMs >= 0 && sinceMs < RESTART_EVERY_MS) return undefined
    const target = this.#links.find((link) => link.algorithm.fault(nowMs) === undefined)
    if (target === undefined || target === this.#active) return undefined
    this.#restartedAtMs = nowMs
    return this.#moveUp(target, nowMs)
  }

  #moveUp(to: Link, nowMs: number): RouterEvent {
    const from = this.#active
    const reason = to.failure?.message ?? 'it was passed over'
    for (const link of this.#links.slice(this.#links.indexOf(to))) link.failure = undefined
    to.recoveredAtMs = nowMs
    this.#active = to
    if (to === this.#first) this.#degradedSinceMs = undefined
    this.#exhausted = false
    return {
      kind: 'recovered',
      from: from.algorithm.name,
      to: to.algorithm.name,
      reason: `${to.algorithm.name} shows no fault any more; it had failed: ${reason}`,
    }
  }

  #noteRelapse(link: Link, nowMs: number): void {
    const heldMs = nowMs - link.recoveredAtMs
    const relapsed = heldMs >= 0 && heldMs < RELAPSE_WITHIN_MS
    link.needed = relapsed ? Math.min(link.needed * 2, PROBES_MAX) : this.#recoveryProbes
  }
}

/** Three seconds at one probe a second: a fault that comes and goes within one is not over. */
const RECOVERY_PROBES = 3
/** An algorithm that held for a minute is trusted again as before. */
const RELAPSE_WITHIN_MS = 60_000
/** About a minute at one probe a second: longer would keep a healthy tag degraded. */
const PROBES_MAX = 64
/** After a total failure; the rate of the health check. */
const RESTART_EVERY_MS = 1000
