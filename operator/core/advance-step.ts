import { goToStep } from './follow-spec.ts'
import { isPausedByPeople } from './rollout-commands.ts'
import {
  activeRollout,
  change,
  finish,
  msSince,
  podsOf,
  type RolloutDraft,
  say,
  servingPods,
  sharesOf,
  stepAt,
  stepsOf,
} from './rollout-draft.ts'
import type { PauseReason } from './rollout-status.ts'
import { parseTimestamp, printTimestamp } from './timestamp.ts'
import { analysisHolds } from './watch-analysis.ts'

/** Why a step does not end yet; `pause` when something other than pods is waited for. */
interface Obstacle {
  readonly message: string
  readonly pause?: PauseReason
  readonly untilMs?: number
}

/** Ends the step when its pods are there, its hold is over and nobody objects. */
export function advanceStep(draft: RolloutDraft): void {
  const active = activeRollout(draft)
  if (active === undefined) return
  const hasPods = draft.snapshot.replicas > 0
  if (active.stepStartedAt === undefined && hasPods && isSettled(draft, 'both'))
    change(draft, { stepStartedAt: printTimestamp(draft.snapshot.nowMs) })
  const obstacle = obstacleOf(draft)
  if (obstacle !== undefined) {
    wait(draft, obstacle)
    return
  }
  const step = stepAt(draft, active.stepIndex)
  if (draft.stable !== undefined)
    say(
      draft,
      'Normal',
      'CanaryStepCompleted',
      `Revision ${active.revision} has done its step of ${step.weight} %${active.stepPromoted === true ? ', promoted by somebody' : ''}.`,
    )
  change(draft, { pause: undefined })
  if (active.stepIndex + 1 < stepsOf(draft).length) goToStep(draft, active.stepIndex + 1)
  else promote(draft, active.revision)
}

/** Pods are neither started nor ended by it: the canary's become the stable ones. */
function promote(draft: RolloutDraft, revision: string): void {
  const before = draft.stable
  finish(draft, 'Promoted', before === undefined ? 'it is the first one' : `it follows ${before}`)
  draft.stable = revision
  say(
    draft,
    'Normal',
    'CanaryPromoted',
    `Revision ${revision} is the stable one now${before === undefined ? '' : `, after ${before}`}.`,
  )
}

/** Whether the pods are as this step wants them: those of the canary, or of both sides. */
function isSettled(draft: RolloutDraft, sides: 'canary' | 'both'): boolean {
  const active = activeRollout(draft)
  const shares = sharesOf(draft)
  const canary = podsOf(draft, active?.revision)
  const stable = podsOf(draft, draft.stable)
  const others = draft.snapshot.revisions.filter(
    ({ revision }) => revision !== active?.revision && revision !== draft.stable,
  )
  return (
    canary.replicas === shares.canary &&
    servingPods(canary) >= shares.canary &&
    stable.replicas === shares.stable &&
    others.every(({ replicas }) => replicas === 0) &&
    (sides === 'canary' || servingPods(stable) >= shares.stable)
  )
}

function obstacleOf(draft: RolloutDraft): Obstacle | undefined {
  const active = activeRollout(draft)
  const { replicas, nowMs } = draft.snapshot
  if (active === undefined || replicas === 0)
    return { message: 'no pods are wanted; it goes on when replicas are' }
  // One pod shows that a first revision works; from then on callers are to be protected from the next one.
  if (draft.stable === undefined)
    return servingPods(podsOf(draft, active.revision)) > 0
      ? undefined
      : { message: 'the first pod is to come up' }
  if (isPausedByPeople(draft))
    return { pause: 'User', message: `paused by the annotation idgen.io/pause=${active.revision}` }
  if (active.promoteFull === true || active.stepPromoted === true)
    return isSettled(draft, 'canary') ? undefined : { message: 'pods are changing' }
  if (active.analysis?.phase === 'Error')
    return {
      pause: 'AnalysisError',
      message: `it cannot be judged: ${active.analysis.samples.at(-1)?.message ?? ''}`,
    }
  const { holdMs, requireApproval } = stepAt(draft, active.stepIndex)
  if (active.stepStartedAt === undefined) return { message: 'pods are changing' }
  if (msSince(draft, active.stepStartedAt) < holdMs) {
    // Not from now: with a clock that is behind, it would be another text at every look.
    const untilMs = (parseTimestamp(active.stepStartedAt) ?? nowMs) + holdMs
    return { pause: 'Hold', message: 'the step is held', untilMs }
  }
  if (!isSettled(draft, 'both')) return { message: 'pods are changing' }
  const judged = analysisHolds(draft)
  if (judged !== undefined)
    return { message: judged.message, ...(judged.pauses ? { pause: 'Inconclusive' } : {}) }
  if (requireApproval)
    return { pause: 'Approval', message: `approve it by the annotation idgen.io/promote=${active.revision}` }
  return undefined
}

function wait(draft: RolloutDraft, { pause: reason, message, untilMs }: Obstacle): void {
  const before = activeRollout(draft)?.pause
  if (reason === undefined) {
    change(draft, { pause: undefined, message })
    return
  }
  const isNew = before?.reason !== reason
  const until = untilMs === undefined ? undefined : printTimestamp(untilMs)
  change(draft, {
    message,
    pause: {
      reason,
      since: isNew ? printTimestamp(draft.snapshot.nowMs) : before.since,
      ...(until === undefined ? {} : { until }),
    },
  })
  if (!isNew) return
  const { revision, stepIndex } = activeRollout(draft) ?? { revision: '', stepIndex: 0 }
  say(
    draft,
    reason === 'Hold' || reason === 'User' ? 'Normal' : 'Warning',
    'CanaryPaused',
    `Revision ${revision} waits at ${stepAt(draft, stepIndex).weight} %: ${message}${until === undefined ? '' : ` until ${until}`}.`,
  )
}
