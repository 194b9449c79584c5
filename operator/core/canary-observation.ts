import type { Judgement } from './analysis-verdict.ts'
import type { PodCounters } from './exposition.ts'
import { judgeCanary } from './judge-canary.ts'
import type { RestartFinding } from './judge-restarts.ts'
import { type AskedMetrics, measureTraffic, requestsOf } from './measure-traffic.ts'
import { RevisionTraffic } from './revision-traffic.ts'
import type { AnalysisPlan } from './rollout-snapshot.ts'

/** One look at the pods of a revision. */
export interface PodsSeen {
  /** By the pod's uid: a pod that is made again under its name counts from 0. */
  readonly counters: ReadonlyMap<string, PodCounters>
  /** Why others did not tell theirs. */
  readonly errors: readonly string[]
}

/**
 * What is seen of one rollout while it is judged: a window of requests on both sides. It stays open until the canary has
 * had enough of them, so that a quiet installation is judged too, only less often.
 */
export class CanaryObservation {
  readonly canary: string
  readonly #canary = new RevisionTraffic()
  readonly #stable = new RevisionTraffic()
  #hasStable = false
  #error: string | undefined

  constructor(canary: string) {
    this.canary = canary
  }

  /** `stable` is undefined when it has no pods. */
  observe(canary: PodsSeen, stable: PodsSeen | undefined): void {
    follow(this.#canary, canary)
    if (stable !== undefined) follow(this.#stable, stable)
    this.#hasStable = stable !== undefined
    // One pod that does not answer is the business of its probes; none at all cannot be judged.
    this.#error =
      canary.counters.size === 0
        ? `no pod of ${this.canary} tells its metrics (${canary.errors[0] ?? 'there is none'})`
        : undefined
  }

  /** Of the window so far: a query does not tell how many requests it rests on. */
  get requests(): { readonly canary: number; readonly stable: number } {
    return { canary: requestsOf(this.#canary.traffic), stable: requestsOf(this.#stable.traffic) }
  }

  judge(
    plan: Pick<AnalysisPlan, 'minSamples' | 'metrics'>,
    atMs: number,
    asked: AskedMetrics = new Map(),
    restarts?: RestartFinding,
  ): Judgement {
    const canary = this.#canary.traffic
    const stable = this.#hasStable ? this.#stable.traffic : undefined
    const judgement = judgeCanary(
      {
        canary: this.canary,
        atMs,
        minSamples: plan.minSamples,
        duplicates: canary.duplicates,
        restarts,
        ...(this.#error === undefined ? {} : { error: this.#error }),
      },
      measureTraffic(plan.metrics, canary, stable, asked),
    )
    const requests = requestsOf(canary)
    const isEnough = requests >= plan.minSamples && judgement.verdict !== 'NoData'
    if (isEnough || requests >= plan.minSamples * WINDOW_MAX) {
      this.#canary.openWindow()
      this.#stable.openWindow()
    }
    return judgement
  }
}

function follow(traffic: RevisionTraffic, { counters, errors }: PodsSeen): void {
  traffic.observe(counters)
  // A pod that failed to answer may answer again; only a complete look tells who is gone.
  if (errors.length === 0) traffic.keepOnly(new Set(counters.keys()))
}

/** So many times the least number of requests are waited for: what happens now must not drown in what was. */
const WINDOW_MAX = 20
