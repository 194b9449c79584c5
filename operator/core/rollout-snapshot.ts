import type { AnalysisProvider, Judgement, MetricBound } from './analysis-verdict.ts'
import type { RolloutStatus } from './rollout-status.ts'

/** Everything a decision is made from. Reconcile fills it from its caches; nothing is read while deciding. */
export interface RolloutSnapshot {
  /** Wall clock, milliseconds. It may lie behind the times in `status`: another leader's clock wrote those. */
  readonly nowMs: number
  readonly plan: RolloutPlan
  /** The revision that spec renders to now. */
  readonly wantedRevision: string
  /** The spec says what it said for stable: only another version of the operator renders other pods from it. */
  readonly isRenderedAnew?: boolean
  /** Pods wanted in all: spec.replicas, which an autoscaler writes too. */
  readonly replicas: number
  /** As last written, {} at the first visit. */
  readonly status: RolloutStatus
  /** Pods that end, of all revisions: until they have ended, nobody else has their worker ids. */
  readonly endingPods: number
  /** Every Deployment of this IdGenerator, one a revision, in any order. */
  readonly revisions: readonly RevisionState[]
  /** The values of the annotations idgen.io/promote, promote-full, abort, retry and pause: revisions. */
  readonly commands: Commands
  /** The newest judgement, if there is one; an old one that comes again changes nothing. */
  readonly judgement?: Judgement
}

/** One Deployment as the cache has it. */
export interface RevisionState {
  readonly revision: string
  /** metadata.creationTimestamp */
  readonly createdAt: string
  /** spec.replicas: what was asked for. */
  readonly replicas: number
  readonly ready: number
  readonly available: number
  /** Why pods do not come up, as far as their states say: ImagePullBackOff, CrashLoopBackOff, Unschedulable … */
  readonly failing?: { readonly reason: string; readonly message: string }
}

export type CommandName = 'abort' | 'retry' | 'promote-full' | 'promote' | 'pause'
/** Which revision each command names. */
export type Commands = Readonly<Partial<Record<CommandName, string>>>

/** spec.canary with durations and numbers read; see rollout-plan.ts. */
export interface RolloutPlan {
  readonly strategy: 'Canary' | 'Immediate'
  /** At least one; the last has weight 100. */
  readonly steps: readonly PlannedStep[]
  readonly progressDeadlineMs: number
  readonly abortScaleDownDelayMs: number
  /** Deployments at 0 replicas that are kept beside stable and canary. */
  readonly revisionHistoryLimit: number
  readonly analysis: AnalysisPlan
}

export interface PlannedStep {
  /** Percent of the pods, 1 to 100. */
  readonly weight: number
  readonly holdMs: number
  readonly requireApproval: boolean
}

export interface AnalysisPlan {
  readonly enabled: boolean
  readonly provider: AnalysisProvider
  readonly intervalMs: number
  readonly initialDelayMs: number
  /** Requests of the canary without which a judgement is NoData. */
  readonly minSamples: number
  /** That many failed judgements in a row are borne; one more rolls back. */
  readonly failureLimit: number
  /** The same for judgements that could not be had. */
  readonly errorLimit: number
  /** Hold: a step ends only after a judgement with enough requests. Proceed: the step ends with its hold. */
  readonly onNoData: 'Hold' | 'Proceed'
  readonly metrics: readonly MetricBound[]
}
