import { roughDuration } from './duration.ts'
import { PODS_MAX } from './pod-budget.ts'
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
import type { PodsWaitedFor } from './rollout-status.ts'
import { printTimestamp } from './timestamp.ts'

/** Pods of the canary that are missing are waited for, and given up when the progress deadline passes. */
export function watchPods(draft: RolloutDraft): void {
  const active = activeRollout(draft)
  if (active === undefined) return
  const waiting = waitingNow(draft, active.waiting)
  change(draft, { waiting })
  if (isOverdue(draft) && mayRollBack(draft)) rollBack(draft, 'ProgressDeadlineExceeded', missingPods(draft))
}

/**
 * Every change begins the deadline anew: more wanted, more available, and fewer, because nodes are drained. But pods
 * that crash and come back for ever are no progress.
 */
function waitingNow(draft: RolloutDraft, before: PodsWaitedFor | undefined): PodsWaitedFor | undefined {
  const since = printTimestamp(draft.snapshot.nowMs)
  const wanted = sharesOf(draft).canary
  const available = servingPods(podsOf(draft, activeRollout(draft)?.revision))
  if (before === undefined) return available < wanted ? { since, wanted, available, falls: 0 } : undefined
  const falls = before.falls + (available < Math.min(before.available, wanted) ? 1 : 0)
  const isNews = wanted > before.wanted || (available !== before.available && falls <= FALLS_MAX)
  if (isNews) return { since, wanted, available, falls }
  if (available < wanted && lacksWorkerIds(draft) && waitLeftMs(draft, before) <= 0)
    return { since, wanted, available, falls }
  if (available >= wanted && isLate(draft, before)) return undefined
  return { since: before.since, wanted, available, falls }
}

/** A drain of three nodes one after the other is borne; a crash loop falls that often within minutes. */
const FALLS_MAX = 3

function isLate(draft: RolloutDraft, { since }: PodsWaitedFor): boolean {
  return msSince(draft, since) >= draft.snapshot.plan.progressDeadlineMs
}

/**
 * Pods that cannot be asked for yet, because pods that end have their worker ids (scale-plan.ts), are no fault of the
 * canary. Its deadline begins anew meanwhile when half of it is over: the other half is left to pods once there is room.
 */
function lacksWorkerIds(draft: RolloutDraft): boolean {
  const { revisions, endingPods } = draft.snapshot
  const canary = podsOf(draft, activeRollout(draft)?.revision)
  const asked = revisions.reduce((sum, { replicas }) => sum + replicas, 0)
  return servingPods(canary) >= canary.replicas && asked < PODS_MAX && asked + endingPods >= PODS_MAX
}

/** Until something has to be decided about pods that are missing. */
export function waitLeftMs(draft: RolloutDraft, { since }: PodsWaitedFor): number {
  const { progressDeadlineMs } = draft.snapshot.plan
  return (lacksWorkerIds(draft) ? progressDeadlineMs / 2 : progressDeadlineMs) - msSince(draft, since)
}

/** Whether pods are missing for longer than the deadline: when all are there by then, nothing is waited for. */
export function isOverdue(draft: RolloutDraft): boolean {
  const waiting = activeRollout(draft)?.waiting
  return waiting !== undefined && isLate(draft, waiting)
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
