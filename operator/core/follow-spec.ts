import { roughDuration } from './duration.ts'
import {
  activeRollout,
  change,
  finish,
  isBlocked,
  type RolloutDraft,
  say,
  sharesOf,
  stepAt,
  stepsOf,
} from './rollout-draft.ts'
import { printSteps } from './rollout-plan.ts'
import type { PlannedStep } from './rollout-snapshot.ts'
import type { RolloutProgress } from './rollout-status.ts'
import { printTimestamp } from './timestamp.ts'

/** Starts, replaces or ends a rollout, so that it is the one that the spec asks for. */
export function followSpec(draft: RolloutDraft): void {
  const { wantedRevision } = draft.snapshot
  const active = activeRollout(draft)
  if (draft.stable === wantedRevision) {
    if (active !== undefined) giveUp(draft, active, `the spec is back at the stable revision ${draft.stable}`)
    return
  }
  if (isBlocked(draft, wantedRevision)) {
    if (active !== undefined)
      giveUp(draft, active, `the spec has changed to ${wantedRevision}, which is blocked`)
    return
  }
  forgetLostStable(draft)
  if (active?.revision === wantedRevision) {
    followSteps(draft, active)
    return
  }
  if (active !== undefined)
    say(
      draft,
      'Normal',
      'RevisionReplaced',
      `Revision ${active.revision} gives way to ${wantedRevision} at step ${active.stepIndex + 1} of ${active.stepCount}; ${draft.stable ?? 'nothing'} stays stable.`,
    )
  start(draft)
}

function giveUp(draft: RolloutDraft, active: RolloutProgress, why: string): void {
  finish(draft, 'RolledBack', why)
  say(draft, 'Normal', 'RolledBack', `Revision ${active.revision} is taken back: ${why}.`)
}

/**
 * A Deployment that somebody deleted cannot be made again, because only the spec of today can be rendered. Without it
 * the wanted revision is a first one: it goes to 100 % at once, for there is nobody else.
 */
function forgetLostStable(draft: RolloutDraft): void {
  const { stable, snapshot } = draft
  if (stable === undefined || snapshot.revisions.some(({ revision }) => revision === stable)) return
  draft.stable = undefined
  say(
    draft,
    'Warning',
    'StableRevisionLost',
    `The Deployment of the stable revision ${stable} is gone; ${snapshot.wantedRevision} takes over at once.`,
  )
}

function start(draft: RolloutDraft): void {
  const { snapshot } = draft
  const { wantedRevision: revision, nowMs } = snapshot
  const steps = stepsOf(draft)
  if (!snapshot.revisions.some((one) => one.revision === revision))
    say(draft, 'Normal', 'RevisionCreated', `Revision ${revision} is new${origin(draft)}.`)
  draft.rollout = {
    revision,
    state: 'Progressing',
    startedAt: printTimestamp(nowMs),
    stepIndex: 0,
    stepCount: steps.length,
    stepsHash: printSteps(steps),
    desiredWeight: stepAt(draft, 0).weight,
    actualWeight: 0,
    message: '',
  }
  tellStep(draft, 0)
}

/** People see a canary that they did not ask for. */
function origin({ snapshot, stable }: RolloutDraft): string {
  if (snapshot.isRenderedAnew !== true || stable === undefined) return ''
  return `: the spec is that of ${stable}, of which this version of the operator makes other pods`
}

/** Goes to a step: its hold begins once its pods are there. */
export function goToStep(draft: RolloutDraft, index: number): void {
  change(draft, {
    stepIndex: index,
    desiredWeight: stepAt(draft, index).weight,
    stepStartedAt: undefined,
    stepPromoted: undefined,
  })
  tellStep(draft, index)
}

function tellStep(draft: RolloutDraft, index: number): void {
  const active = activeRollout(draft)
  if (active === undefined) return
  const { weight, holdMs, requireApproval } = stepAt(draft, index)
  const { canary, stable } = sharesOf(draft)
  const then = [
    ...(holdMs > 0 ? [`is held for ${roughDuration(holdMs)}`] : []),
    ...(requireApproval ? ['waits for approval'] : []),
  ]
  say(
    draft,
    'Normal',
    'CanaryStepStarted',
    `Revision ${active.revision} goes to ${weight} % (${canary} of ${canary + stable} pods)${then.length > 0 ? `, then ${then.join(' and ')}` : ''}; step ${index + 1} of ${active.stepCount}.`,
  )
}

/**
 * The steps may change under a rollout. It goes on at the last step that gives the canary no more than it has, so a
 * change never skips a share; a step of the same weight keeps the time it was held.
 */
function followSteps(draft: RolloutDraft, active: RolloutProgress): void {
  const steps = stepsOf(draft)
  const stepsHash = printSteps(steps)
  if (active.stepsHash === stepsHash) return
  const index = samePlace(steps, active)
  const sameWeight = steps[index]?.weight === active.desiredWeight
  change(draft, { stepsHash, stepCount: steps.length, stepIndex: index })
  if (!sameWeight) goToStep(draft, index)
}

function samePlace(steps: readonly PlannedStep[], { stepIndex, desiredWeight }: RolloutProgress): number {
  if (steps[stepIndex]?.weight === desiredWeight) return stepIndex
  return Math.max(
    0,
    steps.findLastIndex(({ weight }) => weight <= desiredWeight),
  )
}
