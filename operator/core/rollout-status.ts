import type { JudgedMetric, Verdict } from './analysis-verdict.ts'
import type { CommandName } from './rollout-snapshot.ts'

/**
 * What is kept between two decisions, as plain data in the status of the IdGenerator. Nothing else is remembered, so an
 * operator that starts anew goes on where the last one stopped. Times are RFC 3339 text in UTC (timestamp.ts).
 */
export interface RolloutStatus {
  /** The revision that was promoted last: a rollback goes to it. */
  readonly stableRevision?: string
  /** The revision on its way, while there is one. */
  readonly canaryRevision?: string
  /** The rollout under way, or the last one. */
  readonly rollout?: RolloutProgress
  /** Newest first, at most ten. */
  readonly blockedRevisions?: readonly BlockedRevision[]
  /** Commands that were taken and whose annotation still stands: it must not act twice. At most one each. */
  readonly takenCommands?: readonly TakenCommand[]
}

export interface RolloutProgress {
  readonly revision: string
  readonly state: 'Progressing' | 'Promoted' | 'RolledBack'
  readonly startedAt: string
  readonly finishedAt?: string
  readonly stepIndex: number
  readonly stepCount: number
  /** The steps that stepIndex counts, in short ("5@24h 50@24h 100"): a change of spec is seen by it. */
  readonly stepsHash: string
  /** When the pods of this step were first as wanted and available: its hold counts from here. */
  readonly stepStartedAt?: string
  /** A person ended the hold or the approval of this step. */
  readonly stepPromoted?: boolean
  /** A person wants all of it now: no holds, no analysis. */
  readonly promoteFull?: boolean
  readonly waiting?: PodsWaitedFor
  /** Percent of the pods the step asks for, and of the available pods the canary has. */
  readonly desiredWeight: number
  readonly actualWeight: number
  readonly pause?: RolloutPause
  readonly analysis?: AnalysisProgress
  /** How it stands, for people. */
  readonly message: string
}

/** How the canary's pods come up; absent once all of them stayed available for the progress deadline. */
export interface PodsWaitedFor {
  /** When that changed last: the deadline counts from here. */
  readonly since: string
  readonly wanted: number
  readonly available: number
  /** How often available ones went away. */
  readonly falls: number
}

export interface RolloutPause {
  readonly reason: PauseReason
  readonly since: string
  /** When the hold ends, where it ends by itself. */
  readonly until?: string
}

export type PauseReason = 'Hold' | 'Approval' | 'Inconclusive' | 'User' | 'AnalysisError'

export interface AnalysisProgress {
  readonly phase: AnalysisPhase
  /** When the canary had its first available pod: the initial delay counts from here. */
  readonly startedAt: string
  readonly consecutiveFailures: number
  readonly consecutiveErrors: number
  /** Oldest first, at most ten; NoData again and again is one. */
  readonly samples: readonly AnalysisSample[]
}

export type AnalysisPhase = 'Waiting' | 'Passing' | 'Failing' | 'NoData' | 'Inconclusive' | 'Error'

export interface AnalysisSample {
  readonly at: string
  readonly verdict: Verdict
  readonly message?: string
  readonly metrics: readonly JudgedMetric[]
}

export interface BlockedRevision {
  readonly revision: string
  readonly reason: BlockReason
  readonly message: string
  readonly at: string
}

export type BlockReason = 'AnalysisFailed' | 'AnalysisError' | 'ProgressDeadlineExceeded' | 'Aborted'

export interface TakenCommand {
  readonly command: CommandName
  readonly revision: string
}
