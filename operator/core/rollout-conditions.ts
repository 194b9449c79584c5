import type { ConditionFact, RolloutConditions } from './rollout-decision.ts'
import { activeRollout, isStableBroken, podsOf, type RolloutDraft, servingPods } from './rollout-draft.ts'
import { isOverdue, mayRollBack, missingPods } from './watch-pods.ts'

/** The same facts give the same text: a message that counts down would be a write at every look. */
export function rolloutConditions(draft: RolloutDraft): RolloutConditions {
  return { progressing: progressing(draft), healthy: healthy(draft), paused: paused(draft) }
}

function progressing(draft: RolloutDraft): ConditionFact {
  const { rollout, stable } = draft
  if (rollout === undefined)
    return { status: false, reason: 'NoRollout', message: `Revision ${stable ?? '(none)'} serves.` }
  const { state, revision, message, stepIndex, stepCount, desiredWeight } = rollout
  if (state !== 'Progressing')
    return { status: false, reason: state, message: `Revision ${revision}: ${message}.` }
  return {
    status: true,
    reason: stable === undefined ? 'FirstDeployment' : 'CanaryStep',
    message: `Revision ${revision} at ${desiredWeight} % (step ${stepIndex + 1} of ${stepCount}): ${message}.`,
  }
}

function healthy(draft: RolloutDraft): ConditionFact {
  const { wantedRevision, revisions } = draft.snapshot
  const active = activeRollout(draft)
  const blocked = draft.blocked.find(({ revision }) => revision === wantedRevision)
  if (blocked !== undefined && draft.stable !== wantedRevision) {
    const lost = draft.stable === undefined || !revisions.some(({ revision }) => revision === draft.stable)
    const serving = lost
      ? 'and the stable revision is gone'
      : isStableBroken(draft)
        ? `and no pod of the stable revision ${draft.stable} is available, so pods of others stay`
        : `revision ${draft.stable} serves`
    return bad(
      lost ? 'StableRevisionLost' : blocked.reason,
      `Revision ${wantedRevision} is blocked (${blocked.message}), ${serving}. Change the spec, or set idgen.io/retry=${wantedRevision}.`,
    )
  }
  if (active === undefined)
    return {
      status: true,
      reason: 'AsWanted',
      message: `Revision ${draft.stable ?? '(none)'} is the wanted one.`,
    }
  if (isOverdue(draft)) return bad('ProgressDeadlineExceeded', overdue(draft))
  const { analysis } = active
  const last = analysis?.samples.at(-1)?.message ?? ''
  if ((analysis?.consecutiveFailures ?? 0) > 0) return bad('AnalysisFailing', sentence(last))
  if (analysis?.phase === 'Error') return bad('AnalysisError', sentence(last))
  return {
    status: true,
    reason: 'Progressing',
    message: `Nothing speaks against revision ${active.revision}.`,
  }
}

function overdue(draft: RolloutDraft): string {
  const note = sentence(missingPods(draft))
  if (draft.stable === undefined) return `${note} There is no earlier revision to go back to.`
  return mayRollBack(draft)
    ? note
    : `${note} No pod of the stable revision ${draft.stable} is available (${servingPods(podsOf(draft, draft.stable))}), so it is not rolled back.`
}

/** A hold ends by itself; Paused means that somebody should look. */
function paused(draft: RolloutDraft): ConditionFact {
  const active = activeRollout(draft)
  const pause = active?.pause
  if (active === undefined || pause === undefined)
    return { status: false, reason: 'NotPaused', message: 'Nothing waits for people.' }
  if (pause.reason === 'Hold')
    return { status: false, reason: 'Hold', message: `The step is held until ${pause.until ?? pause.since}.` }
  return { status: true, reason: pause.reason, message: sentence(active.message) }
}

function bad(reason: string, message: string): ConditionFact {
  return { status: false, reason, message }
}

function sentence(text: string): string {
  return text === '' ? '' : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
