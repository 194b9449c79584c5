import { advanceStep } from './advance-step.ts'
import { followSpec } from './follow-spec.ts'
import { deletableRevisions } from './revision-history.ts'
import { hearCommands, obeyEndings, obeyPromotions } from './rollout-commands.ts'
import { rolloutConditions } from './rollout-conditions.ts'
import type { AnalysisRequest, RolloutDecision } from './rollout-decision.ts'
import {
  activeRollout,
  change,
  msSince,
  podsOf,
  type RolloutDraft,
  servingPods,
  sharesOf,
  startDraft,
  stepAt,
} from './rollout-draft.ts'
import type { RolloutSnapshot } from './rollout-snapshot.ts'
import type { RolloutStatus, TakenCommand } from './rollout-status.ts'
import { nextReplicas } from './scale-plan.ts'
import { analysisRequest, watchAnalysis } from './watch-analysis.ts'
import { waitLeftMs, watchPods } from './watch-pods.ts'

/**
 * What happens next to the revisions of one IdGenerator, from one snapshot of it. Nothing is remembered outside the
 * status, and nothing else is read, so that a restarted operator, a new leader and a test come to the same.
 */
export function decideRollout(snapshot: RolloutSnapshot): RolloutDecision {
  const draft = startDraft(snapshot)
  const heard = hearCommands(snapshot)
  obeyEndings(draft, heard)
  followSpec(draft)
  obeyPromotions(draft, heard)
  watchAnalysis(draft)
  watchPods(draft)
  advanceStep(draft)
  publishWeight(draft)

  const wantsAnalysis = analysisRequest(draft)
  const requeueAfterMs = requeueAfter(draft, wantsAnalysis)
  return {
    status: statusOf(draft, heard.taken),
    replicas: replicasOf(draft),
    events: draft.events,
    conditions: rolloutConditions(draft),
    annotationsToRemove: heard.annotationsToRemove,
    deletableRevisions: deletableRevisions(
      snapshot.revisions,
      new Set([draft.stable, activeRollout(draft)?.revision, snapshot.wantedRevision].filter(isText)),
      snapshot.plan.revisionHistoryLimit,
    ),
    ...(wantsAnalysis === undefined ? {} : { wantsAnalysis }),
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  }
}

function replicasOf(draft: RolloutDraft): Record<string, number> {
  const { snapshot } = draft
  const isThere = (name: string | undefined): boolean =>
    name === snapshot.wantedRevision || snapshot.revisions.some(({ revision }) => revision === name)
  return nextReplicas(snapshot.revisions, {
    replicas: snapshot.replicas,
    // A Deployment of another revision than the wanted one cannot be made, only kept.
    stable: isThere(draft.stable) ? draft.stable : undefined,
    canary: activeRollout(draft)?.revision,
    shares: sharesOf(draft),
    kept: keptRevision(draft)?.revision,
    ending: snapshot.endingPods,
  })
}

/** A rolled back revision of which no pod is available takes no requests: its pods stay a while to be looked at. */
function keptRevision(draft: RolloutDraft): { revision: string; leftMs: number } | undefined {
  const { rollout, stable, snapshot } = draft
  if (rollout?.state !== 'RolledBack' || rollout.finishedAt === undefined || rollout.revision === stable)
    return undefined
  const { revision, finishedAt } = rollout
  const leftMs = snapshot.plan.abortScaleDownDelayMs - msSince(draft, finishedAt)
  const pods = podsOf(draft, revision)
  return leftMs > 0 && pods.replicas > 0 && servingPods(pods) === 0 ? { revision, leftMs } : undefined
}

/** The share that callers see is that of the available pods, whatever was asked for. */
function publishWeight(draft: RolloutDraft): void {
  const { rollout, snapshot } = draft
  if (rollout === undefined) return
  const all = snapshot.revisions.reduce((sum, one) => sum + servingPods(one), 0)
  const own = servingPods(podsOf(draft, rollout.revision))
  change(draft, { actualWeight: all === 0 ? 0 : Math.round((100 * own) / all) })
}

function statusOf({ stable, rollout, blocked }: RolloutDraft, taken: readonly TakenCommand[]): RolloutStatus {
  return {
    ...(stable === undefined ? {} : { stableRevision: stable }),
    ...(rollout?.state === 'Progressing' ? { canaryRevision: rollout.revision } : {}),
    ...(rollout === undefined ? {} : { rollout }),
    ...(blocked.length === 0 ? {} : { blockedRevisions: blocked }),
    ...(taken.length === 0 ? {} : { takenCommands: taken }),
  }
}

const REQUEUE_MIN_MS = 1000
/** Caches are resynced more often than that; it is a bound, not a rhythm. */
const REQUEUE_MAX_MS = 3_600_000

function requeueAfter(draft: RolloutDraft, analysis: AnalysisRequest | undefined): number | undefined {
  const { nowMs } = draft.snapshot
  const active = activeRollout(draft)
  // What has just changed may let the next thing happen without anything else changing.
  const times: number[] = draft.events.length > 0 ? [REQUEUE_MIN_MS] : []
  const kept = keptRevision(draft)
  if (kept !== undefined) times.push(kept.leftMs)
  if (active?.waiting !== undefined) {
    const leftMs = waitLeftMs(draft, active.waiting)
    // A deadline that is over and cannot be acted on is looked at again when pods change.
    if (leftMs > 0) times.push(leftMs)
  }
  if (active?.stepStartedAt !== undefined) {
    const leftMs = stepAt(draft, active.stepIndex).holdMs - msSince(draft, active.stepStartedAt)
    if (leftMs > 0) times.push(leftMs)
  }
  if (analysis !== undefined) times.push(analysis.dueAtMs - nowMs)
  if (times.length === 0) return undefined
  return Math.min(REQUEUE_MAX_MS, Math.max(REQUEUE_MIN_MS, Math.min(...times)))
}

function isText(value: string | undefined): value is string {
  return value !== undefined
}
