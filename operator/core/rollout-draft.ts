import type { RolloutEvent, RolloutEventReason } from './rollout-decision.ts'
import { ALL_AT_ONCE } from './rollout-plan.ts'
import type { PlannedStep, RevisionState, RolloutSnapshot } from './rollout-snapshot.ts'
import type { BlockedRevision, BlockReason, RolloutProgress } from './rollout-status.ts'
import { type Shares, sharesFor } from './shares.ts'
import { parseTimestamp, printTimestamp } from './timestamp.ts'

/** One decision in the making: starts as the last status and is changed by each part in turn. */
export interface RolloutDraft {
  readonly snapshot: RolloutSnapshot
  /** Where a rollback goes; undefined until a first revision has served, or when its Deployment is gone. */
  stable: string | undefined
  /** Under way or the last one. */
  rollout: RolloutProgress | undefined
  blocked: readonly BlockedRevision[]
  readonly events: RolloutEvent[]
}

export function startDraft(snapshot: RolloutSnapshot): RolloutDraft {
  const { stableRevision, rollout, blockedRevisions } = snapshot.status
  return { snapshot, stable: stableRevision, rollout, blocked: blockedRevisions ?? [], events: [] }
}

/** The rollout that is under way. */
export function activeRollout({ rollout }: RolloutDraft): RolloutProgress | undefined {
  return rollout?.state === 'Progressing' ? rollout : undefined
}

/** Changes the rollout; undefined takes a field away. */
export function change(draft: RolloutDraft, changes: Changes): void {
  if (draft.rollout === undefined) return
  const next = { ...draft.rollout, ...changes }
  next.message = shorten(next.message ?? '')
  for (const field of OPTIONAL) if (next[field] === undefined) delete next[field]
  draft.rollout = next as RolloutProgress
}

type Changes = { readonly [K in keyof RolloutProgress]?: RolloutProgress[K] | undefined }
const OPTIONAL = [
  'finishedAt',
  'stepStartedAt',
  'stepPromoted',
  'promoteFull',
  'waiting',
  'pause',
  'analysis',
] as const satisfies readonly (keyof RolloutProgress)[]

export function say(
  draft: RolloutDraft,
  type: RolloutEvent['type'],
  reason: RolloutEventReason,
  note: string,
): void {
  draft.events.push({ type, reason, note })
}

/** The steps that the rollout follows: the first revision ever has nothing to be compared with. */
export function stepsOf(draft: RolloutDraft): readonly PlannedStep[] {
  return draft.stable === undefined ? [ALL_AT_ONCE] : draft.snapshot.plan.steps
}

export function stepAt(draft: RolloutDraft, index: number): PlannedStep {
  return stepsOf(draft)[index] ?? ALL_AT_ONCE
}

/** Pods of both sides at the current step; without a rollout all are stable. */
export function sharesOf(draft: RolloutDraft): Shares {
  const active = activeRollout(draft)
  const weight = active === undefined ? 0 : stepAt(draft, active.stepIndex).weight
  return sharesFor(draft.snapshot.replicas, weight)
}

const NO_PODS: Omit<RevisionState, 'revision'> = { createdAt: '', replicas: 0, ready: 0, available: 0 }

export function podsOf({ snapshot }: RolloutDraft, revision: string | undefined): RevisionState {
  const found = snapshot.revisions.find((one) => one.revision === revision)
  return found ?? { revision: revision ?? '', ...NO_PODS }
}

/** Available pods that are not on their way out. */
export function servingPods({ available, replicas }: RevisionState): number {
  return Math.min(available, replicas)
}

export function isBlocked(draft: RolloutDraft, revision: string): boolean {
  return draft.blocked.some((one) => one.revision === revision)
}

/** Older ones are forgotten: by then ten others were tried. */
const BLOCKED_MAX = 10

/** Ends the rollout: its revision is blocked, and all pods become those of the stable one again. */
export function rollBack(draft: RolloutDraft, reason: BlockReason, message: string): void {
  const active = activeRollout(draft)
  if (active === undefined) return
  const { revision } = active
  const at = printTimestamp(draft.snapshot.nowMs)
  const others = draft.blocked.filter((one) => one.revision !== revision)
  draft.blocked = [{ revision, reason, message: shorten(message), at }, ...others].slice(0, BLOCKED_MAX)
  finish(draft, 'RolledBack', message)
  say(
    draft,
    'Warning',
    'RolledBack',
    `Revision ${revision} is rolled back to ${draft.stable}: ${shorten(message, 500)}. It stays blocked; change the spec, or try it again with the annotation idgen.io/retry=${revision}.`,
  )
}

export function finish(draft: RolloutDraft, state: 'Promoted' | 'RolledBack', message: string): void {
  change(draft, {
    state,
    message,
    finishedAt: printTimestamp(draft.snapshot.nowMs),
    desiredWeight: state === 'Promoted' ? 100 : 0,
    pause: undefined,
    waiting: undefined,
  })
}

/** Time since a moment in the status; 0 for one that a faster clock wrote. */
export function msSince({ snapshot }: RolloutDraft, timestamp: string): number {
  return Math.max(0, snapshot.nowMs - (parseTimestamp(timestamp) ?? snapshot.nowMs))
}

/** Whether the stable revision has pods asked for, and none of them serves: a rollback would go to nobody. */
export function isStableBroken(draft: RolloutDraft): boolean {
  const { replicas, available } = podsOf(draft, draft.stable)
  return draft.stable !== undefined && replicas > 0 && available === 0
}

/** The schema takes no message of more characters, and refuses the whole status for one. */
const MESSAGE_MAX = 1024

/** Messages hold what pods and metrics servers said, however long. */
export function shorten(text: string, max = MESSAGE_MAX): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}
