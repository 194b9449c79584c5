import type { Judgement, MetricBound } from '../core/analysis-verdict.ts'
import { judgeCanary } from '../core/judge-canary.ts'
import { measureTraffic } from '../core/measure-traffic.ts'
import { RevisionTraffic } from '../core/revision-traffic.ts'
import { planRollout } from '../core/rollout-plan.ts'
import type { Clock } from '../runtime/clock.ts'
import type { RuntimeLog } from '../runtime/runtime-log.ts'
import type { BoundedGet } from './bounded-get.ts'
import type { CanaryWatch, WatchedCanary } from './canary-watch.ts'
import { type Scrape, scrapePods } from './pod-scrape.ts'
import { askPrometheus } from './prometheus-query.ts'

export interface CanaryAnalysisOptions {
  readonly clock: Clock
  readonly log: RuntimeLog
  readonly get: BoundedGet
  /** There is a new judgement. */
  readonly onJudged: (key: string) => void
}

/** A canary that is being judged. */
interface Watch {
  subject: WatchedCanary
  readonly abort: AbortController
  readonly canary: RevisionTraffic
  readonly stable: RevisionTraffic
  /** Of the request that was judged last, and when: one request is one judgement. */
  judged: { readonly dueAtMs: number; readonly atMs: number } | undefined
  judgement: Judgement | undefined
  timer: Disposable | undefined
  running: boolean
}

/**
 * Looks at the pods of canary and stable every few seconds and judges when it is due. Kept in memory alone: an operator
 * that starts anew opens a new window, and judges when that one ends.
 */
export class CanaryAnalysis implements CanaryWatch {
  readonly #options: CanaryAnalysisOptions
  readonly #watches = new Map<string, Watch>()

  constructor(options: CanaryAnalysisOptions) {
    this.#options = options
  }

  watch(key: string, subject: WatchedCanary | undefined): void {
    const known = this.#watches.get(key)
    if (known !== undefined && (subject === undefined || pairOf(subject) !== pairOf(known.subject))) {
      known.abort.abort()
      known.timer?.[Symbol.dispose]()
      this.#watches.delete(key)
    }
    if (subject === undefined) return
    const current = this.#watches.get(key)
    if (current !== undefined) {
      current.subject = subject
      // What is due now may be sooner than the next look.
      if (!current.running) this.#lookLater(key, current)
      return
    }
    const watch: Watch = {
      subject,
      abort: new AbortController(),
      canary: new RevisionTraffic(),
      stable: new RevisionTraffic(),
      judged: undefined,
      judgement: undefined,
      timer: undefined,
      running: false,
    }
    this.#watches.set(key, watch)
    void this.#look(key, watch)
  }

  latest(key: string): Judgement | undefined {
    return this.#watches.get(key)?.judgement
  }

  /** Ends all of it. */
  close(): void {
    for (const key of this.#watches.keys()) this.watch(key, undefined)
  }

  async #look(key: string, watch: Watch): Promise<void> {
    const { log, onJudged } = this.#options
    watch.running = true
    try {
      const canary = await this.#observe(watch, watch.subject.request.canary, watch.canary)
      const { stable: stableRevision } = watch.subject.request
      const stable =
        stableRevision === undefined ? undefined : await this.#observe(watch, stableRevision, watch.stable)
      if (!this.#isDue(watch)) return
      watch.judgement = await this.#judge(watch, canary, stable)
      watch.judged = { dueAtMs: watch.subject.request.dueAtMs, atMs: watch.judgement.atMs }
      watch.canary.openWindow()
      watch.stable.openWindow()
      onJudged(key)
    } catch (thrown) {
      if (!watch.abort.signal.aborted) log.error({ err: thrown, key }, 'a canary could not be looked at')
    } finally {
      watch.running = false
      if (!watch.abort.signal.aborted) this.#lookLater(key, watch)
    }
  }

  #isDue({ subject, judged }: Watch): boolean {
    const { dueAtMs } = subject.request
    const nowMs = this.#options.clock.nowMs()
    if (nowMs < dueAtMs) return false
    // Should a judgement ever not be taken, the same request is judged again, but not at every look.
    return judged?.dueAtMs !== dueAtMs || nowMs >= judged.atMs + AGAIN_MS
  }

  #lookLater(key: string, watch: Watch): void {
    watch.timer?.[Symbol.dispose]()
    const { clock } = this.#options
    const { dueAtMs } = watch.subject.request
    const dueInMs = watch.judged?.dueAtMs === dueAtMs ? LOOK_MS : dueAtMs - clock.nowMs()
    watch.timer = clock.after(
      Math.min(LOOK_MS, Math.max(LOOK_MIN_MS, dueInMs)),
      () => void this.#look(key, watch),
    )
  }

  async #observe(watch: Watch, revision: string, traffic: RevisionTraffic): Promise<Scrape> {
    const pods = watch.subject.known.get(revision)?.pods ?? []
    const scrape = await scrapePods(pods, this.#options.get, watch.abort.signal)
    traffic.observe(scrape.counters)
    traffic.keepOnly(new Set(pods.map(({ metadata }) => metadata.uid)))
    return scrape
  }

  async #judge(watch: Watch, canary: Scrape, stable: Scrape | undefined): Promise<Judgement> {
    const { subject } = watch
    const { analysis } = planRollout(subject.generator.spec)
    const { traffic } = watch.canary
    const about = {
      canary: subject.request.canary,
      atMs: this.#options.clock.nowMs(),
      minSamples: analysis.minSamples,
      duplicates: traffic.duplicates,
    }
    const error = scrapeError(canary, stable)
    // A doubled ID counts, whoever else did not answer.
    if (error !== undefined && traffic.duplicates === 0) return judgeCanary({ ...about, error }, [])
    const bounds: readonly MetricBound[] = analysis.metrics
    const asked = await askPrometheus(subject, bounds, traffic, watch.stable.traffic, {
      get: this.#options.get,
      signal: watch.abort.signal,
    })
    const beside = stable === undefined ? undefined : watch.stable.traffic
    return judgeCanary(about, measureTraffic(bounds, traffic, beside, asked))
  }
}

/** A pod of the canary that does not tell may be the one that is broken; of stable, one that tells is enough. */
function scrapeError(canary: Scrape, stable: Scrape | undefined): string | undefined {
  if (canary.failures.length > 0)
    return `${canary.failures.length} pods of the canary do not tell their metrics (${canary.failures[0]})`
  if (stable !== undefined && stable.counters.size === 0 && stable.failures.length > 0)
    return `no pod of stable tells its metrics (${stable.failures[0]})`
  return undefined
}

/** Another canary, or another stable beside it, is another comparison. */
function pairOf({ generator, request }: WatchedCanary): string {
  return `${generator.metadata.uid} ${request.canary} ${request.stable ?? ''}`
}

/** What a pod did before it restarted is lost but for the last look; one that is scaled up counts from the first. */
const LOOK_MS = 10_000
const LOOK_MIN_MS = 500
const AGAIN_MS = 60_000
