import type { IdGenerator } from '../api/kinds.ts'
import type { PlannedCommand } from './rollout-command.ts'

export interface CommandOutcome {
  /** The operator did as it was told, rather than that it ignored it. */
  readonly effective: boolean
  /** How it stands now. */
  readonly message: string
}

/**
 * undefined: the operator has not taken the command yet. It takes an annotation by writing what comes of it into the
 * status first, and then the annotation away; a pause stays.
 */
export function commandOutcome(
  planned: PlannedCommand,
  before: IdGenerator,
  now: IdGenerator,
): CommandOutcome | undefined {
  if (!isTaken(planned, now)) return undefined
  return { effective: isEffective(planned, before, now), message: standing(now) }
}

function isTaken({ verb, revision, annotation }: PlannedCommand, now: IdGenerator): boolean {
  const { rollout, takenCommands = [] } = now.status ?? {}
  const stands = now.metadata.annotations?.[annotation[0]] === revision
  const pausedByPeople = rollout?.state === 'Progressing' && rollout.pause?.reason === 'User'
  if (verb === 'resume') return !pausedByPeople
  if (takenCommands.some((taken) => taken.command === verb && taken.revision === revision)) return true
  return verb === 'pause' ? pausedByPeople || !stands : !stands
}

function isEffective({ verb, revision }: PlannedCommand, before: IdGenerator, now: IdGenerator): boolean {
  const { rollout, blockedRevisions = [] } = now.status ?? {}
  const isMeant = rollout?.revision === revision
  const isPromoted = isMeant && rollout.state === 'Promoted'
  switch (verb) {
    case 'promote':
      return (
        isPromoted ||
        (isMeant &&
          (rollout.stepPromoted === true ||
            (rollout.stepIndex ?? 0) > (before.status?.rollout?.stepIndex ?? 0)))
      )
    case 'promote-full':
      return isPromoted || (isMeant && rollout.promoteFull === true)
    case 'abort':
      return isMeant && rollout.state === 'RolledBack'
    case 'retry':
      return !blockedRevisions.some((one) => one.revision === revision)
    case 'pause':
      return isMeant && rollout.pause?.reason === 'User'
    case 'resume':
      return true
  }
}

/** In one sentence. */
function standing({ metadata, status }: IdGenerator): string {
  const { rollout, stableRevision = '(none)' } = status ?? {}
  if (rollout?.revision === undefined) return `Revision ${stableRevision} of ${metadata.name} serves.`
  const { revision, state, stepIndex = 0, stepCount = 1, desiredWeight = 0, message = '' } = rollout
  const why = message === '' ? '' : `: ${message}`
  if (state === 'Promoted') return `Revision ${revision} is the stable one now.`
  if (state === 'RolledBack') return `Revision ${revision} is rolled back to ${stableRevision}${why}.`
  return `Revision ${revision} is at step ${stepIndex + 1} of ${stepCount} (${desiredWeight} %)${why}.`
}
