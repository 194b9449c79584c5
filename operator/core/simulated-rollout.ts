import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import type { Judgement, Verdict } from './analysis-verdict.ts'
import { decideRollout } from './decide-rollout.ts'
import { readRolloutStatus } from './read-rollout-status.ts'
import type { RolloutDecision, RolloutEvent } from './rollout-decision.ts'
import type { CommandName, RevisionState, RolloutPlan } from './rollout-snapshot.ts'
import type { RolloutStatus } from './rollout-status.ts'
import { SimulatedPods } from './simulated-pods.ts'
import { printTimestamp } from './timestamp.ts'

/** Where the operator ends in the middle of acting on a decision. */
export type CrashPoint = 'after status' | 'after annotations' | undefined

export interface HappenedEvent extends RolloutEvent {
  readonly atMs: number
}

/** For tests: a cluster in virtual time, driven by nothing but decideRollout. */
export class SimulatedRollout {
  nowMs = 1_800_000_000_000
  wanted = 'r1'
  replicas: number
  plan: RolloutPlan
  /** How far the clock of the leading operator is off. */
  skewMs = 0
  crash: CrashPoint
  readonly annotations = new Map<CommandName, string>()
  readonly pods = new SimulatedPods()
  readonly events: HappenedEvent[] = []
  /** What the analysis of a revision finds; Pass where nothing is said. */
  readonly verdicts = new Map<string, Verdict>()
  fatal = false
  /** Looks at every decision, with the pods as it saw them. */
  onDecision: (decision: RolloutDecision, before: readonly RevisionState[]) => void = () => {}

  /** The status as the API server keeps it: text. */
  #written = '{}'
  /** In the operator's memory: gone with it. */
  #judgement: Judgement | undefined
  #last: RolloutDecision | undefined

  constructor(plan: RolloutPlan, replicas: number) {
    this.plan = plan
    this.replicas = replicas
  }

  get status(): RolloutStatus {
    return JSON.parse(this.#written) as RolloutStatus
  }

  get last(): RolloutDecision {
    return this.#last ?? this.reconcile()
  }

  /** The operator ends and another one starts: only what the API server has is left. */
  restart(): void {
    this.#judgement = undefined
    this.#last = undefined
  }

  reconcile(): RolloutDecision {
    const nowMs = this.nowMs + this.skewMs
    const before = this.pods.states(this.nowMs)
    const decision = decideRollout({
      nowMs,
      plan: this.plan,
      wantedRevision: this.wanted,
      replicas: this.replicas,
      endingPods: this.pods.ending(this.nowMs),
      status: readRolloutStatus(JSON.parse(this.#written) as IdGeneratorStatus),
      revisions: before,
      commands: Object.fromEntries(this.annotations),
      ...(this.#judgement === undefined ? {} : { judgement: this.#judgement }),
    })
    this.onDecision(decision, before)
    this.#last = decision
    this.#written = JSON.stringify(decision.status)
    this.#act(decision)
    this.#judge(decision, nowMs)
    return decision
  }

  /** Lets time pass and reconciles whenever something changes by then. */
  run(ms: number): void {
    const endMs = this.nowMs + ms
    this.settle()
    for (;;) {
      const wakeMs = Math.min(
        this.nowMs + (this.last.requeueAfterMs ?? Number.POSITIVE_INFINITY),
        this.pods.nextChangeMs(this.nowMs),
      )
      if (wakeMs > endMs) break
      this.nowMs = wakeMs
      this.settle()
    }
    this.nowMs = endMs
  }

  /** Reconciles until nothing changes at this moment; the bound is what shows a hot loop. */
  settle(): void {
    for (let pass = 0; pass < PASSES_MAX; pass += 1) {
      const before = this.#written + this.pods.print()
      const { events } = this.reconcile()
      if (before === this.#written + this.pods.print() && events.length === 0) return
    }
    throw new Error(`no rest after ${PASSES_MAX} decisions at one moment: ${this.#written}`)
  }

  #act(decision: RolloutDecision): void {
    const { crash } = this
    this.crash = undefined
    for (const event of decision.events) this.events.push({ ...event, atMs: this.nowMs })
    if (crash === 'after status') {
      this.restart()
      return
    }
    for (const command of decision.annotationsToRemove) this.annotations.delete(command)
    if (crash === 'after annotations') {
      this.restart()
      return
    }
    for (const [revision, replicas] of Object.entries(decision.replicas))
      this.pods.scale(revision, replicas, this.nowMs)
    for (const revision of decision.deletableRevisions) this.pods.remove(revision)
  }

  #judge({ wantsAnalysis }: RolloutDecision, nowMs: number): void {
    if (wantsAnalysis === undefined || nowMs < wantsAnalysis.dueAtMs) return
    const verdict = this.verdicts.get(wantsAnalysis.canary) ?? 'Pass'
    this.#judgement = {
      canary: wantsAnalysis.canary,
      atMs: nowMs,
      verdict,
      message: verdict === 'Pass' ? '' : `simulated ${verdict} at ${printTimestamp(nowMs)}`,
      fatal: this.fatal && verdict === 'Fail',
      metrics: [{ name: 'errorRate', canary: '0.5', stable: '0', samples: 100, verdict }],
    }
  }
}

/** Ten steps without holds, some commands and the pods' changes. */
const PASSES_MAX = 40
