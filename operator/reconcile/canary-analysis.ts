import type { Judgement } from '../core/analysis-verdict.ts'
import { CanaryObservation, type PodsSeen } from '../core/canary-observation.ts'
import { judgeRestarts, type RestartFinding } from '../core/judge-restarts.ts'
import { planRollout } from '../core/rollout-plan.ts'
import { servedName } from '../render/names.ts'
import type { Clock } from '../runtime/clock.ts'
import type { BoundedGet } from './bounded-get.ts'
import type { CanaryWatch, WatchedCanary } from './canary-watch.ts'
import type { OperatorLog } from './operator-log.ts'
import { podRestarts } from './pod-restarts.ts'
import { scrapePods } from './pod-scrape.ts'
import { askPrometheus } from './prometheus-query.ts'

export interface CanaryAnalysisOptions {
  readonly clock: Clock
  readonly log: OperatorLog
  readonly get: BoundedGet
  /** There is a new judgement. */
  readonly onJudged: (key: string) => void
}

/** A canary that is being judged. */
interface Watch {
  subject: WatchedCanary
  readonly abort: AbortController
  readonly observation: CanaryObservation
  /** Of the request that was judged last, and when: one request is one judgement. */
  judged: { readonly dueAtMs: number; readonly atMs: number } | undefined
  judgement: Judgement | undefined
  /** Of the first look: nothing is judged from less than an interval. */
  openedAtMs: number | undefined
  next: { readonly atMs: number; readonly timer: Disposable } | undefined
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
    if (known !== undefined && (subject === undefined || nameOf(subject) !== nameOf(known.subject))) {
      known.abort.abort()
      known.next?.timer[Symbol.dispose]()
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
      observation: new CanaryObservation(subject.request.canary),
      judged: undefined,
      judgement: undefined,
      openedAtMs: undefined,
      next: undefined,
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
    watch.next = undefined
    try {
      const { canary, stable } = watch.subject.request
      const seen = await this.#see(watch, canary)
      watch.observation.observe(seen, stable === undefined ? undefined : await this.#see(watch, stable))
      watch.openedAtMs ??= this.#options.clock.nowMs()
      if (this.#dueInMs(watch) > 0) return
      watch.judgement = await this.#judge(watch)
      watch.judged = { dueAtMs: watch.subject.request.dueAtMs, atMs: watch.judgement.atMs }
      onJudged(key)
    } catch (thrown) {
      if (!watch.abort.signal.aborted) log.error({ err: thrown, key }, 'a canary could not be looked at')
    } finally {
      watch.running = false
      if (!watch.abort.signal.aborted) this.#lookLater(key, watch)
    }
  }

  #dueInMs({ subject, judged, openedAtMs }: Watch): number {
    const nowMs = this.#options.clock.nowMs()
    const { dueAtMs } = subject.request
    // Should a judgement ever not be taken, the same request is judged again, but not at every look.
    if (judged?.dueAtMs === dueAtMs) return judged.atMs + AGAIN_MS - nowMs
    const { intervalMs } = planRollout(subject.generator.spec).analysis
    return Math.max(dueAtMs, judged === undefined ? (openedAtMs ?? nowMs) + intervalMs : 0) - nowMs
  }

  /** The sooner of two looks holds: reconciles that come often must not put it off for ever. */
  #lookLater(key: string, watch: Watch): void {
    const { clock } = this.#options
    const inMs = Math.min(LOOK_MS, Math.max(LOOK_MIN_MS, this.#dueInMs(watch)))
    const atMs = clock.monotonicMs() + inMs
    if (watch.next !== undefined && watch.next.atMs <= atMs) return
    watch.next?.timer[Symbol.dispose]()
    watch.next = { atMs, timer: clock.after(inMs, () => void this.#look(key, watch)) }
  }

  async #see({ subject, abort }: Watch, revision: string): Promise<PodsSeen> {
    const trust = { servername: servedName(subject.generator), ca: subject.ca }
    const { get } = this.#options
    return await scrapePods(subject.known.get(revision)?.pods ?? [], { get, trust, signal: abort.signal })
  }

  async #judge({ subject, observation, abort }: Watch): Promise<Judgement> {
    const { analysis } = planRollout(subject.generator.spec)
    const asked = await askPrometheus(subject, analysis.metrics, observation.requests, {
      get: this.#options.get,
      signal: abort.signal,
    })
    const nowMs = this.#options.clock.nowMs()
    return observation.judge(analysis, nowMs, asked, restartsOf(subject, nowMs))
  }
}

function restartsOf({ known, request }: WatchedCanary, nowMs: number): RestartFinding | undefined {
  const { canary, stable, sinceMs } = request
  const of = (revision: string) => podRestarts(known.get(revision)?.pods ?? [])
  return judgeRestarts(of(canary), stable === undefined ? undefined : of(stable), { sinceMs, nowMs })
}

/** Another canary is another observation. */
function nameOf({ generator, request }: WatchedCanary): string {
  return `${generator.metadata.uid} ${request.canary}`
}

/** What a pod did before it restarted is lost but for the last look; one that is scaled up counts from the first. */
const LOOK_MS = 10_000
const LOOK_MIN_MS = 500
const AGAIN_MS = 60_000
