import { roughDuration } from './duration.ts'
import {
  activeRollout,
  change,
  isStableBroken,
  msSince,
  podsOf,
  type RolloutDraft,
  rollBack,
  servingPods,
  sharesOf,
} from './rollout-draft.ts'
import { printTimestamp } from './timestamp.ts'

/**
 * Pods of the canary that are missing are waited for, and given up when the progress deadline passes without one more
 * becoming available. One that comes and goes is no progress.
 */
export function watchPods(draft: RolloutDraft): void {
  const active = activeRollout(draft)
  if (active === undefined) return
  const canary = podsOf(draft, active.revision)
  const available = servingPods(canary)
  if (available >= sharesOf(draft).canary) {
    change(draft, { waiting: undefined })
    return
  }
  if (active.waiting === undefined || available > active.waiting.available)
    change(draft, { waiting: { since: printTimestamp(draft.snapshot.nowMs), available } })
  else if (isOverdue(draft) && mayRollBack(draft))
    rollBack(draft, 'ProgressDeadlineExceeded', missingPods(draft))
}

/** Whether pods are missing for longer than the deadline. */
export function isOverdue(draft: RolloutDraft): boolean {
  const waiting = activeRollout(draft)?.waiting
  return waiting !== undefined && msSince(draft, waiting.since) >= draft.snapshot.plan.progressDeadlineMs
}

/**
 * Not to nobody: the first revision has none before it, and where no pod of stable serves but some of the canary do, the
 * canary is the only healthy copy.
 */
export function mayRollBack(draft: RolloutDraft): boolean {
  if (draft.stable === undefined) return false
  return !isStableBroken(draft) || servingPods(podsOf(draft, activeRollout(draft)?.revision)) === 0
}

/** "1 of 3 pods are available after 10m: ImagePullBackOff: …" */
export function missingPods(draft: RolloutDraft): string {
  const canary = podsOf(draft, activeRollout(draft)?.revision)
  const { failing } = canary
  const why = failing === undefined ? 'see the events of its pods' : `${failing.reason}: ${failing.message}`
  const deadline = roughDuration(draft.snapshot.plan.progressDeadlineMs)
  return `${servingPods(canary)} of ${sharesOf(draft).canary} pods are available, and none came within ${deadline} (${why})`
}
