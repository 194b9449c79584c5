import type { CommandName } from './rollout-snapshot.ts'
import type { RolloutStatus } from './rollout-status.ts'

/**
 * What is to be done. Reconcile does it in this order: status (conditional on the resourceVersion that was read), then
 * annotationsToRemove, replicas, deletions; events at any time after the status. Deciding again from what it then reads
 * gives the same or the next step, so a crash anywhere between is harmless.
 */
export interface RolloutDecision {
  readonly status: RolloutStatus
  /** spec.replicas of the Deployment of each revision; one that is not there yet is only ever the wanted one. */
  readonly replicas: Readonly<Record<string, number>>
  readonly events: readonly RolloutEvent[]
  readonly conditions: RolloutConditions
  readonly annotationsToRemove: readonly CommandName[]
  /** Deployments at 0 replicas beyond the history limit. */
  readonly deletableRevisions: readonly string[]
  /** Present while the canary is judged. */
  readonly wantsAnalysis?: AnalysisRequest
  /** When time alone may change the decision, at most an hour ahead. undefined: only an event can. */
  readonly requeueAfterMs?: number
}

export interface RolloutEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: RolloutEventReason
  readonly note: string
}

export type RolloutEventReason =
  | 'RevisionCreated'
  | 'RevisionReplaced'
  | 'CanaryStepStarted'
  | 'CanaryStepCompleted'
  | 'CanaryPaused'
  | 'CanaryPromoted'
  | 'AnalysisFailed'
  | 'AnalysisInconclusive'
  | 'AnalysisError'
  | 'RolledBack'
  | 'RolloutRetried'
  | 'RolloutCommandIgnored'
  | 'StableRevisionLost'

/** The conditions RolloutProgressing, RolloutHealthy and Paused. */
export interface RolloutConditions {
  readonly progressing: ConditionFact
  readonly healthy: ConditionFact
  readonly paused: ConditionFact
}

export interface ConditionFact {
  readonly status: boolean
  /** CamelCase */
  readonly reason: string
  readonly message: string
}

/** Look at the pods of both revisions now (it is the beginning of a window) and judge from `dueAtMs` on. */
export interface AnalysisRequest {
  readonly canary: string
  /** undefined when the stable revision has no pods any more: nothing to compare with. */
  readonly stable: string | undefined
  readonly dueAtMs: number
  /** When the rollout began: restarts count from here. */
  readonly sinceMs: number
}
